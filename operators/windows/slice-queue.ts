/**
 * The slices of one key, as a queue that knows the aggregate of all it holds.
 *
 * Two stacks, as in "General Incremental Sliding-Window Aggregation" (Tangwongsan et al., 2015): slices enter at the back, which keeps
 * one running aggregate; they leave at the front, where each entry holds the aggregate of itself and of all newer front
 * entries. When the front is empty the back is turned over. So a slice is merged about three times in its life, however
 * many windows it belongs to.
 *
 *      front (oldest last)                 back (newest last)
 *      …  [s2: a2+a3]  [s1: a1+a2+a3]  |  [s4: a4]  [s5: a5]    running: a4+a5
 *
 * Every entry belongs to the queue alone, so `merge` may reuse its first argument. Used by one thread.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'

/** What a queue holds, as plain data. */
export interface SliceQueueContents<Acc> {
  /**
   * Start of each front slice, oldest last, the aggregate from there to the newest front slice, and how many of the back slices
   * that aggregate holds besides.
   */
  readonly front: readonly (readonly [start: number, aggregate: Acc, joined: number])[]
  /** Start of each back slice, newest last, and its own accumulator. */
  readonly back: readonly (readonly [start: number, accumulator: Acc])[]
}

/** The functions of an aggregate that a queue calls. */
export type SliceAggregate<In, Acc> = Pick<
  AggregateFunction<In, Acc, unknown>,
  'createAccumulator' | 'add' | 'merge'
>

/** The slices of one key in the order of their starts. */
export class SliceQueue<In, Acc> {
  readonly #aggregate: SliceAggregate<In, Acc>
  readonly #frontStarts: number[] = []
  readonly #frontAggregates: Acc[] = []
  readonly #backStarts: number[] = []
  readonly #backAccumulators: Acc[] = []
  #running: Acc | undefined
  /** Per front aggregate, how many back slices, from the oldest, it has taken in: see `total`. */
  readonly #frontJoined: number[] = []

  constructor(aggregate: SliceAggregate<In, Acc>) {
    this.#aggregate = aggregate
  }

  get isEmpty(): boolean {
    return this.#frontStarts.length === 0 && this.#backStarts.length === 0
  }

  /** Adds a slice, mostly one that is newer than all others; the accumulator belongs to the queue from now on. */
  push(start: number, accumulator: Acc): void {
    const newest = this.#backStarts.at(-1) ?? this.#frontStarts[0]
    if (newest !== undefined && newest >= start) {
      this.#change(start, (into) => this.#aggregate.merge(into, accumulator))
      return
    }
    this.#running =
      this.#backStarts.length === 0
        ? this.#aggregate.merge(this.#aggregate.createAccumulator(), accumulator)
        : this.#aggregate.merge(this.#running as Acc, accumulator)
    this.#backStarts.push(start)
    this.#backAccumulators.push(accumulator)
  }

