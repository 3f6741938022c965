/** The machine's clock. */
import type { Cancel, Clock } from './clock.ts'

/** Node runs a timer with a longer delay, of 25 days and more, after one millisecond. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

class SystemClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return performance.now()
  }

  schedule(delayMs: number, callback: () => void): Cancel {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      if (leftMs <= LONGEST_DELAY_MS) {
        timer = setTimeout(callback, leftMs)
        return
      }
      timer = setTimeout(() => {
        wait(leftMs - LONGEST_DELAY_MS)
      }, LONGEST_DELAY_MS)
    }
    wait(delayMs)
    return () => {
      clearTimeout(timer)
    }
  }
}

/** The machine's clock: `Date.now`, `performance.now` and `setTimeout` of the calling thread. */
export const systemClock: Clock = new SystemClock()
