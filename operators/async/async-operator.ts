/**
 * Asks something outside for every record, with many records in flight at once. Flink's AsyncWaitOperator.
 *
 * On the slot's thread. While `capacity` records are here, the input stands still (`hold`). Records that an operator before this one
 * makes of one record still come; they wait until others have left, so that no more than `capacity` are asked for at once, and the
 * queue is bounded by `capacity` and that operator's fan-out.
 *
 * Watermarks do not overtake results: `outputWatermark` says how far they may go.
 *
 * The snapshot holds the records, not the answers: after a restore all of them are asked for again, from their first attempt and
 * with the whole timeout.
 *
 * Differs from Flink: retries go on after the end of input, where Flink makes one last attempt at once; a record that failed for good
 * can leave as a dead letter, in its place.
 */
import type { StateBackend } from '../../checkpoint/state/state-backend.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { Operator, OperatorContext, Output } from '../operator.ts'
import type { AsyncOperatorOptions } from './async-options.ts'
import type { PendingRecord } from './pending-record.ts'
import { Questions } from './questions.ts'
import { resultQueue } from './result-queue.ts'
import type { ResultQueue } from './result-queue.ts'

/** A record in a snapshot: the watermark before it, its event time, itself. */
type StoredRecord = readonly [after: number, timestamp: number, value: unknown]

/** Makes the operator of one subtask. */
export function asyncOperator(options: AsyncOperatorOptions): Operator {
  return new AsyncOperator(options)
}

class AsyncOperator implements Operator {
  readonly holds = true
  readonly #options: AsyncOperatorOptions
  #flight: Flight | undefined

  constructor(options: AsyncOperatorOptions) {
    this.#options = options
  }

  get outputWatermark(): number {
    return this.#flight?.outputWatermark ?? MIN_TIMESTAMP
  }

  open(context: OperatorContext, output: Output): void {
    this.#flight = new Flight(this.#options, context, output)
    this.#flight.register(context.state)
  }

  processRecord(value: unknown, timestamp: number): void {
    this.#opened.take(value, timestamp)
  }

  processWatermark(watermark: number): boolean {
    this.#opened.fence(watermark)
    return true
  }

  resume(): boolean {
    return this.#opened.emit()
  }

  processTime(now: number): boolean {
    return this.#opened.takeTime(now)
  }

  endInput(): boolean {
    return this.#opened.emit() && this.#opened.empty
  }

  close(): void {
    this.#flight?.close()
  }

  get #opened(): Flight {
    if (this.#flight === undefined)
      throw new MillraceError('NOT_OPEN', 'an asynchronous operator got a record before `open`')
    return this.#flight
  }
}

/** The records of an opened operator. */
class Flight {
  readonly #capacity: number
  readonly #context: OperatorContext
  readonly #output: Output
  readonly #queue: ResultQueue
  readonly #questions: Questions
  /** Records that nobody has asked for yet, in order. */
  #waiting: PendingRecord[] = []
  /** Where event time stands. After a restore it begins anew, and the records in the queue stand behind other watermarks. */
  #watermark = MIN_TIMESTAMP
  /** Records that have been asked for and have not left. */
  #inFlight = 0
  #holding = false

  constructor(options: AsyncOperatorOptions, context: OperatorContext, output: Output) {
    this.#capacity = options.capacity
    this.#context = context
    this.#output = output
    const queue = resultQueue(options.order)
    this.#queue = queue
    this.#questions = new Questions(options, context, (record) => {
      queue.done(record)
    })
  }

  get outputWatermark(): number {
    return this.#queue.released
  }

  get empty(): boolean {
    return this.#queue.size === 0
  }

  register(state: StateBackend): void {
    state.registerOperator({
      name: 'millrace.in flight',
      kind: 'async records',
      version: 1,
      redistribution: 'split',
      snapshot: () => this.#queue.records().map(stored),
      restore: (items) => {
        this.#restore(items as readonly StoredRecord[])
      },
    })
  }

  /** A record comes in. */
  take(value: unknown, timestamp: number): void {
    if (this.#watermark < this.#queue.newest) this.#queue.beginAnew(this.#watermark)
    this.#add(value, timestamp)
  }

  fence(watermark: number): void {
    this.#watermark = watermark
    this.#queue.fence(watermark)
  }

  takeTime(now: number): boolean {
    // What has been answered is not late.
    this.#questions.takeAnswers()
    this.#questions.takeTime(now)
    return this.emit()
  }

  /** Hands on what may leave. False: there is more, and no room. */
  emit(): boolean {
    this.#questions.takeAnswers()
    const watermark = this.#queue.released
    let room = true
    while (this.#queue.ready) {
      if (this.#queue.released > watermark) {
        // The next record came behind a watermark that may go on now, and does so between two calls.
        this.#context.wake()
        break
      }
      room = !this.#output.full
      const record = room ? this.#queue.take() : undefined
      if (record === undefined) break
      this.#emitOne(record)
      this.#inFlight--
    }
    this.#beginWaiting()
    this.#updateHold()
    return room
  }

  close(): void {
    this.#questions.close(this.#queue.records())
    this.#waiting = []
  }

  /**
   * The records of several subtasks, in the order of the watermarks before them, so that none comes behind a watermark that it was
   * before. What stood behind the last record comes again from the inputs, whose watermarks may begin further back.
   */
  #restore(items: readonly StoredRecord[]): void {
    const ordered = [...items].sort(([left], [right]) => (left === right ? 0 : left - right))
    for (const [after, timestamp, value] of ordered) {
      this.#queue.fence(after)
      this.#add(value, timestamp)
    }
  }

  #add(value: unknown, timestamp: number): void {
    const record = this.#queue.add(value, timestamp)
    if (this.#inFlight < this.#capacity) this.#begin(record)
    else this.#waiting.push(record)
    if (!this.#holding) this.#updateHold()
  }

  #begin(record: PendingRecord): void {
    this.#inFlight++
    this.#questions.begin(record)
  }

  #emitOne({ value, timestamp, result, outcome }: PendingRecord): void {
    switch (outcome) {
      case 'one':
        this.#output.emit(result, timestamp)
        return
      case 'many':
        for (const each of result as readonly unknown[]) this.#output.emit(each, timestamp)
        return
      case 'bad':
        this.#context.badRecords?.(value, timestamp, result)
        return
    }
  }

  #beginWaiting(): void {
    const room = this.#capacity - this.#inFlight
    if (this.#waiting.length === 0 || room === 0) return
    for (const record of this.#waiting.splice(0, room)) this.#begin(record)
  }

  #updateHold(): void {
    const full = this.#queue.size >= this.#capacity
    if (full === this.#holding) return
    this.#holding = full
    this.#context.hold(full)
  }
}

function stored({ fence, timestamp, value }: PendingRecord): StoredRecord {
  return [fence.after, timestamp, value]
}
