/**
 * A record whose result is still to come, and where it stands.
 */
import type { Attempt } from './async-function.ts'
import type { Segment } from './result-queue.ts'

/**
 * `waiting`: there is no room to ask for it yet. `asking`: a call is under way. `answered`: it has ended, and nobody has looked at
 * the answer. `retrying`: it will be asked for again. `done`: only to be emitted.
 */
export type PendingState = 'waiting' | 'asking' | 'answered' | 'retrying' | 'done'

/** What is emitted for a record that is done: its result, each value of its result, or a bad record. */
export type Outcome = 'one' | 'many' | 'bad'

/** A record in the operator. Everything but its input changes. */
export class PendingRecord {
  readonly value: unknown
  readonly timestamp: number
  /** The newest watermark that came before it. */
  readonly after: number
  state: PendingState = 'waiting'
  attempts = 0
  /** The call under way. */
  attempt: Attempt | undefined
  /** When it times out. */
  deadlineMs = 0
  /** While `answered`: whether `result` is an error. */
  failed = false
  result: unknown
  outcome: Outcome = 'one'
  /** Kept by the queue of unordered results. */
  segment: Segment | undefined

  constructor(value: unknown, timestamp: number, after: number) {
    this.value = value
    this.timestamp = timestamp
    this.after = after
  }
}
