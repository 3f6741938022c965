/**
 * Where the frames of a slot's links go: stream frames to the input gate that owns the channel, credits to the output channel,
 * messages and control mail to the actor system. One per slot, on the slot's thread.
 */
import type { MessageFrame } from '../mailbox/frame.ts'
import type { InputGate } from './input-gate.ts'
import type { ChannelItem, OutputChannel } from './output-channel.ts'
import type { Peer, PeerHandlers, StreamFrame } from './peer.ts'

/** What the actor system of a slot takes from the links. */
export interface ActorMailHandler {
  messages(frame: MessageFrame, values: unknown[], from: number): void
  control(mail: unknown, from: number): void
  /** Credits of actors travel on channel ids that no stream channel has. */
  credit(actor: number, count: number): void
  /** A message to slot `to` could not be packed; it has not been sent. */
  unsendable(target: number, correlation: number, value: unknown, error: unknown, to: number): void
}

interface Input {
  readonly gate: InputGate
  readonly index: number
}

/** Routes what arrives at a slot. */
export class Router implements PeerHandlers {
  readonly #inputs = new Map<number, Input>()
  readonly #outputs = new Map<number, OutputChannel>()
  #actors: ActorMailHandler | undefined
  #onDamage: (error: unknown, from: number) => void = () => {}
  #stale = 0

  /** Frames for channels that are not, or no longer, known: dropped and counted. */
  get staleFrames(): number {
    return this.#stale
  }

  /** Sends the frames of a channel to input `index` of the gate. */
  addInput(channel: number, gate: InputGate, index: number): void {
    this.#inputs.set(channel, { gate, index })
  }

  /** Sends the credits of a channel to its sending end. */
  addOutput(channel: OutputChannel): void {
    this.#outputs.set(channel.id, channel)
  }

  removeInput(channel: number): void {
    this.#inputs.delete(channel)
  }

  removeOutput(channel: number): void {
    this.#outputs.delete(channel)
  }

  /** Makes an actor system the receiver of messages and control mail. */
  setActors(actors: ActorMailHandler): void {
    this.#actors = actors
  }

  /** Says who hears of frames that cannot be understood. */
  onDamage(listener: (error: unknown, from: number) => void): void {
    this.#onDamage = listener
  }

  stream(frame: StreamFrame, from: Peer): void {
    const input = this.#inputs.get(frame.channel)
    if (input === undefined) {
      this.#stale++
      return
    }
    if (frame.kind === 'records') input.gate.bytesIn += frame.payload.length
    try {
      input.gate.offer(input.index, toItem(frame, from))
    } catch (error) {
      // Without these records the result would be wrong and nobody would know.
      input.gate.fail(error)
    }
  }

  credit(channel: number, count: number): void {
    const output = this.#outputs.get(channel)
    if (output !== undefined) output.grant(count)
    else if (this.#actors !== undefined) this.#actors.credit(channel, count)
    else this.#stale++
  }

  messages(frame: MessageFrame, values: unknown[], from: Peer): void {
    if (this.#actors === undefined) this.#stale++
    else this.#actors.messages(frame, values, from.index)
  }

  control(mail: unknown, from: Peer): void {
    if (this.#actors === undefined) this.#stale++
    else this.#actors.control(mail, from.index)
  }

  unsendable(
    target: number,
    correlation: number,
    value: unknown,
    error: unknown,
    peer: Peer,
  ): void {
    this.#actors?.unsendable(target, correlation, value, error, peer.index)
  }

  damaged(error: unknown, from: Peer): void {
    this.#onDamage(error, from.index)
  }
}

function toItem(frame: StreamFrame, from: Peer): ChannelItem {
  if (frame.kind !== 'records') return frame
  return { values: from.decode(frame), timestamps: frame.timestamps, length: frame.length }
}
