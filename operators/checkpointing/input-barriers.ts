/**
 * The barriers that come to a subtask with inputs: those that are taken in their places, and those that arrive and may overtake.
 *
 *     arrives ──► noted, in whosever turn ──► attended at the subtask's next step ──► taken in its place on all channels: aligned
 *                                                   └── its time is up, and none is missing where none may overtake: due at once
 *
 * A barrier that arrives lies in the mailbox behind what has arrived before. On the slot's thread.
 */
import type { RecordBatch } from '../../mailbox/batch.ts'
import type { RecordCodec } from '../../mailbox/codec.ts'
import { createCodec } from '../../mailbox/codec-registry.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { ArrivalListener, InputGate } from '../../runtime/input-gate.ts'
import type { ChannelItem } from '../../runtime/output-channel.ts'
import { Alarm } from '../time/alarm.ts'
import type { InputWatermarks } from '../time/input-watermarks.ts'
import { BarrierAligner } from './barrier-aligner.ts'
import type { AlignmentStep, CheckpointMode } from './barrier-aligner.ts'
import { ChannelPacker } from './channel-packer.ts'
import { ChannelRecorder } from './channel-recorder.ts'
import type { ChannelFacts, ChannelStateParts } from './channel-state.ts'
import type { RestoredInput } from './restored-input.ts'

/** What the barriers of a subtask need. */
export interface InputBarriersParts {
  readonly gate: InputGate
  readonly clock: Clock
  readonly mode: CheckpointMode
  /** Undefined: no barrier overtakes. */
  readonly state: ChannelStateParts | undefined
  /** A barrier must be attended before anything else is done: `attend`. */
  readonly onUrgent: () => void
}

/** A checkpoint that has come to this subtask. */
export interface ReachedCheckpoint {
  readonly checkpointId: number
  /** For the barriers that go on. */
  readonly alignedUntilMs: number
}

/** What lies between the gate and the state when a barrier overtakes. */
export interface BetweenGateAndState {
  /** What each channel has said of event time. */
  readonly watermarks: InputWatermarks
  /** What was restored and is not read yet. */
  readonly restored: RestoredInput | undefined
  /** The batch under way. */
  readonly batch:
    | { readonly channel: number; readonly records: RecordBatch; readonly next: number }
    | undefined
}

/** A barrier that has arrived. */
interface Announced extends ReachedCheckpoint {
  readonly channel: number
}

/** See the head of this file. */
export class InputBarriers implements ArrivalListener {
  readonly #parts: InputBarriersParts
  readonly #aligner: BarrierAligner
  readonly #facts: readonly ChannelFacts[]
  readonly #codec: RecordCodec | undefined
  readonly #alarm: Alarm
  #announced: Announced[] = []
  /** Of the last checkpoint that overtook. */
  #recorder: ChannelRecorder | undefined

