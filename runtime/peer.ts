/**
 * One slot's connection with one other slot: the frames in and out of a pair of links.
 *
 * Used by the owning slot's thread only. Outgoing messages, control mails and credits are collected and leave together
 * with `pushOut`, at the end of a turn; records leave as frames of their own, as soon as their channel ships them.
 * Order: frames of one kind arrive in the order in which they were handed in.
 */
import type { CodecName, RecordCodec } from '../mailbox/codec.ts'
import { createCodec } from '../mailbox/codec-registry.ts'
import type { Frame, MessageFrame } from '../mailbox/frame.ts'
import { decodeFrame, encodeFrame } from '../mailbox/frame-codec.ts'
import type { LinkReceiver, LinkSender } from '../mailbox/link.ts'

/** Messages that leave in one frame at the most. */
const MESSAGES_PER_FRAME = 512
/** Frames taken from one link in one turn, so that no link starves the others. */
const FRAMES_PER_TURN = 32

/** A frame of a stream channel. */
export type StreamFrame = Extract<
  Frame,
  { kind: 'records' | 'watermark' | 'idle' | 'barrier' | 'end' }
>

/** Who takes what arrives. Called on the slot's thread, in the order of arrival. Must not throw. */
export interface PeerHandlers {
  /** A frame of a stream channel. `decode` unpacks the records of a `records` frame. */
  stream(frame: StreamFrame, from: Peer): void
  /** The receiver of `channel` has room for `count` more frames. */
  credit(channel: number, count: number): void
  /** Messages for actors of this slot. */
  messages(frame: MessageFrame, values: unknown[], from: Peer): void
  /** Mail of the runtime itself. */
  control(mail: unknown, from: Peer): void
  /** A message for `peer` could not be packed; it has not been sent. */
  unsendable(target: number, correlation: number, value: unknown, error: unknown, peer: Peer): void
  /** A frame could not be understood. */
  damaged(error: unknown, from: Peer): void
}

/** The pair of links with one other slot. */
export class Peer {
  /** The other slot. */
  readonly index: number
  readonly #sender: LinkSender
  readonly #receiver: LinkReceiver
  readonly #handlers: PeerHandlers
  readonly #codecs: Record<CodecName, RecordCodec>
  #bytesSent = 0
  #messages: unknown[] = []
  #targets = new Float64Array(MESSAGES_PER_FRAME)
  #correlations = new Float64Array(MESSAGES_PER_FRAME)
  #messageCount = 0
  #controls: unknown[] = []
  #creditChannels: number[] = []
  #credits: number[] = []

  constructor(index: number, sender: LinkSender, receiver: LinkReceiver, handlers: PeerHandlers) {
    this.index = index
    this.#sender = sender
    this.#receiver = receiver
    this.#handlers = handlers
    this.#codecs = {
      columns: createCodec('columns'),
      msgpack: createCodec('msgpack'),
    }
  }

  /** Bytes of frames handed to the link since it was made. */
  get bytesSent(): number {
    return this.#bytesSent
  }

  /** Whether a frame may be waiting. */
  get hasMail(): boolean {
    return this.#receiver.hasMail
  }

  /** Whether `pushOut` would have something to push. */
  get hasOutput(): boolean {
    return this.#hasCollected || this.#sender.pendingBytes > 0
  }

  get #hasCollected(): boolean {
    return this.#messageCount > 0 || this.#controls.length > 0 || this.#credits.length > 0
  }

  /** Hands a frame to the link. */
  send(frame: Frame): number {
    const bytes = encodeFrame(frame)
    this.#sender.send(bytes)
    this.#bytesSent += bytes.length
    return bytes.length
  }

  /** Collects a message for an actor of the other slot. `correlation` is 0 for a tell. */
  post(target: number, value: unknown, correlation: number): void {
    const count = this.#messageCount
    this.#messages[count] = value
    this.#targets[count] = target
    this.#correlations[count] = correlation
    this.#messageCount = count + 1
    if (count + 1 === MESSAGES_PER_FRAME) this.#sendMessages()
  }

  /** Collects mail of the runtime itself: plain data. */
  postControl(mail: unknown): void {
    this.#controls.push(mail)
  }

  /** Collects a credit: `count` more frames may be sent on `channel`. */
  grant(channel: number, count: number): void {
    this.#creditChannels.push(channel)
    this.#credits.push(count)
  }

  /** Sends what was collected, and what waits in the link for room. */
  pushOut(): void {
    if (this.#hasCollected) {
      if (this.#controls.length > 0) this.#sendControls()
      if (this.#credits.length > 0) this.#sendCredits()
      if (this.#messageCount > 0) this.#sendMessages()
    }
    if (this.#sender.pendingBytes > 0) this.#sender.flush()
  }

  /** Takes what has arrived, up to the bound of one turn. */
  receiveSome(): void {
    for (let i = 0; i < FRAMES_PER_TURN; i++) {
      if (!this.receiveOne()) return
    }
  }

  /** Takes one frame, if one is there. */
  receiveOne(): boolean {
    const bytes = this.#receiver.receive()
    if (bytes === undefined) return false
    try {
      this.#dispatch(decodeFrame(bytes))
    } catch (error) {
      this.#handlers.damaged(error, this)
    }
    return true
  }

  /** Unpacks the values of a frame. */
  decode(frame: { codec: CodecName; payload: Uint8Array; length: number }): unknown[] {
    return this.#codecs[frame.codec].decode(frame.payload, frame.length)
  }

  #dispatch(frame: Frame): void {
    switch (frame.kind) {
      case 'records':
      case 'watermark':
      case 'idle':
      case 'barrier':
      case 'end':
        this.#handlers.stream(frame, this)
        return
      case 'credit':
        for (let i = 0; i < frame.channels.length; i++) {
          this.#handlers.credit(frame.channels[i] ?? 0, frame.credits[i] ?? 0)
        }
        return
      case 'message':
        this.#handlers.messages(frame, this.decode(frame), this)
        return
      case 'control':
        for (const mail of frame.mails) this.#handlers.control(mail, this)
    }
  }

  #sendControls(): void {
    const mails = this.#controls
    this.#controls = []
    this.send({ kind: 'control', mails })
  }

  #sendCredits(): void {
    const channels = this.#creditChannels
    const credits = this.#credits
    this.#creditChannels = []
    this.#credits = []
    this.send({ kind: 'credit', channels, credits })
  }

  #sendMessages(): void {
    const count = this.#messageCount
    this.#messageCount = 0
    const values = this.#messages
    this.#messages = []
    try {
      this.#sendMessageFrame(values, this.#targets, this.#correlations, count)
    } catch {
      // One of them cannot be packed. Send the others one by one, so that it alone is lost, and known.
      this.#sendOneByOne(values, count)
    }
  }

  #sendOneByOne(values: readonly unknown[], count: number): void {
    for (let i = 0; i < count; i++) {
      const target = this.#targets[i] ?? 0
      const correlation = this.#correlations[i] ?? 0
      try {
        const one = [values[i]]
        this.#sendMessageFrame(one, Float64Array.of(target), Float64Array.of(correlation), 1)
      } catch (error) {
        this.#handlers.unsendable(target, correlation, values[i], error, this)
      }
    }
  }

  #sendMessageFrame(
    values: readonly unknown[],
    targets: Float64Array,
    correlations: Float64Array,
    length: number,
  ): void {
    const codec = this.#codecs.columns
    this.send({
      kind: 'message',
      length,
      targets: targets.subarray(0, length),
      correlations: correlations.subarray(0, length),
      codec: codec.name,
      payload: codec.encode(values, length),
    })
  }
}
