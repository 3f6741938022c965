/**
 * One timer of the host that may be set again and again.
 */
import type { Cancel, Clock } from '../../runtime/clock.ts'

/** Rings once, at the earliest of the times that it has been set to since it last rang. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #atMs = Number.POSITIVE_INFINITY
  #cancel: Cancel = () => {}

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Whether it is set and has not rung. */
  get pending(): boolean {
    return this.#atMs !== Number.POSITIVE_INFINITY
  }

  /** Rings in so many milliseconds at the latest. */
  set(delayMs: number): void {
    // Real timers count whole milliseconds and may ring a little early: never ask for nothing.
    const waitMs = Math.max(1, Math.ceil(delayMs))
    const atMs = this.#clock.monotonicMs() + waitMs
    if (atMs >= this.#atMs) return
    this.#cancel()
    this.#atMs = atMs
    this.#cancel = this.#clock.schedule(waitMs, () => {
      this.#atMs = Number.POSITIVE_INFINITY
      this.#ring()
    })
  }

  /** Does not ring after all. */
  cancel(): void {
    this.#cancel()
    this.#atMs = Number.POSITIVE_INFINITY
  }
}
