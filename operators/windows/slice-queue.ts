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
 * Every entry belongs to the queue alone, so `merge` may reuse its first argument. Where it may keep parts of its second one too (aggregates that are
 * not ours), entries of the back and the running aggregate share nothing. Those of the front share with newer ones what turning over has made them
 * keep; such an entry is copied before it is changed. Copying all of them at once would multiply lists by the number of slices.
 *
 * Both stacks are linked lists of the same entries, because a firing passes through all keys: what counts is how many places in memory it
 * touches. Used by one thread.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import type { Unshare } from '../aggregates/unshared.ts'

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

/** Where a slice starts: an object that all keys share, because V8 would box a number for each of them. */
export interface SliceStart {
  readonly start: number
}

/** A slice. In the back with its own accumulator, in the front with the aggregate from it to the newest front slice. */
class Entry<Acc> {
  at: SliceStart
  value: Acc
  /** In the front: how many back slices, from the oldest, the aggregate has taken in, see `total`. */
  joined = 0
  /** In the front the next newer slice, in the back the next older one. */
  next: Entry<Acc> | undefined

  constructor(at: SliceStart, value: Acc, next: Entry<Acc> | undefined) {
    this.at = at
    this.value = value
    this.next = next
  }
}

/** The slices of one key in the order of their starts. */
export class SliceQueue<In, Acc> {
  readonly #aggregate: SliceAggregate<In, Acc>
  readonly #unshare: Unshare<Acc> | undefined
  /** The two ends of the front: what leaves next, and where it meets the back. */
  #oldest: Entry<Acc> | undefined
  #frontEnd: SliceStart | undefined
  /** The two ends of the back, and its length. */
  #newest: Entry<Acc> | undefined
  #backEnd: SliceStart | undefined
  #backLength = 0
  #running: Acc | undefined
  #spare: Entry<Acc> | undefined

  /** `unshare`: of the aggregate, see `unshareFor`. */
  constructor(aggregate: SliceAggregate<In, Acc>, unshare?: Unshare<Acc>) {
    this.#aggregate = aggregate
    this.#unshare = unshare
  }

  /** Whether there is no slice. */
  get isEmpty(): boolean {
    return this.#oldest === undefined && this.#newest === undefined
  }

  /** Adds a slice, mostly one that is newer than all others; the accumulator belongs to the queue from now on. */
  push(at: SliceStart, accumulator: Acc): void {
    const newest = this.#newest
    const end = newest === undefined ? this.#lastOfFront() : newest.at
    if (end !== undefined && end.start >= at.start) {
      this.#change(at, (into) => this.#merge(into, accumulator))
      return
    }
    if (newest === undefined) {
      this.#running = this.#copyOf(accumulator)
      this.#backEnd = at
    } else {
      this.#running = this.#merge(this.#running as Acc, accumulator)
    }
    this.#newest = this.#entry(at, accumulator, newest)
    this.#backLength++
  }

