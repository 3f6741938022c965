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
 * The time is the host's. It runs from when the split was asked for records and had none, and stands still while there is no room
 * behind the source (Flink's WatermarksWithIdleness, whose time also runs while a source has no turn). A split that waits for others
 * of its alignment group is not idle. A subtask that waits for its first or next split is idle after the same time.
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

  constructor(clock: RelativeClock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#activeAtMs = clock.monotonicMs()
  }

  /** Something has come. */
  activity(): void {
    this.#activeAtMs = this.#clock.monotonicMs()
  }

  /** Milliseconds of inactivity that are missing until it is idle; 0: it is. */
  get remainingMs(): number {
    return Math.max(0, this.#activeAtMs + this.#timeoutMs - this.#clock.monotonicMs())
  }

  /** Whether the time is up. */
  get idle(): boolean {
    return this.remainingMs === 0
  }
}
