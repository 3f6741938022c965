/**
 * What became of a job's checkpoints: counters, and the newest ones in detail. Lives as long as the job, over all its attempts.
 */
import type { CheckpointKind } from '../store/snapshot-store.ts'
import type { CheckpointFailureReason } from './checkpoint-failure.ts'

/** Ended checkpoints that are remembered in detail. */
const REMEMBERED = 100

/** One checkpoint. */
export interface CheckpointStatistics {
  /** Undefined: it failed before it had one. */
  readonly id: number | undefined
  readonly kind: CheckpointKind
  readonly state: 'underWay' | 'completed' | 'failed'
  /** Milliseconds since 1970; of one that was never triggered, when it was begun. */
  readonly triggeredAt: number
  /** From trigger to end, commit included; undefined while it is under way. */
  readonly durationMs: number | undefined
  /** Bytes of its parts; undefined unless it is completed. */
  readonly bytes: number | undefined
  /** Records on their way between subtasks that are part of it; undefined unless it is completed. 0 where barriers kept their places. */
  readonly recordsInFlight: number | undefined
  /** Subtasks that had acknowledged or finished, of `subtasks`. */
  readonly acknowledged: number
  readonly subtasks: number
  /** Why it failed. */
  readonly reason: CheckpointFailureReason | undefined
}

/** All checkpoints of a job. Plain data. */
export interface CheckpointSummary {
  readonly completed: number
  readonly failed: number
  /** Acknowledgements that came when their checkpoint was over. */
  readonly lateAcknowledgements: number
  /** How often removing old checkpoints failed; they are tried again after the next one. */
  readonly retentionFailures: number
  /** The newest ones, oldest first, with the one under way at the end. */
  readonly recent: readonly CheckpointStatistics[]
}

/** Collects the statistics of one job. */
export class CheckpointHistory {
  #completed = 0
  #failed = 0
  #late = 0
  #retentionFailures = 0
  readonly #ended: CheckpointStatistics[] = []
  readonly #onEnded: (statistics: CheckpointStatistics) => void
  #underWay: (() => CheckpointStatistics) | undefined

  /** `onEnded` hears of each checkpoint that has ended. Default: nobody does. */
  constructor(onEnded: (statistics: CheckpointStatistics) => void = () => {}) {
    this.#onEnded = onEnded
  }

  /** A checkpoint has begun; `current` describes it when somebody asks. */
  began(current: () => CheckpointStatistics): void {
    this.#underWay = current
  }

  /** The checkpoint under way has ended. */
  ended(statistics: CheckpointStatistics): void {
    this.#underWay = undefined
    if (statistics.state === 'completed') this.#completed++
    else this.#failed++
    this.#ended.push(statistics)
    if (this.#ended.length > REMEMBERED) this.#ended.shift()
    this.#onEnded(statistics)
  }

  /** An acknowledgement came too late. */
  lateAcknowledgement(): void {
    this.#late++
  }

  /** Old checkpoints could not be removed. */
  retentionFailed(): void {
    this.#retentionFailures++
  }

  /** What is known now. */
  summary(): CheckpointSummary {
    const underWay = this.#underWay === undefined ? [] : [this.#underWay()]
    return {
      completed: this.#completed,
      failed: this.#failed,
      lateAcknowledgements: this.#late,
      retentionFailures: this.#retentionFailures,
      recent: [...this.#ended, ...underWay],
    }
  }
}
