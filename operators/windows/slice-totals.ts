/**
 * The slices of all keys of an operator whose accumulators are totals (`totals-form`): what each window adds up to is kept per key, what
 * comes is added and what leaves is taken away again. So a firing costs nothing per slice, however many there are in a window.
 *
 *      chunk 0: |k3|k1|k7|k2|…|      chunk 1: |k1|k3|…        an entry per slice and key: index of the key, the key's entry before it,
 *               '- run -'                                     start of the slice, the accumulator
 *
 * Entries are given out one behind the other and come back as runs, the entries of one slice that lie side by side in a chunk; a chunk
 * of which nothing is in use is used again or let go. A key finds its own entries from the newest to the oldest. All of it lies in typed arrays,
 * which the garbage collector does not go over. Used by one thread.
 */
import type { SliceQueueContents } from './slice-queue.ts'
import type { TotalsForm } from './totals-form.ts'

/** Entries per chunk, as a power of two. */
const CHUNK_BITS = 12
const CHUNK_ENTRIES = 1 << CHUNK_BITS
const INDEX_MASK = CHUNK_ENTRIES - 1
/** Places of an entry. */
const KEY = 0
const BEFORE = 1
const START = 2
const VALUES = 3
/** In the place of a key's index: the key has gone. */
const NO_KEY = -1
/** The end of a key's entries. */
const NO_ENTRY = -1
const FIRST_KEYS = 64
const NO_CHUNK = new Float64Array(0)

/** A slice, and where its entries lie: `from` and `to` of each run, `[from, to)`, one behind the other. */
interface Slice {
  readonly start: number
  readonly runs: number[]
}

/** See the head of this file. Keys are known by their index, which `addKey` gives out. */
export class SliceTotals<Acc> {
  readonly #form: TotalsForm<Acc>
  readonly #width: number
  /** Numbers per entry. */
  readonly #stride: number
  readonly #chunks: Float64Array[] = []
  /** Entries of each chunk that are in use. */
  readonly #live: number[] = []
  /** The chunk that entries are taken from, and how many of it have been. */
  #current = -1
  #used = CHUNK_ENTRIES
  /** Chunks of which nothing is in use, without the current one, and numbers of chunks that were let go. */
  readonly #spare: number[] = []
  readonly #vacant: number[] = []
  /** In the order of their starts. */
  readonly #slices: Slice[] = []
  /** Slices that start before it have left. */
  #oldestStart = Number.NEGATIVE_INFINITY
  /** By the index of a key: what its slices add up to, how many they are, and the entry of the newest. */
  #totals: Float64Array
  #counts = new Int32Array(FIRST_KEYS)
  #newest = new Int32Array(FIRST_KEYS)
  #keys = 0
  /** The largest number in any accumulator so far, without its sign. */
  #largest = 0
  readonly #freeKeys: number[] = []

  constructor(form: TotalsForm<Acc>) {
    this.#form = form
    this.#width = form.width
    this.#stride = VALUES + form.width
    this.#totals = new Float64Array(FIRST_KEYS * form.width)
  }

