/**
 * The records of one key and side that an interval join still needs, in the order of their times.
 *
 * Records mostly come in order and leave in order: adding goes to the end, removing moves the start. Equal times keep the order of
 * arrival. Used by the slot's thread only.
 */

/** Below this many removed records the arrays are left as they are. */
const COMPACT_FROM = 32

/** A side's records as they stand in a snapshot: times, records, and 1 for each that has met a partner. */
export type BufferPayload = readonly [
  times: readonly number[],
  values: readonly unknown[],
  matched: readonly number[],
]

/** Records with their times, and whether each has met a partner. Positions are valid until the next `add` or `removeFirst`. */
export class IntervalJoinBuffer {
  readonly #times: number[] = []
  readonly #values: unknown[] = []
  /** 1 or 0: small integers need no objects of their own. */
  readonly #matched: number[] = []
  #start = 0

  /** Position of the first record. */
  get start(): number {
    return this.#start
  }

  /** Position behind the last record. */
  get end(): number {
    return this.#times.length
  }

  get size(): number {
    return this.#times.length - this.#start
  }

  /** Time of the first record; +Infinity without one. */
  get firstTime(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.#times[this.#start] as number)
  }

  timeAt(position: number): number {
    return this.#times[position] as number
  }

  valueAt(position: number): unknown {
    return this.#values[position]
  }

  isMatched(position: number): boolean {
    return this.#matched[position] === 1
  }

  markMatched(position: number): void {
    this.#matched[position] = 1
  }

  /** Puts a record behind all that are not later. */
  add(time: number, value: unknown, matched: boolean): void {
    const { length } = this.#times
    if (this.size === 0 || (this.#times[length - 1] as number) <= time) {
      this.#times.push(time)
      this.#values.push(value)
      this.#matched.push(matched ? 1 : 0)
      return
    }
    const position = this.firstAfter(time)
    this.#times.splice(position, 0, time)
    this.#values.splice(position, 0, value)
    this.#matched.splice(position, 0, matched ? 1 : 0)
  }

  /** Position of the first record at `time` or later; `end` where there is none. */
  firstFrom(time: number): number {
    let low = this.#start
    let high = this.#times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#times[middle] as number) < time) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Position of the first record later than `time`; `end` where there is none. */
  firstAfter(time: number): number {
    let low = this.#start
    let high = this.#times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#times[middle] as number) <= time) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Removes the first record. There must be one. */
  removeFirst(): void {
    // The record must not live on in the part that is only cut off later.
    this.#values[this.#start] = undefined
    this.#start++
    const removed = this.#start
    if (removed < COMPACT_FROM || removed * 2 < this.#times.length) return
    this.#times.splice(0, removed)
    this.#values.splice(0, removed)
    this.#matched.splice(0, removed)
    this.#start = 0
  }

  /** A copy; the records in it are the buffer's own. */
  payload(): BufferPayload {
    const start = this.#start
    return [this.#times.slice(start), this.#values.slice(start), this.#matched.slice(start)]
  }

  /** Takes the records of a payload. */
  restore([times, values, matched]: BufferPayload): void {
    times.forEach((time, i) => {
      this.add(time, values[i], matched[i] === 1)
    })
  }
}
