/**
 * A clock for measuring spans that stands still at times: while a subtask can't read because its output has no room, no time passes
 * for whoever waits for records (Flink's PausableRelativeClock).
 */

/** What tells spans of time. */
export interface RelativeClock {
  /** Milliseconds since whenever; never goes back. */
  monotonicMs(): number
}

/** Follows another clock except while it is paused. */
export class PausableClock implements RelativeClock {
  readonly #clock: RelativeClock
  /** What the pauses that are over have lasted. */
  #pausedMs = 0
  #pausedSinceMs: number | undefined

  constructor(clock: RelativeClock) {
    this.#clock = clock
  }

  monotonicMs(): number {
    return (this.#pausedSinceMs ?? this.#clock.monotonicMs()) - this.#pausedMs
  }

  /** Stops it, or lets it go on. Saying the same again changes nothing. */
  setPaused(paused: boolean): void {
    if (paused === (this.#pausedSinceMs !== undefined)) return
    const nowMs = this.#clock.monotonicMs()
    if (this.#pausedSinceMs !== undefined) this.#pausedMs += nowMs - this.#pausedSinceMs
    this.#pausedSinceMs = paused ? nowMs : undefined
  }
}