  /** Uses the entry again that left last: most queues lose a slice for each that they get. */
  #entry(at: SliceStart, accumulator: Acc, next: Entry<Acc> | undefined): Entry<Acc> {
    const entry = this.#spare
    if (entry === undefined) return new Entry(at, accumulator, next)
    this.#spare = undefined
    entry.at = at
    entry.value = accumulator
    entry.joined = 0
    entry.next = next
    return entry
  }

  #lastOfFront(): SliceStart | undefined {
    return this.#oldest === undefined ? undefined : this.#frontEnd
  }

  /** Drops the slices that start before `start`. */
  dropBefore(start: number): void {
    this.#pop(start)
    if (this.#oldest !== undefined || this.#newest === undefined) return
    if ((this.#backEnd as SliceStart).start >= start) return
    this.#turnOver(this.#newest)
    this.#pop(start)
  }

  #pop(start: number): void {
    let oldest = this.#oldest
    if (oldest === undefined || oldest.at.start >= start) return
    while (oldest !== undefined && oldest.at.start < start) {
      this.#spare = oldest
      oldest = oldest.next
    }
    this.#oldest = oldest
  }

  #turnOver(newest: Entry<Acc>): void {
    let newer: Entry<Acc> | undefined
    let entry: Entry<Acc> | undefined = newest
    while (entry !== undefined) {
      const older: Entry<Acc> | undefined = entry.next
      if (newer !== undefined) entry.value = this.#aggregate.merge(entry.value, newer.value)
      entry.next = newer
      newer = entry
      entry = older
    }
    this.#oldest = newer
    this.#frontEnd = newest.at
    this.#newest = undefined
    this.#backLength = 0
    this.#running = undefined
  }

  /**
   * The aggregate of all slices: only to be read, and only until the queue changes. The queue is not empty.
   *
   * The back is joined into the oldest front aggregate itself, because that one mostly leaves before the next question; where it
   * stays, only what has come since is joined.
   */
  total(): Acc {
    const oldest = this.#oldest
    if (oldest === undefined) return this.#running as Acc
    const { joined } = oldest
    if (joined === this.#backLength) return oldest.value
    if (joined === 0) {
      oldest.value = this.#merge(this.#unsharedFront(oldest), this.#running as Acc)
    } else {
      for (const { value } of this.#back().slice(joined))
        oldest.value = this.#merge(oldest.value, value)
    }
    oldest.joined = this.#backLength
    return oldest.value
  }

  /** Adds a record to the slice that starts at `start`, which may be any, and may not be there yet. Costs the length of the queue. */
  addLate(start: number, value: In): void {
    this.#change({ start }, (into) => this.#aggregate.add(into, value))
  }

  /** The same with what records of one slice have been added up to. */
  mergeLate(start: number, accumulator: Acc): void {
    this.#change({ start }, (into) => this.#merge(into, accumulator))
  }

  /** Applies `add` to all that covers the slice at `at`. */
  #change(at: SliceStart, add: (into: Acc) => Acc): void {
    const frontEnd = this.#lastOfFront()
    if (frontEnd !== undefined && at.start <= frontEnd.start) this.#changeFront(at, add)
    else this.#changeBack(at, add)
  }

  #changeFront(at: SliceStart, add: (into: Acc) => Acc): void {
    let older: Entry<Acc> | undefined
    let entry = this.#oldest as Entry<Acc>
    while (entry.at.start < at.start) {
      entry.value = add(this.#unsharedFront(entry))
      older = entry
      entry = entry.next as Entry<Acc>
    }
    if (entry.at.start === at.start) {
      entry.value = add(this.#unsharedFront(entry))
      return
    }
    const added = new Entry(at, add(this.#copyOf(entry.value)), entry)
    added.joined = entry.joined
    if (older === undefined) this.#oldest = added
    else older.next = added
  }

  #changeBack(at: SliceStart, add: (into: Acc) => Acc): void {
    const running = this.#newest === undefined ? this.#aggregate.createAccumulator() : this.#running
    this.#running = add(running as Acc)
    let newer: Entry<Acc> | undefined
    let entry = this.#newest
    let index = this.#backLength - 1
    while (entry !== undefined && entry.at.start > at.start) {
      newer = entry
      entry = entry.next
      index--
    }
    const isNew = entry?.at.start !== at.start
    if (entry !== undefined && !isNew) {
      entry.value = add(entry.value)
    } else {
      index++
      this.#insertIntoBack(new Entry(at, add(this.#aggregate.createAccumulator()), entry), newer)
    }
    for (let front = this.#oldest; front !== undefined; front = front.next) {
      if (index >= front.joined) continue
      front.value = add(this.#unsharedFront(front))
      if (isNew) front.joined++
    }
  }

  #insertIntoBack(added: Entry<Acc>, newer: Entry<Acc> | undefined): void {
    if (newer === undefined) this.#newest = added
    else newer.next = added
    if (added.next === undefined) this.#backEnd = added.at
    this.#backLength++
  }

  /** Adds what stays in use to what belongs to its owner alone. */
  #merge(into: Acc, accumulator: Acc): Acc {
    const unshare = this.#unshare
    return this.#aggregate.merge(into, unshare === undefined ? accumulator : unshare(accumulator))
  }

  #copyOf(accumulator: Acc): Acc {
    return this.#merge(this.#aggregate.createAccumulator(), accumulator)
  }

  /** The aggregate of a front entry, to be changed: newer ones may share parts of it. */
  #unsharedFront({ value }: Entry<Acc>): Acc {
    return this.#unshare === undefined ? value : this.#copyOf(value)
  }

  /** The back, oldest first. */
  #back(): Entry<Acc>[] {
    return linked(this.#newest).reverse()
  }

  /** For a snapshot: the accumulators themselves, to be packed before the queue changes. */
  contents(): SliceQueueContents<Acc> {
    const front = linked(this.#oldest).reverse()
    return {
      front: front.map(({ at, value, joined }) => [at.start, value, joined]),
      back: this.#back().map(({ at, value }) => [at.start, value]),
    }
  }

  /** Puts back what a snapshot holds, into an empty queue. */
  restore({ front, back }: SliceQueueContents<Acc>): void {
    for (const [start, aggregate, joined] of front) {
      const entry: Entry<Acc> = new Entry({ start }, aggregate, this.#oldest)
      if (this.#oldest === undefined) this.#frontEnd = entry.at
      entry.joined = joined
      this.#oldest = entry
    }
    for (const [start, accumulator] of back) this.push({ start }, accumulator)
  }
}

function linked<Acc>(first: Entry<Acc> | undefined): Entry<Acc>[] {
  const entries: Entry<Acc>[] = []
  for (let entry = first; entry !== undefined; entry = entry.next) entries.push(entry)
  return entries
}

/** The slices of a queue, oldest first, each with its own accumulator: what front entries hold besides is taken away by `minus`. */
export function ownSlices<Acc>(
  { front, back }: SliceQueueContents<Acc>,
  minus: (a: Acc, b: Acc) => Acc,
): readonly (readonly [start: number, accumulator: Acc])[] {
  // Front entries hold what is newer than they are in the front, and the first ones of the back perhaps.
  const own: (readonly [start: number, accumulator: Acc])[] = []
  let newer: Acc | undefined
  for (const [start, aggregate, joined] of front) {
    let inFront = aggregate
    for (const [, accumulator] of back.slice(0, joined)) inFront = minus(inFront, accumulator)
    own.push([start, newer === undefined ? inFront : minus(inFront, newer)])
    newer = inFront
  }
  return [...own.reverse(), ...back]
}
