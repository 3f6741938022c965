/**
 * The records of an asynchronous operator in the order in which their results may leave, with watermarks as fences between them.
 *
 * A fence is no item of its own: every record knows the newest watermark that came before it, so the watermark that may leave is that
 * of the first record still there. Modelled on Flink's OrderedStreamElementQueue and UnorderedStreamElementQueue.
 */
import { Fifo } from '../../mailbox/fifo.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { AsyncOrder } from './async-function.ts'
import { PendingRecord } from './pending-record.ts'

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
  #fence = MIN_TIMESTAMP

  get size(): number {
    return this.#records.size
  }

  get ready(): boolean {
    return this.#records.peek()?.state === 'done'
  }

  get released(): number {
    return this.#records.peek()?.after ?? this.#fence
  }

  add(value: unknown, timestamp: number): PendingRecord {
    const record = new PendingRecord(value, timestamp, this.#fence)
    this.#records.push(record)
    return record
  }

  fence(watermark: number): void {
    if (watermark > this.#fence) this.#fence = watermark
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

/** The records between two watermarks. */
export interface Segment {
  readonly after: number
  /** In the order in which they came. */
  readonly records: Set<PendingRecord>
  /** Those with a result, in the order in which they got it. */
  readonly done: Fifo<PendingRecord>
}

/** Only the first segment gives records away; the others wait until it is empty. */
class UnorderedQueue implements ResultQueue {
  readonly #segments: Segment[] = []
  #size = 0
  #fence = MIN_TIMESTAMP

  get size(): number {
    return this.#size
  }

  get ready(): boolean {
    const first = this.#segments[0]
    return first !== undefined && first.done.size > 0
  }

  get released(): number {
    return this.#segments[0]?.after ?? this.#fence
  }

  add(value: unknown, timestamp: number): PendingRecord {
    const record = new PendingRecord(value, timestamp, this.#fence)
    let segment = this.#segments.at(-1)
    if (segment === undefined || segment.after !== this.#fence) {
      segment = { after: this.#fence, records: new Set(), done: new Fifo() }
      this.#segments.push(segment)
    }
    segment.records.add(record)
    record.segment = segment
    this.#size++
    return record
  }

  fence(watermark: number): void {
    if (watermark <= this.#fence) return
    this.#fence = watermark
    this.#dropEmpty()
  }

  done(record: PendingRecord): void {
    record.segment?.done.push(record)
  }

  take(): PendingRecord | undefined {
    const first = this.#segments[0]
    const record = first?.done.shift()
    if (first === undefined || record === undefined) return undefined
    first.records.delete(record)
    record.segment = undefined
    this.#size--
    if (first.records.size === 0) this.#dropEmpty()
    return record
  }

  records(): PendingRecord[] {
    return this.#segments.flatMap(({ records }) => [...records])
  }

  /** An empty first segment goes, unless records may still be added to it. */
  #dropEmpty(): void {
    const first = this.#segments[0]
    if (first === undefined || first.records.size > 0 || first.after === this.#fence) return
    this.#segments.shift()
  }
}
