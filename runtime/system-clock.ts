/** The machine's clock. */
import type { Cancel, Clock } from './clock.ts'

class SystemClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  schedule(delayMs: number, callback: () => void): Cancel {
    const timer = setTimeout(callback, delayMs)
    return () => {
      clearTimeout(timer)
    }
  }
}

/** The machine's clock: `Date.now`, `performance.now` and `setTimeout` of the calling thread. */
export const systemClock: Clock = new SystemClock()
