/**
 * Memory for entries of equal size, in chunks of numbers.
 *
 * Entries are given out one behind the other and come back as runs, in about the order in which they went. A chunk of which nothing is in use is used again or
 * let go. Used by one thread.
 */

/** Entries per chunk, as a power of two: an entry is its chunk's number and, in so many bits, its number in the chunk. */
export const CHUNK_BITS = 12
const CHUNK_ENTRIES = 1 << CHUNK_BITS
const NO_CHUNK = new Float64Array(0)

/** See the head of this file. */
export class EntryChunks {
  /** By number. An entry lies at `stride` times its number in the chunk. */
  readonly chunks: Float64Array[] = []
  readonly #stride: number
  /** Entries of each chunk that are in use. */
  readonly #live: number[] = []
  /** The chunk that entries are taken from, and how many of it have been. */
  #current = -1
  #used = CHUNK_ENTRIES
  /** Chunks of which nothing is in use, without the current one, and numbers of chunks that were let go. */
  readonly #spare: number[] = []
  readonly #vacant: number[] = []

  /** `stride`: numbers per entry. */
  constructor(stride: number) {
    this.#stride = stride
  }

  /** An entry, with anything in it. */
  next(): number {
    if (this.#used === CHUNK_ENTRIES) this.#nextChunk()
    const current = this.#current
    this.#live[current] = (this.#live[current] as number) + 1
    return (current << CHUNK_BITS) + this.#used++
  }

  #nextChunk(): void {
    this.#used = 0
    if (this.#live[this.#current] === 0) return
    const number = this.#spare.pop() ?? this.#vacant.pop() ?? this.chunks.length
    this.#current = number
    this.#live[number] = 0
    if ((this.chunks[number] ?? NO_CHUNK) === NO_CHUNK)
      this.chunks[number] = new Float64Array(CHUNK_ENTRIES * this.#stride)
  }

  /** Takes back the entries from `from` up to `to`, of one chunk. */
  release(from: number, to: number): void {
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
      const inUse = this.chunks.length - this.#vacant.length - spare.length
      if (spare.length <= inUse + 2) return
      const number = spare.pop() as number
      this.chunks[number] = NO_CHUNK
      this.#vacant.push(number)
    }
  }
}