  /** Drops the slices that start before `start`. */
  dropBefore(start: number): void {
    const starts = this.#frontStarts
    this.#pop(start)
    if (starts.length > 0 || this.#backStarts.length === 0) return
    if ((this.#backStarts[0] as number) >= start) return
    this.#turnOver()
    this.#pop(start)
  }

  #pop(start: number): void {
    const starts = this.#frontStarts
    while (starts.length > 0 && (starts.at(-1) as number) < start) {
      starts.pop()
      this.#frontAggregates.pop()
      this.#frontJoined.pop()
    }
  }

  #turnOver(): void {
    let newer: Acc | undefined
    for (let at = this.#backStarts.length - 1; at >= 0; at--) {
      const own = this.#backAccumulators[at] as Acc
      newer = this.#frontStarts.length === 0 ? own : this.#aggregate.merge(own, newer as Acc)
      this.#frontStarts.push(this.#backStarts[at] as number)
      this.#frontAggregates.push(newer)
      this.#frontJoined.push(0)
    }
    this.#backStarts.length = 0
    this.#backAccumulators.length = 0
    this.#running = undefined
  }

  /**
   * The aggregate of all slices: only to be read, and only until the queue changes. The queue is not empty.
   *
   * The back is joined into the oldest front aggregate itself, because that one mostly leaves before the next question; where it
   * stays, only what has come since is joined.
   */
  total(): Acc {
    const oldest = this.#frontAggregates.length - 1
    if (oldest === -1) return this.#running as Acc
    let total = this.#frontAggregates[oldest] as Acc
    const { length } = this.#backStarts
    const joined = this.#frontJoined[oldest] as number
    if (joined === length) return total
    if (joined === 0) {
      total = this.#aggregate.merge(total, this.#running as Acc)
    } else {
      for (let at = joined; at < length; at++)
        total = this.#aggregate.merge(total, this.#backAccumulators[at] as Acc)
    }
    this.#frontJoined[oldest] = length
    this.#frontAggregates[oldest] = total
    return total
  }

  /** Adds a record to the slice that starts at `start`, which may be any, and may not be there yet. Costs the length of the queue. */
  addLate(start: number, value: In): void {
    this.#change(start, (into) => this.#aggregate.add(into, value))
  }

  /** Applies `add` to all that covers the slice at `start`. */
  #change(start: number, add: (into: Acc) => Acc): void {
    const newestFront = this.#frontStarts[0]
    if (newestFront !== undefined && start <= newestFront) this.#changeFront(start, add)
    else this.#changeBack(start, add)
  }

  #changeFront(start: number, add: (into: Acc) => Acc): void {
    const starts = this.#frontStarts
    const aggregates = this.#frontAggregates
    let at = starts.findIndex((other) => other <= start)
    if (at === -1) at = starts.length
    if (starts[at] !== start) {
      starts.splice(at, 0, start)
      aggregates.splice(at, 0, this.#copyOf(aggregates[at - 1] as Acc))
      this.#frontJoined.splice(at, 0, this.#frontJoined[at - 1] as number)
    }
    for (let older = at; older < starts.length; older++)
      aggregates[older] = add(aggregates[older] as Acc)
  }

  #changeBack(start: number, add: (into: Acc) => Acc): void {
    const starts = this.#backStarts
    const running =
      starts.length === 0 ? this.#aggregate.createAccumulator() : (this.#running as Acc)
    let at = starts.findIndex((other) => other >= start)
    if (at === -1) at = starts.length
    const isNew = starts[at] !== start
    if (isNew) {
      starts.splice(at, 0, start)
      this.#backAccumulators.splice(at, 0, add(this.#aggregate.createAccumulator()))
    } else {
      this.#backAccumulators[at] = add(this.#backAccumulators[at] as Acc)
    }
    this.#running = add(running)
    for (let front = 0; front < this.#frontJoined.length; front++) {
      const joined = this.#frontJoined[front] as number
      if (at >= joined) continue
      this.#frontAggregates[front] = add(this.#frontAggregates[front] as Acc)
      if (isNew) this.#frontJoined[front] = joined + 1
    }
  }

  #copyOf(accumulator: Acc): Acc {
    return this.#aggregate.merge(this.#aggregate.createAccumulator(), accumulator)
  }

  /** For a snapshot: the accumulators themselves, to be packed before the queue changes. */
  contents(): SliceQueueContents<Acc> {
    return {
      front: this.#frontStarts.map((start, i) => [
        start,
        this.#frontAggregates[i] as Acc,
        this.#frontJoined[i] as number,
      ]),
      back: this.#backStarts.map((start, i) => [start, this.#backAccumulators[i] as Acc]),
    }
  }

  /** Puts back what a snapshot holds, into an empty queue. */
  restore({ front, back }: SliceQueueContents<Acc>): void {
    for (const [start, aggregate, joined] of front) {
      this.#frontStarts.push(start)
      this.#frontAggregates.push(aggregate)
      this.#frontJoined.push(joined)
    }
    for (const [start, accumulator] of back) this.push(start, accumulator)
  }
}
