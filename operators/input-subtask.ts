/**
 * The subtask that reads from other subtasks: takes batches and events from its input gate and hands them through its chain.
 */
import type { RecordBatch } from '../mailbox/batch.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../mailbox/time.ts'
import { InputGate } from '../runtime/input-gate.ts'
import type { ChannelEvent, ChannelItem } from '../runtime/output-channel.ts'
import { InputBarriers } from './checkpointing/input-barriers.ts'
import type { ReachedCheckpoint } from './checkpointing/input-barriers.ts'
import { RestoredInput } from './checkpointing/restored-input.ts'
import { Subtask } from './subtask.ts'
import type { SubtaskParts } from './subtask-parts.ts'
import { InputWatermarks } from './time/input-watermarks.ts'
import { GeneratedTime } from './time/generated-time.ts'
import type { SplitTime } from './time/generated-time.ts'
import type { WatermarkStrategy } from './time/watermarks.ts'

/** What an inner subtask needs besides what every subtask needs. */
export interface InputParts extends SubtaskParts {
  /** Per input channel, over all input edges, which input of the chain it feeds: 0, or 1 for a second one. */
  readonly inputChannels: readonly (0 | 1)[]
  /**
   * The strategy of a step in this chain that assigns timestamps anew: its watermarks replace those that come in, except for the
   * final one. Undefined: there is none. Its generator is shown the records (`onRecord`) by the step itself.
   */
  readonly watermarks?: WatermarkStrategy<never> | undefined
}

/** Event time that this subtask makes by itself, of all records as of one split. */
interface OwnTime {
  readonly time: GeneratedTime
  readonly all: SplitTime
  /** The records are handed to the chain one by one, so that a watermark can go between two. */
  readonly singly: boolean
}

/** A subtask with inputs. */
export class InputSubtask extends Subtask {
  /** Where the records come in. */
  readonly inputs: InputGate
  readonly #watermarks: InputWatermarks
  readonly #barriers: InputBarriers
  /** What was in flight when the job stopped: is read before anything new. */
  #restored: RestoredInput | undefined
  /** Records from behind a barrier are read before its checkpoint is made. */
  readonly #atLeastOnce: boolean
  readonly #own: OwnTime | undefined
  readonly #inputOf: readonly (0 | 1)[]
  readonly #newest = new Float64Array(1)
  /** Inputs that have not ended. */
  #open: number
  #batch: RecordBatch | undefined
  #next = 0
  /** The channel of the batch. */
  #channel = 0
  /** Whether the batch came in by the second input. */
  #second = false
  /** What event time is to become: reached when `advanceWatermark` says so. */
  #target: number
  /** All inputs have gone idle, which the next subtasks hear after the watermark that follows from it. */
  #tellIdle = false
  /** The next subtasks have heard that, and nothing else since. */
  #toldIdle = false
  /** The own time was idle when it was last looked at. */
  #ownIdle = false

