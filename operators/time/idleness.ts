/**
 * Idleness: a split without records holds nobody back.
 */
import { requireMs, requireStrategy } from './strategy-checks.ts'
import type { RelativeClock } from './pausable-clock.ts'
import type { WatermarkStrategy } from './watermarks.ts'

/**
 * Adds to a strategy that a split without records for `timeoutMs` is idle: the watermark does not wait for it, within its subtask or
 * behind it, until it has records again. Without this, one silent split of many stops all windows.
 *
 * The time is the host's, and stands still while the source can't read: because there is no room behind it, or because it waits for
 * others of its alignment group (Flink's WatermarksWithIdleness). A subtask that waits for its first or next split is idle after
 * the same time.
 *
 * What comes from a split that wakes and is older than the watermark by then is late.
 *
 * Errors: `INVALID_ARGUMENT`; `INVALID_IDLE_TIMEOUT` unless `timeoutMs` is a finite number above 0.
 *
 * @example
 * withIdleness(boundedOutOfOrderness(5_000), 60_000)
 */
export function withIdleness<T>(
  strategy: WatermarkStrategy<T>,
  timeoutMs: number,
): WatermarkStrategy<T> {
  requireStrategy(strategy, 'withIdleness')
  requireMs(timeoutMs, 'withIdleness', 'INVALID_IDLE_TIMEOUT')
  return {
    ...strategy,
    name: `${strategy.name}, idle after ${timeoutMs} ms`,
    createGenerator: () => strategy.createGenerator(),
    idleTimeoutMs: timeoutMs,
  }
}

/** Tells when there was no activity for a while. Starts with one. */
export class IdlenessTimer {
  readonly #clock: RelativeClock
  readonly #timeoutMs: number
  #activeAtMs: number
  /** How long it had been inactive when it was held. */
  #heldMs: number | undefined

  constructor(clock: RelativeClock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#activeAtMs = clock.monotonicMs()
  }

  /** Something has come. */
  activity(): void {
    this.#heldMs = undefined
    this.#activeAtMs = this.#clock.monotonicMs()
  }

  /** Milliseconds of inactivity that are missing until it is idle; 0: it is. */
  get remainingMs(): number {
    const inactiveMs = this.#heldMs ?? this.#clock.monotonicMs() - this.#activeAtMs
    return Math.max(0, this.#timeoutMs - inactiveMs)
  }

  /** Whether the time is up. */
  get idle(): boolean {
    return this.remainingMs === 0
  }

  /** Stops it while nothing can come, or lets it go on from there. */
  hold(held: boolean): void {
    if (held) {
      this.#heldMs ??= this.#clock.monotonicMs() - this.#activeAtMs
      return
    }
    if (this.#heldMs === undefined) return
    this.#activeAtMs = this.#clock.monotonicMs() - this.#heldMs
    this.#heldMs = undefined
  }
}
