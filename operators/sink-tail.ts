/**
 * The end of a chain that hands records to the writer of a sink.
 *
 * Records are collected and handed over in batches: when 512 have come, or when the slot has nothing better to do. While the
 * writer's promise is pending the subtask's gate is blocked: that is the backpressure of a slow sink. Records that come packed are handed
 * over one after the other, behind what was collected before them.
 *
 * At a barrier, and at the end of the input, the writer prepares what it has got so far. Meanwhile the subtask hands over nothing: at a
 * barrier its gate is blocked, by the subtask.
 */
import type { SinkSnapshot } from '../checkpoint/subtask-snapshot.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { Fifo } from '../mailbox/fifo.ts'
import type { OutputGate } from '../runtime/output-channel.ts'
import { BATCH_RECORDS } from '../runtime/output-channel.ts'
import type { Flushable, Slot } from '../runtime/slot.ts'
import { checkedPrepared } from './connector-checks.ts'
import { operatorError } from './operator-error.ts'
import type { OperatorFailure } from './operator-error.ts'
import type { PackedOutput } from './packed-records.ts'
import type { SinkWriter } from './sink.ts'

/** Which sink a tail belongs to: its name in errors, its uid in checkpoints. */
export interface SinkOwner extends OperatorFailure {
  readonly uid: string
}

/** What the writer gets in one call. */
type HandOver =
  | { readonly values: readonly unknown[]; readonly timestamps: Float64Array }
  | { readonly packed: unknown; readonly records: number }

/** Collects the records of one sink in one subtask. */
export class SinkTail implements PackedOutput, Flushable {
  dirty = false
  /** Records handed to the writer. */
  recordCount = 0
  /** How many more records have come than values: packed ones are one value. */
  packedSurplus = 0
  readonly #slot: Slot
  readonly #gate: OutputGate
  readonly #onError: (error: unknown) => void
  readonly #owner: SinkOwner
  #writer: SinkWriter<unknown> | undefined
  /** Of full batches one with room for the next, which need not grow; after smaller ones empty. */
  #values: unknown[] = []
  /** Records in it. */
  #length = 0
  #timestamps = new Float64Array(BATCH_RECORDS)
  /** What comes before the records collected now; mostly empty. */
  readonly #waiting = new Fifo<HandOver>()
  /** Resolves when this subtask has heard that the writer is done, well or not; undefined while the writer is free. */
  #writing: Promise<void> | undefined
  /** Settles when the writer has prepared, well or not. */
  #preparing: Promise<unknown> | undefined
  /** Nothing is handed over any more. */
  #failure: Error | undefined

  /** All errors are `OperatorError`s that name the `owner`. */
  constructor(slot: Slot, gate: OutputGate, owner: SinkOwner, onError: (error: unknown) => void) {
    this.#slot = slot
    this.#gate = gate
    this.#owner = owner
    this.#onError = onError
  }

  get full(): boolean {
    return this.#gate.full
  }

  /** Gives the tail its writer. Before the first record. */
  setWriter(writer: SinkWriter<unknown>): void {
    this.#writer = writer
  }

  emit(value: unknown, timestamp: number): void {
    const length = this.#length
    if (length === this.#timestamps.length) this.#grow()
    this.#values[length] = value
    this.#timestamps[length] = timestamp
    this.#length = length + 1
    if (length === 0) this.#slot.markDirty(this)
    if (length + 1 >= BATCH_RECORDS) this.flush()
  }

  emitPacked(packed: unknown, records: number): void {
    this.packedSurplus += records - 1
    if (this.#length > 0) this.#waiting.push(this.#takeCollected())
    this.#waiting.push({ packed, records })
    this.flush()
  }

  /** Hands over what was collected, unless the writer is still busy. */
  flush(): void {
    while (this.#pending && this.#writing === undefined && this.#failure === undefined) {
      this.#handOver(this.#waiting.shift() ?? this.#takeCollected())
    }
  }

  /** Whether there is something that the writer has not got. */
  get #pending(): boolean {
    return this.#length > 0 || this.#waiting.size > 0
  }

  #handOver(next: HandOver): void {
    let done: void | Promise<void>
    try {
      if ('values' in next) {
        this.recordCount += next.values.length
        done = this.#writer?.write(next.values, next.timestamps)
      } else {
        this.recordCount += next.records
        done = this.#writer?.writePacked?.(next.packed, next.records)
      }
    } catch (error) {
      this.#fail(error)
      return
    }
    if (typeof done?.then === 'function') this.#wait(done)
  }

