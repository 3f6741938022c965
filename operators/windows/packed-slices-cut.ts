/**
 * The snapshot of packed slices while it is packed bit by bit: what was there at the cut. As `MapsCut`, for entries and keys that are known by numbers.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type {
  FoundEntry,
  KeepEntry,
  Namespace,
  PartCut,
} from '../../checkpoint/state/state-backend.ts'
import type { SlicePayload } from './kept-slices.ts'

/** Entries that are marked in one array, as a power of two. */
const MARK_BITS = 12
const MARK_MASK = (1 << MARK_BITS) - 1

/** What a cut begins with. */
export interface PackedSlicesCutOptions<Acc> {
  /** The entries of each open slice: `from` and `to` of each run, `[from, to)`, one behind the other. More may come, which are marked at once. */
  readonly open: readonly (readonly number[])[]
  /** The indexes of keys are less than that; those that come later are marked at once. */
  readonly keys: number
  readonly keyOfEntry: (entry: number) => CanonicalKey
  readonly keyOfIndex: (index: number) => CanonicalKey
  readonly payloadOfEntry: (entry: number) => SlicePayload<Acc>
  /** Of what was taken in; undefined: nothing is there. */
  readonly payloadOfIndex: (index: number) => SlicePayload<Acc> | undefined
  readonly keep: KeepEntry
  /** The snapshot is packed or given up: nothing need be touched any more. */
  readonly onEnd: () => void
}

/** See the head of this file. What is marked was packed, kept or is new since the cut. */
export class PackedSlicesCut<Acc> implements PartCut {
  readonly #options: PackedSlicesCutOptions<Acc>
  readonly #entryMarks: (Uint8Array | undefined)[] = []
  readonly #keyMarks: Uint8Array
  /** Whether all keys are marked. */
  #noKeysLeft = false
  readonly #position: Iterator<number>

  constructor(options: PackedSlicesCutOptions<Acc>) {
    this.#options = options
    this.#keyMarks = new Uint8Array(options.keys)
    this.#position = this.#numbers()
  }

  /** To be called before an entry of an open slice is changed or taken in. */
  touchEntry(entry: number): void {
    if (!this.#markEntry(entry)) return
    const { keep, keyOfEntry, payloadOfEntry } = this.#options
    keep(keyOfEntry(entry), payloadOfEntry(entry))
  }

  /** To be called for an entry that is new. */
  added(entry: number): void {
    this.#markEntry(entry)
  }

  /** To be called before the slices of a key that were taken in change. */
  touchKey(index: number): void {
    if (!this.#markKey(index)) return
    const { keep, keyOfIndex, payloadOfIndex } = this.#options
    const payload = payloadOfIndex(index)
    if (payload !== undefined) keep(keyOfIndex(index), payload)
  }

  /** The same for all keys. */
  touchKeys(): void {
    if (this.#noKeysLeft) return
    this.#noKeysLeft = true
    for (let index = 0; index < this.#options.keys; index++) this.touchKey(index)
  }

  walk(limit: number, found: FoundEntry): boolean {
    const { keyOfEntry, keyOfIndex } = this.#options
    for (let i = 0; i < limit; i++) {
      const { value, done } = this.#position.next()
      if (done === true) return false
      found(value < 0 ? keyOfIndex(~value) : keyOfEntry(value), undefined, value)
    }
    return true
  }

  take(_namespace: Namespace | undefined, entry: unknown): unknown {
    const { payloadOfEntry, payloadOfIndex } = this.#options
    const number = entry as number
    if (number < 0) return this.#markKey(~number) ? payloadOfIndex(~number) : undefined
    return this.#markEntry(number) ? payloadOfEntry(number) : undefined
  }

  end(): void {
    this.#options.onEnd()
  }

  /** Whether it was not marked; it is from now on. */
  #markEntry(entry: number): boolean {
    const marks = (this.#entryMarks[entry >> MARK_BITS] ??= new Uint8Array(1 << MARK_BITS))
    const isNew = marks[entry & MARK_MASK] === 0
    marks[entry & MARK_MASK] = 1
    return isNew
  }

  #markKey(index: number): boolean {
    const isNew = this.#keyMarks[index] === 0
    this.#keyMarks[index] = 1
    return isNew
  }

  /** What is not marked when the walk comes to it: an entry, or `~index` of a key. What is marked may be another by then. */
  *#numbers(): Generator<number, void> {
    const marks = this.#entryMarks
    for (const runs of this.#options.open) {
      for (let i = 0; i < runs.length; i += 2) {
        for (let entry = runs[i] as number; entry < (runs[i + 1] as number); entry++)
          if (marks[entry >> MARK_BITS]?.[entry & MARK_MASK] !== 1) yield entry
      }
    }
    for (let index = 0; index < this.#options.keys; index++)
      if (this.#keyMarks[index] === 0) yield ~index
  }
}
