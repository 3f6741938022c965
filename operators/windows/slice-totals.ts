/**
 * The slices of keys that windows have taken in, where accumulators are totals (`totals-form`): what each window adds up to is kept per key, what
 * comes is added and what leaves is taken away again. So a firing costs nothing per slice, however many there are in a window.
 *
 *      chunk 0: |k3|k1|k7|k2|…|      chunk 1: |k1|k3|…        an entry per slice and key: index of the key, the key's entry before it,
 *               '- run -'                                     start of the slice, the accumulator
 *
 * Entries are made before they are taken in, for open slices. A key finds those that were taken in from the newest to the oldest. All of it lies in typed arrays,
 * which the garbage collector does not go over. Used by one thread.
 */
import { CHUNK_BITS, EntryChunks } from './entry-chunks.ts'
import { sliceAt } from './packed-slice.ts'
import type { PackedSlice } from './packed-slice.ts'
import type { TotalsForm } from './totals-form.ts'

const INDEX_MASK = (1 << CHUNK_BITS) - 1
/** Places of an entry. */
const KEY = 0
const BEFORE = 1
const START = 2
const VALUES = 3
/** The end of a key's entries. */
const NO_ENTRY = -1
const FIRST_KEYS = 64

/** See the head of this file. Keys are known by an index, counted from 0. */
export class SliceTotals<Acc> {
  /** The entries: at `stride` times their number in a chunk, the accumulator `head` behind. */
  readonly chunks: Float64Array[]
  readonly stride: number
  readonly head = VALUES
  /** What the slices of each key add up to, `width` numbers, and how many entries they are. */
  totals: Float64Array
  counts = new Int32Array(FIRST_KEYS)
  /** Entries of each key that were made and not taken in. */
  pending = new Int32Array(FIRST_KEYS)
  /** The keys with entries that were taken in, and others until they are left out, in the order in which they came; and how many. */
  order = new Int32Array(FIRST_KEYS)
  ordered = 0
  readonly #form: TotalsForm<Acc>
  readonly #width: number
  readonly #memory: EntryChunks
  /** By key: the newest entry that was taken in; `NO_ENTRY`: it is not in the order. */
  #newest = new Int32Array(FIRST_KEYS)
  /** In the order of their starts. */
  readonly #slices: PackedSlice[] = []
  /** The largest number that was taken in so far, without its sign, infinite if one was no integer, and the most entries of a key. */
  #largest = 0
  #most = 0
  /** See `#find`. */
  #newer = NO_ENTRY

  constructor(form: TotalsForm<Acc>) {
    this.#form = form
    this.#width = form.width
    this.stride = VALUES + form.width
    this.#memory = new EntryChunks(this.stride)
    this.chunks = this.#memory.chunks
    this.totals = new Float64Array(FIRST_KEYS * form.width)
  }

  /** Whether what slices add up to is exact, in whatever order they come and leave: so far there were only integers, and no sum of them can be too large. */
  get isExact(): boolean {
    return this.#most * this.#largest <= Number.MAX_SAFE_INTEGER
  }

  /** To be called for an index that no key has, before all others. */
  addKey(key: number): void {
    if (key === this.counts.length) this.#growKeys(2 * key)
    this.#newest[key] = NO_ENTRY
  }

  /** A key that has no entries that were taken in leaves the order. */
  leaveOut(key: number): void {
    this.#newest[key] = NO_ENTRY
  }

  /** A new entry of a slice, not taken in yet. */
  newEntry(slice: PackedSlice, key: number, accumulator: Acc): number {
    const entry = this.#memory.next()
    const chunk = this.#chunkOf(entry)
    const at = this.#placeOf(entry)
    chunk[at + KEY] = key
    chunk[at + START] = slice.start
    this.#form.put(chunk, at + VALUES, accumulator)
    slice.add(entry, (entry & INDEX_MASK) === 0)
    ;(this.pending[key] as number)++
    return entry
  }

  /** The index of the key of an entry. */
  keyOf(entry: number): number {
    return this.#chunkOf(entry)[this.#placeOf(entry) + KEY] as number
  }

  /** The start of its slice. */
  startOf(entry: number): number {
    return this.#chunkOf(entry)[this.#placeOf(entry) + START] as number
  }

  /** A new accumulator of what is in it. */
  read(entry: number): Acc {
    return this.#form.take(this.#chunkOf(entry), this.#placeOf(entry) + VALUES)
  }

  /** Puts another accumulator in its place; for one that was not taken in. */
  put(entry: number, accumulator: Acc): void {
    this.#form.put(this.#chunkOf(entry), this.#placeOf(entry) + VALUES, accumulator)
  }

  /** Takes in a slice, mostly one that is newer than all others. */
  take(slice: PackedSlice): void {
    const { runs, start } = slice
    const last = this.#slices.at(-1)
    const isNewest = last === undefined || last.start < start
    for (let i = 0; i < runs.length; i += 2) {
      const from = runs[i] as number
      const to = runs[i + 1] as number
      if (isNewest) this.#takeNewest(from, to)
      else for (let entry = from; entry < to; entry++) this.#takeBetween(entry)
    }
    if (isNewest) this.#slices.push(slice)
    else sliceAt(this.#slices, start).addRuns(runs)
  }

  /** The entries from `from` up to `to` of a chunk, each newer than all others of its key. */
  #takeNewest(from: number, to: number): void {
    const chunk = this.#chunkOf(from)
    const newest = this.#newest
    const { stride, pending } = this
    let at = this.#placeOf(from)
    for (let entry = from; entry < to; entry++) {
      const key = (chunk[at + KEY] as number) | 0
      const before = newest[key] as number
      if (before === NO_ENTRY) this.#enroll(key)
      chunk[at + BEFORE] = before
      newest[key] = entry
      ;(pending[key] as number)--
      this.#addToTotal(key, chunk, at + VALUES)
      at += stride
    }
  }

