/**
 * One split that a source subtask is reading: its reader, what it waits for, and the batch that has come.
 *
 *     ready ──read()──► waiting ──► arrived ──taken──► ready …  ──end of split──► closing
 *       └──── a batch at once, or the end ──────────────┘
 */
import type { Clock } from '../../runtime/clock.ts'
import type { WhenSettled } from '../../runtime/slot.ts'
import type { BadRecord } from '../bad-records.ts'
import { checkedBatch, isThenable } from '../connector-checks.ts'
import type { SplitReader } from '../source.ts'
import type { SplitTime } from '../time/generated-time.ts'
import type { OpenedSplit, SplitPosition } from './split-opener.ts'

/** How long a reader is left alone after an empty batch. */
const EMPTY_PAUSE_MS = 1
const NONE: readonly BadRecord[] = []

/** `ready`: may be read. `waiting`: for a batch, or for a moment after an empty one. `arrived`: a batch, or the end, is there. */
export type SplitState = 'ready' | 'waiting' | 'arrived' | 'closing'

/** What a split needs of its subtask. */
export interface SplitSurroundings {
  readonly clock: Clock
  readonly whenSettled: WhenSettled
  /** Something has come that the subtask should look at. */
  readonly onReady: () => void
  readonly onError: (error: unknown) => void
}

/** A split with its reader. */
export class OpenSplit {
  readonly split: unknown
  readonly reader: SplitReader<unknown>
  /** Undefined where the source has no watermarks. */
  readonly time: SplitTime | undefined
  readonly #bad: BadRecord[]
  readonly #around: SplitSurroundings
  #state: SplitState = 'ready'
  #arrived: unknown
  /** Whether a batch is being read, or has been and was not taken: the reader stands behind it, or somewhere in it. */
  #reading = false
  /** Where that batch begins. */
  #batchStart: unknown

  constructor(
    { split, reader, bad }: OpenedSplit,
    time: SplitTime | undefined,
    around: SplitSurroundings,
  ) {
    this.split = split
    this.reader = reader
    this.#bad = bad
    this.time = time
    this.#around = around
  }

  /** Whether `take` has something to do. */
  get readable(): boolean {
    return this.#state === 'ready' || this.#state === 'arrived'
  }

  /** Whether its reader has been told to close. */
  get closing(): boolean {
    return this.#state === 'closing'
  }

  /** Behind the last batch that was taken. Between two batches. */
  get position(): SplitPosition {
    const position = this.#reading ? this.#batchStart : this.reader.position
    return { split: this.split, position }
  }

  /**
   * What its reader could not make records of, up to `position`, and nobody has been told of. What belongs to a batch that was not taken
   * is left out: after a restore it is found again with the batch.
   */
  takeBad(): readonly BadRecord[] {
    return this.#reading || this.#bad.length === 0 ? NONE : this.#bad.splice(0)
  }

  /**
   * The next batch; `nothing` when it has to be waited for; `ended` at the end of the split. Throws what the reader throws,
   * `INVALID_SOURCE`.
   */
  take(): readonly unknown[] | 'nothing' | 'ended' {
    const arrived = this.#state === 'arrived'
    if (!arrived) this.#batchStart = this.reader.position
    const given: unknown = arrived ? this.#arrived : this.reader.read()
    this.#arrived = undefined
    this.#reading = !arrived && isThenable(given)
    if (!arrived && isThenable(given)) {
      this.#waitFor(given, (value) => {
        this.#arrived = value
        this.#state = 'arrived'
        if (this.time !== undefined) this.time.unread = true
      })
      return 'nothing'
    }
    const batch = checkedBatch(given)
    this.#state = 'ready'
    if (batch === undefined) return 'ended'
    if (batch.length > 0) return batch
    this.#pause()
    return 'nothing'
  }

  /** Closes the reader after the end of the split; `then` is called when it is closed, at once where that takes no time. */
  close(then: () => void): void {
    this.#state = 'closing'
    const closed = this.reader.close?.()
    if (closed === undefined) then()
    else this.#waitFor(closed, then, 'closing')
  }

  /** Nothing has come yet: asking again at once would take the thread from whoever makes the records. */
  #pause(): void {
    this.#state = 'waiting'
    this.#around.clock.schedule(EMPTY_PAUSE_MS, () => {
      this.#state = 'ready'
      this.#around.onReady()
    })
  }

  #waitFor(
    promise: PromiseLike<unknown>,
    then: (value: unknown) => void,
    state: SplitState = 'waiting',
  ): void {
    this.#state = state
    this.#around.whenSettled(
      promise,
      (value) => {
        then(value)
        this.#around.onReady()
      },
      this.#around.onError,
    )
  }
}
