/**
 * The barriers that a subtask sends: each behind what it has handed to its outputs before, or ahead of it.
 *
 * One that may overtake later waits in its place for credit; when it leaves, nothing was overtaken, and when its time is up, what is before it in the
 * queue belongs to the checkpoint. On the slot's thread.
 */
import type { ChannelSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import type { RecordCodec } from '../../mailbox/codec.ts'
import { createCodec } from '../../mailbox/codec-registry.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { ChannelBarrier, ChannelItem, OutputChannel } from '../../runtime/output-channel.ts'
import { Alarm } from '../time/alarm.ts'
import { ChannelPacker } from './channel-packer.ts'
import type { ChannelFacts, ChannelStateParts } from './channel-state.ts'

/** Who hears that the barriers of a checkpoint have left all outputs. One of the two, once, or never when a newer checkpoint comes. */
export interface LeftListener {
  readonly done: (overtaken: readonly ChannelSnapshot[]) => void
  readonly failed: (error: unknown) => void
}

/** An output on which barriers may overtake. */
interface Output {
  readonly channel: OutputChannel
  readonly facts: ChannelFacts
}

/** A checkpoint some of whose barriers wait in their places. */
interface Waiting {
  readonly checkpointId: number
  readonly outputs: Set<Output>
  readonly listener: LeftListener
}

/** See the head of this file. */
export class OutputBarriers {
  readonly #clock: Clock
  /** Those whose barriers keep their places. */
  readonly #placed: readonly OutputChannel[]
  readonly #outputs: readonly Output[]
  readonly #codec: RecordCodec | undefined
  readonly #alarm: Alarm
  #waiting: Waiting | undefined

  /** Without `state` no barrier overtakes. */
  constructor(
    channels: readonly OutputChannel[],
    state: ChannelStateParts | undefined,
    clock: Clock,
  ) {
    this.#clock = clock
    this.#codec = state === undefined ? undefined : createCodec(state.codec)
    const outputs: Output[] = []
    const placed: OutputChannel[] = []
    for (const [index, channel] of channels.entries()) {
      const facts = state?.outputs[index]
      if (facts?.overtakable === true) outputs.push({ channel, facts })
      else placed.push(channel)
    }
    this.#outputs = outputs
    this.#placed = placed
    this.#alarm = new Alarm(clock, () => {
      this.settle()
    })
    for (const output of outputs) {
      output.channel.onBarrierLeft = (checkpointId) => {
        this.#left(output, checkpointId)
      }
    }
  }

  /**
   * Sends the barriers of a checkpoint to all outputs; from `alignedUntilMs` on they overtake, where they may. `listener` undefined: nobody
   * needs what they overtake. The snapshot of the operators must have been taken.
   */
  send(checkpointId: number, alignedUntilMs: number, listener: LeftListener | undefined): void {
    this.#waiting = undefined
    this.#alarm.cancel()
    const now = this.#clock.now()
    const overtakes = alignedUntilMs <= now
    // One that keeps its place says when others need not wait for theirs.
    const inPlace = barrierUntil(checkpointId, Math.max(alignedUntilMs, now))
    for (const channel of this.#placed) channel.event(inPlace)
    if (overtakes) {
      this.#overtake(checkpointId, this.#outputs, listener)
      return
    }
    for (const { channel } of this.#outputs) {
      channel.event(inPlace)
      if (alignedUntilMs !== Infinity) channel.flush()
    }
    if (listener === undefined) return
    const held = this.#outputs.filter(({ channel }) => channel.holdsBarrier(checkpointId))
    if (alignedUntilMs === Infinity || held.length === 0) {
      listener.done([])
      return
    }
    this.#waiting = { checkpointId, outputs: new Set(held), listener }
    this.#alarm.set(alignedUntilMs - now)
  }

  /** Lets the barriers that still wait overtake now. */
  settle(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    this.#alarm.cancel()
    this.#overtake(waiting.checkpointId, [...waiting.outputs], waiting.listener)
  }

  /** No barrier overtakes by itself any more. */
  close(): void {
    this.#waiting = undefined
    this.#alarm.cancel()
  }

  #overtake(
    checkpointId: number,
    outputs: readonly Output[],
    listener: LeftListener | undefined,
  ): void {
    // First all barriers: whoever waits for one must not wait in vain for what cannot be packed.
    const overtaken = outputs.map(({ channel }) => channel.overtake(checkpointId))
    if (listener === undefined) return
    let channels: readonly ChannelSnapshot[]
    try {
      channels = outputs.flatMap(({ facts }, at) => this.#pack(facts, overtaken[at] ?? []))
    } catch (error) {
      listener.failed(error)
      return
    }
    listener.done(channels)
  }

  #pack(facts: ChannelFacts, items: readonly ChannelItem[]): readonly ChannelSnapshot[] {
    if (this.#codec === undefined || items.length === 0) return []
    const packer = new ChannelPacker(facts, 'sender', this.#codec)
    for (const item of items) packer.add(item)
    return packer.snapshot === undefined ? [] : [packer.snapshot]
  }

  #left(output: Output, checkpointId: number): void {
    const waiting = this.#waiting
    if (waiting?.checkpointId !== checkpointId) return
    waiting.outputs.delete(output)
    if (waiting.outputs.size > 0) return
    this.#waiting = undefined
    this.#alarm.cancel()
    waiting.listener.done([])
  }
}

function barrierUntil(checkpointId: number, alignedUntilMs: number): ChannelBarrier {
  if (alignedUntilMs === Infinity) return { kind: 'barrier', checkpointId }
  return { kind: 'barrier', checkpointId, alignedUntilMs }
}
