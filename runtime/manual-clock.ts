/**
 * A clock that stands still until it is moved: for tests and the simulator.
 */
import type { Cancel, Clock } from './clock.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly callback: () => void
}

/** A virtual clock. `now` and `monotonicMs` differ by the fixed start. */
export class ManualClock implements Clock {
  readonly #startMs: number
  #elapsedMs = 0
  #order = 0
  #timers: Timer[] = []

  /** @param startMs wall-clock time at which the clock starts, in milliseconds since 1970; default 0 */
  constructor(startMs = 0) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#startMs + Math.floor(this.#elapsedMs)
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  schedule(delayMs: number, callback: () => void): Cancel {
    const atMs = this.#elapsedMs + Math.max(0, delayMs)
    const timer: Timer = { atMs, order: this.#order++, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Number of timers that have not fired. */
  get pendingTimers(): number {
    return this.#timers.length
  }

  /** Milliseconds until the next timer is due (0: one is due), or undefined when there is none. */
  get untilNextTimerMs(): number | undefined {
    const next = this.#next()
    return next === undefined ? undefined : Math.max(0, next.atMs - this.#elapsedMs)
  }

  /** Moves the clock without firing anything. */
  pass(spanMs: number): void {
    this.#elapsedMs += spanMs
  }

  /** Fires the timer that is due first, moving the clock to its time if need be. False when there is none. */
  fireNext(): boolean {
    const next = this.#next()
    if (next === undefined) return false
    this.#timers = this.#timers.filter((other) => other !== next)
    this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs)
    next.callback()
    return true
  }

  /** Moves the clock by `spanMs` and fires all timers that become due on the way, in order of time. */
  advance(spanMs: number): void {
    const endMs = this.#elapsedMs + spanMs
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      this.fireNext()
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, endMs)
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (next === undefined || timer.atMs < next.atMs) next = timer
      else if (timer.atMs === next.atMs && timer.order < next.order) next = timer
    }
    return next
  }
}
