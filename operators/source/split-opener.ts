/**
 * Gets a source subtask its next split with a reader: one that was open when the checkpoint was made from which the job goes on, or
 * one from the enumerator. One at a time, on the slot's thread.
 */
import type { SourceSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import type { BadRecord } from '../bad-records.ts'
import { checkedReader } from '../connector-checks.ts'
import type { ReaderContext, Source, SplitReader } from '../source.ts'

/** Where a split that is not at its end stands: what a checkpoint must know of it. Plain data. */
export interface SplitPosition {
  /** As the enumerator gave it. */
  readonly split: unknown
  /** Where the next read goes on; undefined: at the start. */
  readonly position: unknown
}

/** A split with its reader. */
export interface OpenedSplit {
  readonly split: unknown
  readonly reader: SplitReader<unknown>
  /** What the reader has found that is no record and nobody has been told of. */
  readonly bad: BadRecord[]
}

/** What it opens, and for whom. */
export interface SplitOpenerOptions {
  readonly source: Source<unknown>
  /** For all readers, without `badRecord`. */
  readonly context: ReaderContext
  /** Whether readers may leave out what they can't make a record of. */
  readonly takesBadRecords: boolean
  /** The next split from the enumerator; undefined when there is none left. */
  readonly nextSplit: () => Promise<{ readonly split: unknown } | undefined>
  /** Whether somebody still wants a split. */
  readonly wanted: () => boolean
  /** What the old subtasks were reading; this one's share. */
  readonly restored: readonly SourceSnapshot[]
}

/** A split on its way to its reader. */
interface Opening extends SplitPosition {
  readonly reader: Promise<OpenedSplit>
}

/** Opens the splits of one subtask. */
export class SplitOpener {
  /** Splits that the enumerator has given. */
  received = 0
  readonly #options: SplitOpenerOptions
  readonly #restored: SplitPosition[]
  /** The reader that is being opened; it must be closed even when nobody wants it any more. */
  #opening: Opening | undefined

  constructor(options: SplitOpenerOptions) {
    this.#options = options
    this.#restored = options.restored.flatMap(({ open }) => open)
  }

  /** The splits that it has been given and has not handed on. */
  get positions(): readonly SplitPosition[] {
    const opening = this.#opening
    if (opening === undefined) return this.#restored
    return [{ split: opening.split, position: opening.position }, ...this.#restored]
  }

  /**
   * Opens the next split; undefined when there is none, or when nobody wants one any more. `taken` must follow, on the slot's thread.
   * Rejects with what the source or the enumerator throws, `INVALID_SOURCE`. Not to be called again before it has settled.
   */
  async next(): Promise<OpenedSplit | undefined> {
    const restored = this.#restored.shift()
    if (restored !== undefined) return this.#open(restored)
    const { nextSplit, wanted } = this.#options
    const next = await nextSplit()
    if (next === undefined || !wanted()) return undefined
    this.received++
    return this.#open({ split: next.split, position: undefined })
  }

  /** What `next` resolved to belongs to the subtask from now on. */
  taken(): void {
    this.#opening = undefined
  }

  /** Nobody wants the split that is being opened: closes its reader, when it is there. Rejects with what that throws. */
  async abort(): Promise<void> {
    const opening = this.#opening
    this.#opening = undefined
    await opening?.reader.then(
      ({ reader }) => reader.close?.(),
      // It failed to open: there is nothing to close, and the subtask has heard of it.
      () => {},
    )
  }

  #open({ split, position }: SplitPosition): Promise<OpenedSplit> {
    const bad: BadRecord[] = []
    const reader = this.#reader(split, position, bad).then((opened) => ({
      split,
      reader: opened,
      bad,
    }))
    this.#opening = { split, position, reader }
    return reader
  }

  async #reader(
    split: unknown,
    position: unknown,
    bad: BadRecord[],
  ): Promise<SplitReader<unknown>> {
    const { source, context, takesBadRecords } = this.#options
    const own: ReaderContext = takesBadRecords
      ? {
          ...context,
          badRecord: (record, error, place) => {
            bad.push({ record, error, place })
          },
        }
      : context
    return checkedReader(await source.open(split, own, position))
  }
}
