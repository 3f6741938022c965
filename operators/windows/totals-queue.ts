/**
 * The slices of one key whose accumulators are totals: its part of `slice-totals`, which all keys of an operator share.
 *
 * Where an accumulator comes that cannot be added and taken away again exactly, the queue goes on as a `SliceQueue`, for good, and so does
 * each key that comes after it. Used by one thread.
 */
import { SliceQueue } from './slice-queue.ts'
import type { SliceAggregate, SliceQueueContents, SlicesOfKey, SliceStart } from './slice-queue.ts'
import type { SliceTotals } from './slice-totals.ts'

/** What the queues of an operator have in common. */
export interface SharedTotals<In, Acc> {
  readonly aggregate: SliceAggregate<In, Acc>
  readonly totals: SliceTotals<Acc>
  /** Whether each accumulator so far was exact. */
  exact: boolean
}

/** See the head of this file. */
export class TotalsQueue<In, Acc> implements SlicesOfKey<In, Acc> {
  readonly #shared: SharedTotals<In, Acc>
  readonly #totals: SliceTotals<Acc>
  readonly #key: number
  /** What it goes on as. */
  #plain: SliceQueue<In, Acc> | undefined

  constructor(shared: SharedTotals<In, Acc>) {
    this.#shared = shared
    this.#totals = shared.totals
    this.#key = shared.totals.addKey()
  }

  get isEmpty(): boolean {
    if (this.#plain !== undefined) return this.#plain.isEmpty
    return this.#totals.count(this.#key) === 0
  }

  push(at: SliceStart, accumulator: Acc): void {
    if (this.#plain !== undefined || !this.#totals.takes(accumulator))
      this.#asPlain().push(at, accumulator)
    else if (!this.#totals.add(this.#key, at.start, accumulator)) this.#asPlain()
  }

  /** For all keys that share the totals, which are asked together. */
  dropBefore(start: number): void {
    this.#totals.dropBefore(start)
    if (this.#plain !== undefined) this.#plain.dropBefore(start)
  }

  total(): Acc {
    return this.#plain === undefined ? this.#totals.total(this.#key) : this.#plain.total()
  }

  addLate(start: number, value: In): void {
    const { aggregate } = this.#shared
    if (this.#plain !== undefined) this.#plain.addLate(start, value)
    else this.push({ start }, aggregate.add(aggregate.createAccumulator(), value))
  }

  mergeLate(start: number, accumulator: Acc): void {
    if (this.#plain !== undefined) this.#plain.mergeLate(start, accumulator)
    else this.push({ start }, accumulator)
  }

  contents(): SliceQueueContents<Acc> {
    if (this.#plain !== undefined) return this.#plain.contents()
    return { front: [], back: this.#totals.slicesOf(this.#key) }
  }

  restore(contents: SliceQueueContents<Acc>): void {
    const { front, back } = contents
    const totals = this.#totals
    if (![...front, ...back].every(([, accumulator]) => totals.takes(accumulator)))
      this.#asPlain().restore(contents)
    else if (!totals.restore(this.#key, contents)) this.#asPlain()
  }

  forget(): void {
    if (this.#plain === undefined) this.#totals.removeKey(this.#key)
  }

  /** From now on it is one of objects. */
  #asPlain(): SliceQueue<In, Acc> {
    if (this.#plain !== undefined) return this.#plain
    const plain = new SliceQueue<In, Acc>(this.#shared.aggregate)
    plain.restore(this.contents())
    this.#totals.removeKey(this.#key)
    this.#shared.exact = false
    this.#plain = plain
    return plain
  }
}
