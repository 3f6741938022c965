/**
 * The end of a chain that hands records to the writer of a sink.
 *
 * Records are collected and handed over in batches: when 512 have come, or when the slot has nothing better to do. While the
 * writer's promise is pending the subtask's gate is blocked: that is the backpressure of a slow sink.
 */
import type { OutputGate } from '../runtime/output-channel.ts'
import { BATCH_RECORDS } from '../runtime/output-channel.ts'
import type { Flushable, Slot } from '../runtime/slot.ts'
import type { Output } from './operator.ts'
import { operatorError } from './operator-error.ts'
import type { OperatorFailure } from './operator-error.ts'
import type { SinkWriter } from './sink.ts'

/** Collects the records of one sink in one subtask. */
export class SinkTail implements Output, Flushable {
  dirty = false
  /** Records handed to the writer. */
  recordCount = 0
  readonly #slot: Slot
  readonly #gate: OutputGate
  readonly #onError: (error: unknown) => void
  readonly #owner: OperatorFailure
  #writer: SinkWriter<unknown> | undefined
  #values: unknown[] = []
  #timestamps = new Float64Array(BATCH_RECORDS)
  /** Resolves when this subtask has heard that the writer is done, well or not; undefined while the writer is free. */
  #writing: Promise<void> | undefined
  /** The flush at the end of the input. */
  #flushing: Promise<void> | undefined
  #broken = false

  /** `owner` names the sink in errors, all of which are `OperatorError`s. */
  constructor(
    slot: Slot,
    gate: OutputGate,
    owner: OperatorFailure,
    onError: (error: unknown) => void,
  ) {
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
    const values = this.#values
    const length = values.length
    if (length === this.#timestamps.length) this.#grow()
    values.push(value)
    this.#timestamps[length] = timestamp
    if (length === 0) this.#slot.markDirty(this)
    if (length + 1 >= BATCH_RECORDS) this.flush()
  }

  /** Hands over what was collected, unless the writer is still busy. */
  flush(): void {
    if (this.#writing !== undefined || this.#values.length === 0 || this.#broken) return
    const values = this.#values
    const timestamps = this.#timestamps.subarray(0, values.length)
    this.#values = []
    this.#timestamps = new Float64Array(BATCH_RECORDS)
    this.recordCount += values.length
    let done: void | Promise<void>
    try {
      done = this.#writer?.write(values, timestamps)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (typeof done?.then === 'function') this.#wait(done)
  }

  /** Hands over the rest and asks the writer to flush. Resolves when it has. */
  async finish(): Promise<void> {
    while (this.#values.length > 0 || this.#writing !== undefined) {
      if (this.#broken) return
      if (this.#writing === undefined) this.flush()
      await this.#writing
    }
    if (this.#broken) return
    this.#flushing = this.#guard(() => this.#writer?.flush())
    await this.#flushing
  }

  /** The job has finished everywhere: ends the output well. */
  async commit(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await this.#guard(() => writer?.close())
  }

  /** The job has failed or was cancelled: leaves nothing half-written behind. */
  async abort(): Promise<void> {
    this.#broken = true
    await this.#writing
    // The writer is not told to abort while it still does what it was told before.
    await this.#flushing?.catch(() => {})
    const writer = this.#writer
    this.#writer = undefined
    await writer?.abort?.()
  }

  #wait(done: Promise<void>): void {
    this.#gate.block()
    this.#writing = new Promise((heard) => {
      this.#slot.whenSettled(
        done,
        () => {
          this.#writing = undefined
          if (this.#values.length > 0) this.#slot.markDirty(this)
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
    this.#broken = true
    this.#onError(operatorError(this.#owner, error))
  }

  async #guard(action: () => void | Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      throw operatorError(this.#owner, error)
    }
  }

  /** One record can leave the chain as many while the writer is busy. */
  #grow(): void {
    const larger = new Float64Array(this.#timestamps.length * 2)
    larger.set(this.#timestamps)
    this.#timestamps = larger
  }
}