  constructor(channelCount: number, parts: InputBarriersParts) {
    const { gate, mode, state, clock, onUrgent } = parts
    this.#parts = parts
    this.#facts = state?.inputs ?? []
    const channels = Array.from({ length: channelCount }, (_, channel) => channel)
    const neverOvertaken = channels.filter((channel) => this.#facts[channel]?.overtakable !== true)
    this.#aligner = new BarrierAligner(channelCount, mode, neverOvertaken)
    this.#codec = state === undefined ? undefined : createCodec(state.codec)
    this.#alarm = new Alarm(clock, onUrgent)
    if (state !== undefined && mode === 'exactly-once') gate.arrivals = this
  }

  /** Whether a checkpoint has come on some channels and not on all. */
  get aligning(): boolean {
    return this.#aligner.aligning !== undefined
  }

  arrived(channel: number, item: ChannelItem): void {
    this.#recorder?.arrived(channel, item)
    if ('values' in item || item.kind !== 'barrier' || item.alignedUntilMs === undefined) return
    const { checkpointId, alignedUntilMs } = item
    this.#announced.push({ channel, checkpointId, alignedUntilMs })
    this.#parts.onUrgent()
  }

  /** A barrier was taken in its place. Returns the checkpoint that is aligned with it. */
  barrier(channel: number, checkpointId: number): ReachedCheckpoint | undefined {
    return this.#follow(this.#aligner.barrier(channel, checkpointId))
  }

  /** An end was taken. Returns the checkpoint that is aligned with it. */
  end(channel: number): ReachedCheckpoint | undefined {
    return this.#follow(this.#aligner.end(channel))
  }

  /** Looks at what has arrived. Whether a checkpoint is to overtake now: `overtake` follows, in the same step. */
  attend(): boolean {
    const announced = this.#announced
    this.#announced = []
    for (const { channel, checkpointId, alignedUntilMs } of announced) {
      const { unblock } = this.#aligner.announce(channel, checkpointId, alignedUntilMs)
      for (const each of unblock) this.#parts.gate.unblock(each)
    }
    return this.#due
  }

  /**
   * Begins to record what is in flight, for the checkpoint that overtakes: what is before its barriers now, and what will arrive. Nothing is half done, but
   * a batch. `recorder` undefined: something cannot be packed; the checkpoint has `failure` and goes on for the others.
   */
  overtake(between: BetweenGateAndState): ReachedCheckpoint & {
    readonly recorder: ChannelRecorder | undefined
    readonly failure?: unknown
  } {
    const { alignedUntilMs } = this.#aligner
    const open = this.#facts.flatMap((_, channel) =>
      this.#aligner.isAligned(channel) ? [] : channel,
    )
    const step = this.#aligner.overtake()
    const checkpointId = step.reached as number
    this.#recorder = undefined
    this.#follow(step)
    const reached = { checkpointId, alignedUntilMs }
    try {
      const recorder = this.#record(checkpointId, open, between)
      this.#recorder = recorder
      return { ...reached, recorder }
    } catch (failure) {
      return { ...reached, recorder: undefined, failure }
    }
  }

  /** Nothing is urgent any more. */
  close(): void {
    this.#alarm.cancel()
    this.#recorder = undefined
    this.#parts.gate.arrivals = undefined
  }

  get #due(): boolean {
    if (!this.#aligner.mayOvertake) return false
    const leftMs = this.#aligner.alignedUntilMs - this.#parts.clock.now()
    if (leftMs > 0 && leftMs < Infinity) this.#alarm.set(leftMs)
    return leftMs <= 0
  }

  #record(
    checkpointId: number,
    open: readonly number[],
    { watermarks, restored, batch }: BetweenGateAndState,
  ): ChannelRecorder {
    const codec = this.#codec as RecordCodec
    const packers = this.#facts.map((facts, channel) => {
      const packer = new ChannelPacker(facts, 'receiver', codec)
      const { watermark: timestamp, idle } = watermarks.statusOf(channel)
      if (timestamp > MIN_TIMESTAMP) packer.add({ kind: 'watermark', timestamp })
      if (idle) packer.add({ kind: 'idle' })
      return packer
    })
    if (batch !== undefined) packers[batch.channel]?.add(batch.records, batch.next)
    const recorder = new ChannelRecorder(checkpointId, packers, open)
    for (const channel of this.#facts.keys()) {
      for (const item of restored?.waiting(channel) ?? []) packers[channel]?.add(item)
      for (const item of this.#parts.gate.waiting(channel)) recorder.arrived(channel, item)
    }
    return recorder
  }

  /** Called when nothing is half done, or nothing is reached. */
  #follow({ unblock, block, reached }: AlignmentStep): ReachedCheckpoint | undefined {
    const { gate, onUrgent } = this.#parts
    for (const channel of unblock) gate.unblock(channel)
    for (const channel of block) gate.block(channel)
    const { alignedUntilMs } = this.#aligner
    if (reached !== undefined) {
      this.#alarm.cancel()
      return { checkpointId: reached, alignedUntilMs }
    }
    // The last one that had to be waited for may have come.
    if (alignedUntilMs !== Infinity && this.#aligner.mayOvertake) onUrgent()
    return undefined
  }
}
