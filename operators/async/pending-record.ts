/**
 * A record whose result is still to come, and where it stands.
 *
 * There is one per record, so it is kept small: what several records share stands elsewhere.
 */
import type { Attempt } from './async-function.ts'

/**
 * `waiting`: there is no room to ask for it yet. `asking`: a call is under way. `answered`, `refused`: it has ended well, or with an
 * error, and nobody has looked at that. `retrying`: it will be asked for again. `done`: only to be emitted.
 */
export type PendingState = 'waiting' | 'asking' | 'answered' | 'refused' | 'retrying' | 'done'

/** What is emitted for a record that is done: its result, each value of its result, or a bad record. */
export type Outcome = 'one' | 'many' | 'bad'

/** What stands before all records that came between two watermarks. */
export interface Fence {
  /** The first of the two watermarks. */
  after: number
}

/** A record in the operator. Everything but its input changes. */
export class PendingRecord<F extends Fence = Fence> {
  readonly value: unknown
  readonly timestamp: number
  readonly fence: F
  state: PendingState = 'waiting'
  attempts = 0
  /** The call under way. */
  attempt: Attempt | undefined
  /** When it times out. */
  deadlineMs = 0
  /** The answer or error; once `done`, what is emitted. */
  result: unknown
  outcome: Outcome = 'one'
  // Kept by the queue of unordered results: its neighbours.
  previous: PendingRecord<F> | undefined
  next: PendingRecord<F> | undefined

  constructor(value: unknown, timestamp: number, fence: F) {
    this.value = value
    this.timestamp = timestamp
    this.fence = fence
  }
}