  #enroll(key: number): void {
    const { order, ordered } = this
    // While a window fires, there may be keys in it twice.
    if (ordered === order.length) this.order = longer(order, 2 * ordered)
    this.order[this.ordered++] = key
  }

  #addToTotal(key: number, chunk: Float64Array, from: number): void {
    const { totals, counts } = this
    const to = key * this.#width
    for (let i = 0; i < this.#width; i++) {
      const value = chunk[from + i] as number
      totals[to + i] = (totals[to + i] as number) + value
      if (value > this.#largest || -value > this.#largest) this.#largest = Math.abs(value)
      if (value !== Math.trunc(value)) this.#largest = Number.POSITIVE_INFINITY
    }
    const count = (counts[key] as number) + 1
    counts[key] = count
    if (count > this.#most) this.#most = count
  }

  #takeBetween(entry: number): void {
    const key = this.keyOf(entry)
    if (this.#newest[key] === NO_ENTRY) this.#enroll(key)
    this.#setBefore(entry, this.#find(key, this.startOf(entry)))
    if (this.#newer === NO_ENTRY) this.#newest[key] = entry
    else this.#setBefore(this.#newer, entry)
    ;(this.pending[key] as number)--
    this.#addToTotal(key, this.#chunkOf(entry), this.#placeOf(entry) + VALUES)
  }

  /** The newest of a key's entries that is not newer than `start`, and in `#newer` the one behind it. */
  #find(key: number, start: number): number {
    this.#newer = NO_ENTRY
    let entry = this.#newest[key] as number
    for (let left = this.counts[key] as number; left > 0; left--) {
      if (this.startOf(entry) <= start) return entry
      this.#newer = entry
      entry = this.#before(entry)
    }
    return NO_ENTRY
  }

  /** Adds to a slice of a key that was taken in, or comes so late that it is taken in at once. Costs the number of newer ones. Returns the entry, if it is a new one; -1: there was one. */
  merge(key: number, start: number, accumulator: Acc, merge: (a: Acc, b: Acc) => Acc): number {
    const same = this.#find(key, start)
    if (same === NO_ENTRY || this.startOf(same) !== start) {
      const entry = this.newEntry(sliceAt(this.#slices, start), key, accumulator)
      this.#takeBetween(entry)
      return entry
    }
    const next = merge(this.read(same), accumulator)
    const chunk = this.#chunkOf(same)
    const at = this.#placeOf(same) + VALUES
    this.#takeAway(key, chunk, at)
    this.#form.put(chunk, at, next)
    this.#addToTotal(key, chunk, at)
    return NO_ENTRY
  }

  #takeAway(key: number, chunk: Float64Array, from: number): void {
    const { totals } = this
    const to = key * this.#width
    ;(this.counts[key] as number)--
    for (let i = 0; i < this.#width; i++) (totals[to + i] as number) -= chunk[from + i] as number
  }

  /** Drops the slices of all keys that start before `start`. */
  dropBefore(start: number): void {
    const slices = this.#slices
    let gone = 0
    for (let slice = slices[0]; slice !== undefined && slice.start < start; slice = slices[gone]) {
      const { runs } = slice
      for (let i = 0; i < runs.length; i += 2) this.#drop(runs[i] as number, runs[i + 1] as number)
      gone++
    }
    if (gone > 0) slices.splice(0, gone)
  }

  #drop(from: number, to: number): void {
    const chunk = this.#chunkOf(from)
    const { stride } = this
    const end = this.#placeOf(from) + (to - from) * stride
    for (let at = this.#placeOf(from); at < end; at += stride)
      this.#takeAway((chunk[at + KEY] as number) | 0, chunk, at + VALUES)
    this.#memory.release(from, to)
  }

  /** The slices of a key that were taken in, oldest first: their starts and accumulators. */
  slicesOf(key: number): (readonly [start: number, accumulator: Acc])[] {
    const slices: (readonly [start: number, accumulator: Acc])[] = []
    let entry = this.#newest[key] as number
    for (let left = this.counts[key] as number; left > 0; left--) {
      slices.push([this.startOf(entry), this.read(entry)])
      entry = this.#before(entry)
    }
    return slices.reverse()
  }

  #growKeys(keys: number): void {
    const { totals, counts, pending } = this
    const newest = this.#newest
    this.totals = new Float64Array(keys * this.#width)
    this.totals.set(totals)
    this.counts = longer(counts, keys)
    this.pending = longer(pending, keys)
    this.#newest = longer(newest, keys)
  }

  #before(entry: number): number {
    return this.#chunkOf(entry)[this.#placeOf(entry) + BEFORE] as number
  }

  #setBefore(entry: number, before: number): void {
    this.#chunkOf(entry)[this.#placeOf(entry) + BEFORE] = before
  }

  #chunkOf(entry: number): Float64Array {
    return this.chunks[entry >> CHUNK_BITS] as Float64Array
  }

  #placeOf(entry: number): number {
    return (entry & INDEX_MASK) * this.stride
  }
}

function longer(list: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length)
  copy.set(list)
  return copy
}