  /** The index of a new key. */
  addKey(): number {
    const key = this.#freeKeys.pop() ?? this.#keys++
    if (key === this.#counts.length) this.#growKeys(2 * key)
    this.#newest[key] = NO_ENTRY
    return key
  }

  /** Forgets a key and its slices: its index may be given out again. */
  removeKey(key: number): void {
    for (const entry of this.#entriesOf(key)) this.#chunkOf(entry)[this.#placeOf(entry)] = NO_KEY
    this.#counts[key] = 0
    this.#totals.fill(0, key * this.#width, (key + 1) * this.#width)
    this.#freeKeys.push(key)
  }

  /** Number of slices of a key. */
  count(key: number): number {
    return this.#counts[key] as number
  }

  /** What the slices of a key add up to: a new accumulator. */
  total(key: number): Acc {
    return this.#form.take(this.#totals, key * this.#width)
  }

  /** Whether an accumulator can be added and taken away again exactly. */
  takes(accumulator: Acc): boolean {
    return this.#form.areExact(accumulator)
  }

  /**
   * Adds an accumulator to the slice of a key that starts at `start`; false where taking it away again might not be exact. Mostly the slice is newer than all others
   * of its key; otherwise it costs the number of these.
   */
  add(key: number, start: number, accumulator: Acc): boolean {
    const newest = this.#newest[key] as number
    if (this.#counts[key] === 0 || this.#startOf(newest) < start) {
      const entry = this.#append(key, start, accumulator)
      this.#setBefore(entry, newest)
      this.#newest[key] = entry
      return this.#addToTotal(key, entry)
    }
    return this.#addWithin(key, start, accumulator)
  }

  #addWithin(key: number, start: number, accumulator: Acc): boolean {
    const entries = this.#entriesOf(key)
    const at = entries.findIndex((entry) => this.#startOf(entry) <= start)
    const older = entries[at] ?? NO_ENTRY
    const entry = this.#append(key, start, accumulator)
    const newer = at === -1 ? entries.at(-1) : entries[at - 1]
    this.#setBefore(entry, older)
    if (newer === undefined) this.#newest[key] = entry
    else this.#setBefore(newer, entry)
    return this.#addToTotal(key, entry)
  }

  /** False where taking slices away, in whatever order, might not be exact any more. */
  #addToTotal(key: number, entry: number): boolean {
    const chunk = this.#chunkOf(entry)
    const from = this.#placeOf(entry) + VALUES
    const totals = this.#totals
    const to = key * this.#width
    for (let i = 0; i < this.#width; i++) {
      const value = chunk[from + i] as number
      totals[to + i] = (totals[to + i] as number) + value
      if (value > this.#largest || -value > this.#largest) this.#largest = Math.abs(value)
    }
    const count = (this.#counts[key] as number) + 1
    this.#counts[key] = count
    return count * this.#largest <= Number.MAX_SAFE_INTEGER
  }

  /** Drops the slices of all keys that start before `start`. */
  dropBefore(start: number): void {
    if (start <= this.#oldestStart) return
    this.#oldestStart = start
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
    const totals = this.#totals
    const counts = this.#counts
    const width = this.#width
    const stride = this.#stride
    const end = this.#placeOf(from) + (to - from) * stride
    for (let at = this.#placeOf(from); at < end; at += stride) {
      const key = (chunk[at + KEY] as number) | 0
      if (key === NO_KEY) continue
      ;(counts[key] as number)--
      for (let i = 0; i < width; i++)
        (totals[key * width + i] as number) -= chunk[at + VALUES + i] as number
    }
    const number = from >> CHUNK_BITS
    const live = (this.#live[number] as number) - (to - from)
    this.#live[number] = live
    if (live > 0 || number === this.#current) return
    this.#spare.push(number)
    this.#letGo()
  }

  /** As many chunks as are in use may be spare; of the others two go for each that becomes empty. */
  #letGo(): void {
    const spare = this.#spare
    for (let i = 0; i < 2; i++) {
      const inUse = this.#chunks.length - this.#vacant.length - spare.length
      if (spare.length <= inUse + 2) return
      const number = spare.pop() as number
      this.#chunks[number] = NO_CHUNK
      this.#vacant.push(number)
    }
  }

  /** Puts back what a snapshot holds of a key, whose accumulators are exact; false as above. */
  restore(key: number, { front, back }: SliceQueueContents<Acc>): boolean {
    const { minus } = this.#form
    // Front entries hold what is newer than they are in the front, and the first ones of the back perhaps.
    const own: (readonly [start: number, accumulator: Acc])[] = []
    let newer: Acc | undefined
    for (const [start, aggregate, joined] of front) {
      let inFront = aggregate
      for (const [, accumulator] of back.slice(0, joined)) inFront = minus(inFront, accumulator)
      own.push([start, newer === undefined ? inFront : minus(inFront, newer)])
      newer = inFront
    }
    let exact = true
    for (const [start, accumulator] of [...own.reverse(), ...back])
      exact = this.add(key, start, accumulator) && exact
    return exact
  }

  /** The slices of a key, oldest first: their starts and accumulators. More than one may start at the same time. */
  slicesOf(key: number): (readonly [start: number, accumulator: Acc])[] {
    const slices = this.#entriesOf(key).map(
      (entry) =>
        [
          this.#startOf(entry),
          this.#form.take(this.#chunkOf(entry), this.#placeOf(entry) + VALUES),
        ] as const,
    )
    return slices.reverse()
  }

  /** The entries of a key that have not left, newest first. */
  #entriesOf(key: number): number[] {
    const entries: number[] = []
    let entry = this.#newest[key] as number
    for (let left = this.#counts[key] as number; left > 0; left--) {
      entries.push(entry)
      entry = this.#chunkOf(entry)[this.#placeOf(entry) + BEFORE] as number
    }
    return entries
  }

  #append(key: number, start: number, accumulator: Acc): number {
    if (this.#used === CHUNK_ENTRIES) this.#nextChunk()
    const current = this.#current
    const entry = (current << CHUNK_BITS) + this.#used++
    ;(this.#live[current] as number)++
    const chunk = this.#chunkOf(entry)
    const at = this.#placeOf(entry)
    chunk[at + KEY] = key
    chunk[at + START] = start
    this.#form.put(chunk, at + VALUES, accumulator)
    const { runs } = this.#sliceAt(start)
    const last = runs.length - 1
    if (runs[last] === entry && this.#used > 1) runs[last] = entry + 1
    else runs.push(entry, entry + 1)
    return entry
  }

  #sliceAt(start: number): Slice {
    const slices = this.#slices
    const last = slices.at(-1)
    if (last?.start === start) return last
    let at = 0
    let end = slices.length
    // Mostly it comes behind all others.
    if (last !== undefined && last.start < start) at = end
    while (at < end) {
      const middle = (at + end) >> 1
      if ((slices[middle] as Slice).start < start) at = middle + 1
      else end = middle
    }
    const known = slices[at]
    if (known?.start === start) return known
    const slice = { start, runs: [] }
    slices.splice(at, 0, slice)
    return slice
  }

  #nextChunk(): void {
    this.#used = 0
    if (this.#live[this.#current] === 0) return
    const number = this.#spare.pop() ?? this.#vacant.pop() ?? this.#chunks.length
    this.#current = number
    this.#live[number] = 0
    if ((this.#chunks[number] ?? NO_CHUNK) === NO_CHUNK)
      this.#chunks[number] = new Float64Array(CHUNK_ENTRIES * this.#stride)
  }

  #growKeys(keys: number): void {
    const totals = new Float64Array(keys * this.#width)
    totals.set(this.#totals)
    const counts = new Int32Array(keys)
    counts.set(this.#counts)
    const newest = new Int32Array(keys)
    newest.set(this.#newest)
    this.#totals = totals
    this.#counts = counts
    this.#newest = newest
  }

  #startOf(entry: number): number {
    return this.#chunkOf(entry)[this.#placeOf(entry) + START] as number
  }

  #setBefore(entry: number, before: number): void {
    this.#chunkOf(entry)[this.#placeOf(entry) + BEFORE] = before
  }

  #chunkOf(entry: number): Float64Array {
    return this.#chunks[entry >> CHUNK_BITS] as Float64Array
  }

  #placeOf(entry: number): number {
    return (entry & INDEX_MASK) * this.#stride
  }
}