  #takeCollected(): HandOver {
    const length = this.#length
    const values = this.#values
    const timestamps = this.#takeTimestamps(length)
    // The room that was left over must not count as records.
    if (length < values.length) values.length = length
    this.#values = length < BATCH_RECORDS ? [] : new Array(BATCH_RECORDS)
    this.#length = 0
    return { values, timestamps }
  }

  /**
   * Hands over the rest and lets the writer prepare; one that cannot, flushes, and so does every writer at the end (`last`). Resolves to
   * what the checkpoint must know of the writer. Rejects when the writer has failed or is aborted, with `INVALID_SINK`, or with
   * `UNSENDABLE_VALUE`. Nothing may be emitted before it has settled.
   */
  async prepare(last: boolean): Promise<SinkSnapshot> {
    while (this.#pending || this.#writing !== undefined) {
      this.#checkWhole()
      if (this.#writing === undefined) this.flush()
      await this.#writing
    }
    this.#checkWhole()
    const prepared = this.#guard(() => this.#prepareWriter(last))
    this.#preparing = prepared
    return prepared
  }

  /** The job has finished everywhere: ends the output well. */
  async commit(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await this.#guard(() => writer?.close())
  }

  /** The job has stopped with a savepoint that is committed: a writer that prepares keeps what it needs to be gone on from, any other ends well. */
  async stop(): Promise<void> {
    if (typeof this.#writer?.prepare === 'function') await this.abort(true)
    else await this.commit()
  }

  /**
   * The job has failed or was cancelled: leaves nothing half-written behind. `keepPrepared`: what belongs to a checkpoint stays, for the
   * job may go on from there.
   */
  async abort(keepPrepared = false): Promise<void> {
    this.#failure ??= operatorError(
      this.#owner,
      new MillraceError('ABORTED', 'the job was stopped before the writer had taken all records'),
    )
    await this.#writing
    // The writer is not told to abort while it still does what it was told before.
    await this.#preparing?.catch(() => {})
    const writer = this.#writer
    this.#writer = undefined
    await writer?.abort?.(keepPrepared)
  }

  async #prepareWriter(last: boolean): Promise<SinkSnapshot> {
    const { uid } = this.#owner
    const writer = this.#writer
    const prepares = typeof writer?.prepare === 'function'
    if (last || !prepares) await writer?.flush()
    if (!prepares) return { uid, state: undefined, committables: [] }
    return { uid, ...checkedPrepared(await writer.prepare?.(last)) }
  }

  #checkWhole(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  #wait(done: Promise<void>): void {
    this.#gate.block()
    this.#writing = new Promise((heard) => {
      this.#slot.whenSettled(
        done,
        () => {
          this.#writing = undefined
          if (this.#pending) this.#slot.markDirty(this)
          this.#gate.unblock()
          heard()
        },
        (error) => {
          this.#writing = undefined
          this.#fail(error)
          heard()
        },
      )
    })
  }

  #fail(error: unknown): void {
    this.#failure = operatorError(this.#owner, error)
    this.#onError(this.#failure)
  }

  async #guard<T>(action: () => T | Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      throw operatorError(this.#owner, error)
    }
  }

  /** Those of the batch, which nobody writes to again. */
  #takeTimestamps(length: number): Float64Array {
    const timestamps = this.#timestamps
    if (length < BATCH_RECORDS) return timestamps.slice(0, length)
    this.#timestamps = new Float64Array(BATCH_RECORDS)
    return timestamps.subarray(0, length)
  }

  /** One record can leave the chain as many while the writer is busy. */
  #grow(): void {
    const larger = new Float64Array(this.#timestamps.length * 2)
    larger.set(this.#timestamps)
    this.#timestamps = larger
  }
}
