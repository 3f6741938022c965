/**
 * The subtask that reads from other subtasks: takes batches and events from its input gate and hands them through its chain.
 */
import type { RecordBatch } from '../mailbox/batch.ts'
import { MAX_TIMESTAMP } from '../mailbox/time.ts'
import { InputGate } from '../runtime/input-gate.ts'
import type { ChannelEvent } from '../runtime/output-channel.ts'
import { Subtask } from './subtask.ts'
import type { SubtaskParts } from './subtask.ts'
import { WatermarkValve } from './time/watermark-valve.ts'
import type { WatermarkGenerator, WatermarkStrategy } from './time/watermarks.ts'

/** What an inner subtask needs besides what every subtask needs. */
export interface InputParts extends SubtaskParts {
  /** Per input channel, over all input edges, which input of the chain it feeds: 0, or 1 for a second one. */
  readonly inputChannels: readonly (0 | 1)[]
  /**
   * The strategy of a step in this chain that assigns timestamps anew: its watermarks replace those that come in, except for the
   * final one. Undefined: there is none.
   */
  readonly watermarks?: WatermarkStrategy | undefined
}

/** A subtask with inputs. */
export class InputSubtask extends Subtask {
  /** Where the records come in. */
  readonly inputs: InputGate
  readonly #valve: WatermarkValve
  readonly #generator: WatermarkGenerator | undefined
  readonly #inputOf: readonly (0 | 1)[]
  readonly #newest = new Float64Array(1)
  /** Inputs that have not ended. */
  #open: number
  #batch: RecordBatch | undefined
  #next = 0
  /** Whether the batch came in by the second input. */
  #second = false
  /** What event time is to become: reached when `advanceWatermark` says so. */
  #target: number
  /** All inputs have gone idle, which the next subtasks hear after the watermark that follows from it. */
  #tellIdle = false

  constructor(parts: InputParts) {
    super(parts)
    this.inputs = new InputGate(parts.slot, this)
    this.#inputOf = parts.inputChannels
    const { length } = parts.inputChannels
    for (let channel = 0; channel < length; channel++) this.inputs.addChannel()
    this.#valve = new WatermarkValve(length)
    this.#generator = parts.watermarks?.createGenerator()
    this.#open = length
    this.#target = this.watermark
  }

  protected override bytesIn(): number {
    return this.inputs.bytesIn
  }

  protected override step(): boolean {
    if (this.#batch !== undefined) return this.#continueBatch(this.#batch)
    if (this.#target > this.watermark) {
      this.advanceWatermark(this.#target)
      return true
    }
    if (this.#tellIdle) {
      this.#tellIdle = false
      this.emitIdle()
      return true
    }
    if (this.#open === 0) return this.finishInput()
    const item = this.inputs.take()
    if (item === undefined) return false
    if ('values' in item) this.#takeBatch(item)
    else this.#takeEvent(item, this.inputs.lastChannel)
    return true
  }

  #takeBatch(batch: RecordBatch): void {
    this.recordsIn += batch.length
    this.#valve.inputActive(this.inputs.lastChannel)
    this.#batch = batch
    this.#next = 0
    this.#second = this.#inputOf[this.inputs.lastChannel] === 1
  }

  #continueBatch(batch: RecordBatch): boolean {
    const { values, timestamps, length } = batch
    this.#next = this.#second
      ? this.chain.processBatch2(values, timestamps, this.#next, length)
      : this.chain.processBatch(values, timestamps, this.#next, length)
    if (this.#next < length) return true
    this.#batch = undefined
    if (this.#generator !== undefined) this.#generate(this.#generator)
    return true
  }

  #generate(generator: WatermarkGenerator): void {
    this.#newest[0] = this.chain.takeMaxTimestamp()
    generator.onBatch(this.#newest, 1)
    if (generator.current > this.#target) this.#target = generator.current
  }

  #takeEvent(event: ChannelEvent, channel: number): void {
    switch (event.kind) {
      case 'watermark':
        this.#valve.inputActive(channel)
        this.#valve.inputWatermark(channel, event.timestamp)
        this.#follow()
        return
      case 'idle': {
        const wasIdle = this.#valve.idle
        this.#valve.inputIdle(channel)
        this.#follow()
        this.#tellIdle = this.#valve.idle && !wasIdle
        return
      }
      case 'end':
        this.#open--
        return
      case 'barrier':
        // Nobody injects barriers yet; one that comes has no effect.
        return
    }
  }

  #follow(): void {
    const combined = this.#valve.watermark
    const counts = this.#generator === undefined || combined === MAX_TIMESTAMP
    if (counts && combined > this.#target) this.#target = combined
  }
}
