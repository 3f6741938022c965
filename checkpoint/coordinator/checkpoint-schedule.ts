/**
 * When the next checkpoint of the interval is due: an interval after the last one was triggered, and a pause after it ended. Checkpoints that
 * are asked for count too. On the main thread; one per attempt to run the job.
 */
import type { Cancel, Clock } from '../../runtime/clock.ts'
import type { ResolvedCheckpointOptions } from './checkpoint-options.ts'

/** See the head of this file. */
export class CheckpointSchedule {
  readonly #clock: Clock
  /** Undefined: none is ever due. */
  readonly #intervalMs: number | undefined
  readonly #minPauseMs: number
  #triggeredMs: number
  #endedMs = Number.NEGATIVE_INFINITY
  #cancelTimer: Cancel = () => {}

  /** The first interval begins now. */
  constructor(
    clock: Clock,
    { intervalMs, minPauseMs }: Pick<ResolvedCheckpointOptions, 'intervalMs' | 'minPauseMs'>,
  ) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#minPauseMs = minPauseMs
    this.#triggeredMs = clock.monotonicMs()
  }

  /** A checkpoint is triggered, or the sources begin to read: an interval begins. */
  triggered(): void {
    this.#triggeredMs = this.#clock.monotonicMs()
  }

  /** A checkpoint has ended, well or not. */
  ended(): void {
    this.#endedMs = this.#clock.monotonicMs()
  }

  /** Calls back once when the next one is due, unless it is cancelled before. */
  set(onDue: () => void): void {
    if (this.#intervalMs === undefined) return
    const dueMs = Math.max(this.#triggeredMs + this.#intervalMs, this.#endedMs + this.#minPauseMs)
    const delayMs = Math.max(0, dueMs - this.#clock.monotonicMs())
    this.#cancelTimer = this.#clock.schedule(delayMs, onDue)
  }

  /** Forgets whom to call. */
  cancel(): void {
    this.#cancelTimer()
  }
}