  constructor(parts: InputParts) {
    super(parts)
    this.inputs = new InputGate(parts.slot, this)
    this.#inputOf = parts.inputChannels
    const { length } = parts.inputChannels
    for (let channel = 0; channel < length; channel++) this.inputs.addChannel()
    this.#watermarks = new InputWatermarks(parts.inputChannels)
    const { channelState, checkpointMode = 'exactly-once' } = parts
    this.#atLeastOnce = checkpointMode === 'at-least-once'
    this.#barriers = new InputBarriers(length, {
      gate: this.inputs,
      clock: parts.slot.clock,
      mode: checkpointMode,
      state: channelState,
      onUrgent: () => {
        this.urgent = true
        this.slot.ready(this)
      },
    })
    this.#restored = channelState?.restored && new RestoredInput(channelState.restored)
    this.#own = parts.watermarks === undefined ? undefined : this.#ownTime(parts.watermarks)
    this.#open = length
    this.#target = parts.restored?.watermark ?? this.watermark
  }

  override start(): void {
    super.start()
    this.#own?.time.start()
  }

  override close(): void {
    this.#own?.time.stop()
    this.#barriers.close()
    super.close()
  }

  protected override bytesIn(): number {
    return this.inputs.bytesIn
  }

  protected override step(): boolean {
    if (this.#batch !== undefined && this.#target <= this.watermark)
      return this.#continueBatch(this.#batch)
    if (this.#target > this.watermark) {
      this.advanceWatermark(this.#target)
      return true
    }
    if (this.#tellIdle) {
      this.#tellIdle = false
      this.#toldIdle = true
      this.emitIdle()
      return true
    }
    if (this.#open === 0) {
      this.#own?.time.stop()
      return this.finishInput()
    }
    if (!this.#take()) return this.#own !== undefined && this.#waitForRecords(this.#own)
    // Not before it is known whether there are records, and not only when there are none.
    if (this.#batch !== undefined && this.#own?.time.due === true) this.#followClock(this.#own)
    return true
  }

  /** Takes what comes next, but starts nothing: one batch, or what lies before the next watermark. */
  protected override heldStep(): boolean {
    const atRest = this.#batch === undefined && this.#target <= this.watermark && !this.#tellIdle
    return atRest && this.#open > 0 && this.#take()
  }

  protected override get aligning(): boolean {
    return this.#barriers.aligning
  }

  /**
   * At least once, none: what was read behind the barriers may have moved event time, here and on the way here, beyond records that are replayed.
   */
  protected override get dueWatermark(): number {
    return this.#atLeastOnce ? MIN_TIMESTAMP : Math.max(this.watermark, this.#target)
  }

  protected override overtake(): void {
    this.urgent = false
    if (!this.#barriers.attend() || this.finishingInput) return
    this.gate.lift()
    try {
      this.endHalfDone(this.#target)
      const records = this.#batch
      const { checkpointId, alignedUntilMs, recorder, failure } = this.#barriers.overtake({
        watermarks: this.#watermarks,
        restored: this.#restored,
        batch: records && { channel: this.#channel, records, next: this.#next },
      })
      this.checkpoint(checkpointId, alignedUntilMs, { recorder, failure })
    } finally {
      this.gate.lower()
    }
  }

  protected override sourceSnapshot(): undefined {
    return undefined
  }

  /** Takes the next batch or event. False when there is none. */
  #take(): boolean {
    const restored = this.#restored?.take()
    if (restored !== undefined) {
      this.#takeItem(restored, this.#restored?.lastChannel ?? 0)
      return true
    }
    this.#restored = undefined
    const item = this.inputs.take()
    if (item === undefined) return false
    this.#takeItem(item, this.inputs.lastChannel)
    return true
  }

  #takeItem(item: ChannelItem, channel: number): void {
    if ('values' in item) this.#takeBatch(item, channel)
    else this.#takeEvent(item, channel)
  }

  /** Nothing has come. False when there is nothing to do, either. */
  #waitForRecords(own: OwnTime): boolean {
    const { due } = own.time
    if (due) this.#followClock(own)
    else own.time.waits(own.all)
    return due
  }

  #takeBatch(batch: RecordBatch, channel: number): void {
    this.recordsIn += batch.length
    this.#channel = channel
    this.#watermarks.active(channel)
    this.#tellActive()
    this.#batch = batch
    this.#next = 0
    this.#second = this.#inputOf[channel] === 1
    if (this.#own === undefined) return
    this.#own.time.activity(this.#own.all)
    this.#ownIdle = false
  }

  #continueBatch(batch: RecordBatch): boolean {
    const { values, timestamps } = batch
    const until = this.#own?.singly === true ? this.#next + 1 : batch.length
    this.#next = this.#second
      ? this.chain.processBatch2(values, timestamps, this.#next, until)
      : this.chain.processBatch(values, timestamps, this.#next, until)
    if (this.#next < until) return true
    if (this.#next === batch.length) this.#batch = undefined
    if (this.#own !== undefined) this.#generate(this.#own)
    return true
  }

  #ownTime(strategy: WatermarkStrategy<never>): OwnTime {
    const time = new GeneratedTime({
      strategy,
      clock: this.slot.clock,
      activeClock: this.activeClock(),
      onDue: () => {
        this.slot.ready(this)
      },
    })
    const all = time.open()
    return { time, all, singly: all.generator.onRecord !== undefined }
  }

  #generate({ time, all }: OwnTime): void {
    this.#newest[0] = this.chain.takeMaxTimestamp()
    all.generator.onBatch?.(this.#newest, 1)
    time.advance(all)
    if (time.watermark > this.#target) this.#target = time.watermark
  }

  /** Time has passed: a periodic generator was asked, or records have been missing for long. */
  #followClock({ time }: OwnTime): void {
    time.doDue()
    if (time.watermark > this.#target) this.#target = time.watermark
    if (time.idle && !this.#ownIdle) this.#tellIdle = true
    this.#ownIdle = time.idle
  }

  #takeEvent(event: ChannelEvent, channel: number): void {
    switch (event.kind) {
      case 'watermark':
        this.#follow(() => {
          this.#watermarks.reached(channel, event.timestamp)
        })
        return
      case 'idle':
        this.#follow(() => {
          this.#watermarks.idled(channel)
        })
        return
      case 'end':
        this.#open--
        this.#begin(this.#barriers.end(channel))
        return
      case 'barrier':
        this.#begin(this.#barriers.barrier(channel, event.checkpointId))
        return
    }
  }

  /** Called when an event was taken, so that nothing is half done. */
  #begin(reached: ReachedCheckpoint | undefined): void {
    if (reached !== undefined) this.checkpoint(reached.checkpointId, reached.alignedUntilMs)
  }

  #follow(change: () => void): void {
    const wasIdle = this.#watermarks.idle
    change()
    const { watermark, idle } = this.#watermarks
    const counts = this.#own === undefined || watermark === MAX_TIMESTAMP
    if (counts && watermark > this.#target) this.#target = watermark
    if (idle && !wasIdle) this.#tellIdle = true
    else if (!idle && this.#own === undefined) this.#tellActive()
  }

  #tellActive(): void {
    if (!this.#toldIdle) return
    this.#toldIdle = false
    this.emitActive()
  }
}
