/**
 * The records of an asynchronous operator in the order in which their results may leave, with watermarks as fences between them.
 *
 * A fence is no item of its own: every record knows the one before it, so the watermark that may leave is that
 * of the first record still there. Modelled on Flink's OrderedStreamElementQueue and UnorderedStreamElementQueue.
 */
import { Fifo } from '../../mailbox/fifo.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { AsyncOrder } from './async-function.ts'
import { PendingRecord } from './pending-record.ts'
import type { Fence } from './pending-record.ts'

/** Records in flight. */
export interface ResultQueue {
  /** Records that have not been taken. */
  readonly size: number
  /** Whether `take` has something. */
  readonly ready: boolean
  /** How far the watermark may go on: no record that came before it is here. */
  readonly released: number
  /** A record has come. */
  add(value: unknown, timestamp: number): PendingRecord
  /** Event time has come to `watermark`. Records that come now may not leave before those that are here. */
  fence(watermark: number): void
  /**
   * Event time stands at `watermark`, before the newest fence, because it has begun anew behind a restore: no record stands behind a
   * later watermark any more. Takes a look at every record.
   */
  beginAnew(watermark: number): void
  /** The watermark before the records that come now. */
  readonly newest: number
  /** A record has its result. */
  done(record: PendingRecord): void
  /** Removes and returns the next record whose result may leave. */
  take(): PendingRecord | undefined
  /** All records, those that may leave first before the others. */
  records(): PendingRecord[]
}

/** Makes an empty queue. */
export function resultQueue(order: AsyncOrder): ResultQueue {
  return order === 'ordered' ? new OrderedQueue() : new UnorderedQueue()
}

class OrderedQueue implements ResultQueue {
  readonly #records = new Fifo<PendingRecord>()
  #fence: Fence = { after: MIN_TIMESTAMP }

  get size(): number {
    return this.#records.size
  }

  get ready(): boolean {
    return this.#records.peek()?.state === 'done'
  }

  get released(): number {
    return (this.#records.peek()?.fence ?? this.#fence).after
  }

  add(value: unknown, timestamp: number): PendingRecord {
    const record = new PendingRecord(value, timestamp, this.#fence)
    this.#records.push(record)
    return record
  }

  fence(watermark: number): void {
    if (watermark > this.#fence.after) this.#fence = { after: watermark }
  }

  beginAnew(watermark: number): void {
    for (const { fence } of this.records()) fence.after = Math.min(fence.after, watermark)
    this.#fence.after = Math.min(this.#fence.after, watermark)
  }

  get newest(): number {
    return this.#fence.after
  }

  done(): void {
    // The record stays in its place.
  }

  take(): PendingRecord | undefined {
    return this.ready ? this.#records.shift() : undefined
  }

  records(): PendingRecord[] {
    const records: PendingRecord[] = []
    for (let left = this.#records.size; left > 0; left--) {
      const record = this.#records.shift()
      if (record === undefined) break
      records.push(record)
      this.#records.push(record)
    }
    return records
  }
}

/**
 * The records between two watermarks: a list in the order in which they came, from which each can go without a search, and those with a
 * result, in the order in which they got it. A
 * Set of them costs more per record (benchmarks/async).
 */
class Segment implements Fence {
  /** Changes while it is empty, and where event time begins anew. */
  after: number
  next: Segment | undefined
  readonly #done = new Fifo<PendingRecord<Segment>>()
  #first: PendingRecord<Segment> | undefined
  #last: PendingRecord<Segment> | undefined

  constructor(after: number) {
    this.after = after
  }

  get empty(): boolean {
    return this.#first === undefined
  }

  get ready(): boolean {
    return this.#done.size > 0
  }

  add(record: PendingRecord<Segment>): void {
    record.previous = this.#last
    if (this.#last === undefined) this.#first = record
    else this.#last.next = record
    this.#last = record
  }

  done(record: PendingRecord<Segment>): void {
    this.#done.push(record)
  }

  take(): PendingRecord<Segment> | undefined {
    const record = this.#done.shift()
    if (record === undefined) return undefined
    const { previous, next } = record
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    return record
  }

  records(): PendingRecord<Segment>[] {
    const records: PendingRecord<Segment>[] = []
    for (let record = this.#first; record !== undefined; record = record.next) records.push(record)
    return records
  }
}

/** A chain of segments, of which only the first gives records away and only the last takes them. None is empty but the last. */
class UnorderedQueue implements ResultQueue {
  #first = new Segment(MIN_TIMESTAMP)
  #last = this.#first
  #size = 0

  get size(): number {
    return this.#size
  }

  get ready(): boolean {
    return this.#first.ready
  }

  get released(): number {
    return this.#first.after
  }

  add(value: unknown, timestamp: number): PendingRecord {
    const record = new PendingRecord(value, timestamp, this.#last)
    this.#last.add(record)
    this.#size++
    return record
  }

  fence(watermark: number): void {
    const last = this.#last
    if (watermark <= last.after) return
    if (last.empty) {
      last.after = watermark
      return
    }
    this.#last = new Segment(watermark)
    last.next = this.#last
  }

  beginAnew(watermark: number): void {
    for (let at: Segment | undefined = this.#first; at !== undefined; at = at.next)
      at.after = Math.min(at.after, watermark)
  }

  get newest(): number {
    return this.#last.after
  }

  done(record: PendingRecord<Segment>): void {
    record.fence.done(record)
  }

  take(): PendingRecord | undefined {
    const first = this.#first
    const record = first.take()
    if (record === undefined) return undefined
    this.#size--
    if (first.empty && first.next !== undefined) this.#first = first.next
    return record
  }

  records(): PendingRecord[] {
    const records: PendingRecord[] = []
    for (let at: Segment | undefined = this.#first; at !== undefined; at = at.next)
      records.push(...at.records())
    return records
  }
}
