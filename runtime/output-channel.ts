/**
 * The sending end of one stream channel: the open batch, the credits, and the events that follow the records.
 *
 * Used by the slot's thread only. Records leave in batches; a watermark, an idleness or the end leaves after the
 * records that came before it. Only the newest watermark counts, so what waits for credit stays bounded: the batches of one
 * turn of the subtask and one event.
 *
 *     append ──► open batch ──full──► waiting batches ──credit──► transport (same slot: by reference; else: frame)
 */
import type { CodecName, RecordCodec } from '../mailbox/codec.ts'
import { createCodec } from '../mailbox/codec-registry.ts'
import type { RecordBatch } from '../mailbox/batch.ts'
import { MIN_TIMESTAMP } from '../mailbox/time.ts'
import type { InputGate } from './input-gate.ts'
import type { Peer } from './peer.ts'
import type { Flushable, Slot } from './slot.ts'

/** Records in one batch at the most. */
export const BATCH_RECORDS = 512
/** What a packed batch should weigh at the most: large records travel in batches of fewer. */
const BATCH_BYTES = 256 * 1024
/** Frames that may be on their way on one channel before the receiver has taken the first. */
export const CHANNEL_CREDITS = 8

/** Something that follows the records of a channel. */
export type ChannelEvent =
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'barrier'; readonly checkpointId: number }
  | { readonly kind: 'end' }

/** What lies in the mailbox of a subtask. */
export type ChannelItem = RecordBatch | ChannelEvent

/** How items get to the other end. */
export interface ChannelTransport {
  /** Hands a batch over; returns the bytes that it took on a link (0 in the same slot). */
  records(values: unknown[], timestamps: Float64Array, length: number): number
  event(event: ChannelEvent): void
  /** True when the columns may be used again after `records` has returned. */
  readonly copies: boolean
}

/** Tells a subtask that one of its outputs has no room: shared by all its channels. */
export class OutputGate {
  /** Whether the subtask must stop taking input. Read per record. */
  full = false
  #blocked = 0
  /** Called when the last blocked channel has room again. */
  onRoom: () => void = () => {}
  /** Called when a batch could not be packed outside a turn of the subtask, where it can't hear of it by an exception. */
  onError: (error: unknown) => void = (error) => {
    throw error
  }

  /** A channel ran out of credit with a batch waiting. */
  block(): void {
    this.#blocked++
    this.full = true
  }

  /** It has sent what waited. */
  unblock(): void {
    this.#blocked--
    if (this.#blocked > 0) return
    this.full = false
    this.onRoom()
  }
}

/** The sending end of a channel. */
export class OutputChannel implements Flushable {
  readonly id: number
  dirty = false
  /** Records handed in so far. */
  recordCount = 0
  byteCount = 0
  readonly #slot: Slot
  readonly #gate: OutputGate
  readonly #transport: ChannelTransport
  #credits: number
  #limit = BATCH_RECORDS
  #values: unknown[] = []
  #timestamps = new Float64Array(BATCH_RECORDS)
  #length = 0
  #waiting: RecordBatch<unknown>[] = []
  #watermark = MIN_TIMESTAMP
  #events: ChannelEvent[] = []
  #blocked = false

  constructor(
    id: number,
    slot: Slot,
    gate: OutputGate,
    transport: ChannelTransport,
    credits: number = CHANNEL_CREDITS,
  ) {
    this.id = id
    this.#slot = slot
    this.#gate = gate
    this.#transport = transport
    this.#credits = credits
  }

  /** Whether the subtask that writes here has to stop. */
  get full(): boolean {
    return this.#gate.full
  }

  /** Whether nothing waits here any more. */
  get drained(): boolean {
    return (
      this.#length === 0 &&
      this.#waiting.length === 0 &&
      this.#watermark === MIN_TIMESTAMP &&
      this.#events.length === 0
    )
  }

  /** Adds a record to the open batch. */
  append(value: unknown, timestamp: number): void {
    const length = this.#length
    this.#values[length] = value
    this.#timestamps[length] = timestamp
    this.#length = length + 1
    if (length === 0) this.#slot.markDirty(this)
    if (length + 1 >= this.#limit) this.#closeBatch()
  }

  /** Event time on this channel has reached `timestamp`. Leaves after the records handed in before. */
  watermark(timestamp: number): void {
    this.#watermark = timestamp
    this.#slot.markDirty(this)
  }

  /** Says what follows the records; must not be lost or merged. */
  event(event: ChannelEvent): void {
    try {
      this.#takeWatermark()
      if (this.#length > 0) this.#closeBatch()
    } catch (error) {
      this.#gate.onError(error)
      return
    }
    this.#events.push(event)
    this.#slot.markDirty(this)
  }

  /** The receiver has room for `count` more. */
  grant(count: number): void {
    this.#credits += count
    if (!this.drained) this.flush()
  }

  /** Sends what there is, as far as the credits go. */
  flush(): void {
    try {
      if (this.#length > 0) this.#closeBatch()
      this.#sendWaiting()
    } catch (error) {
      this.#gate.onError(error)
      return
    }
    if (this.#waiting.length > 0) return
    while (this.#events.length > 0 && this.#credits > 0) {
      const event = this.#events.shift()
      if (event === undefined) return
      this.#credits--
      this.#transport.event(event)
    }
    if (this.#events.length > 0 || this.#watermark === MIN_TIMESTAMP || this.#credits === 0) return
    this.#credits--
    this.#transport.event({ kind: 'watermark', timestamp: this.#watermark })
    this.#watermark = MIN_TIMESTAMP
  }

  /** A watermark that came before an event must stay before it. */
  #takeWatermark(): void {
    if (this.#watermark === MIN_TIMESTAMP) return
    if (this.#length > 0) this.#closeBatch()
    this.#events.push({ kind: 'watermark', timestamp: this.#watermark })
    this.#watermark = MIN_TIMESTAMP
  }

  #closeBatch(): void {
    const length = this.#length
    this.#length = 0
    this.recordCount += length
    if (this.#credits > 0 && this.#waiting.length === 0 && this.#events.length === 0) {
      this.#credits--
      this.#ship(this.#values, this.#timestamps, length)
      if (!this.#transport.copies) this.#freshColumns()
      return
    }
    this.#waiting.push({ values: this.#values, timestamps: this.#timestamps, length })
    this.#freshColumns()
    this.#slot.markDirty(this)
    if (!this.#blocked) {
      this.#blocked = true
      this.#gate.block()
    }
  }

  #freshColumns(): void {
    this.#values = []
    this.#timestamps = new Float64Array(BATCH_RECORDS)
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#credits > 0) {
      const batch = this.#waiting.shift()
      if (batch === undefined) break
      this.#credits--
      this.#ship(batch.values as unknown[], batch.timestamps, batch.length)
    }
    if (this.#waiting.length === 0 && this.#blocked) {
      this.#blocked = false
      this.#gate.unblock()
    }
  }

  #ship(values: unknown[], timestamps: Float64Array, length: number): void {
    const bytes = this.#transport.records(values, timestamps, length)
    if (bytes === 0) return
    this.byteCount += bytes
    const fitting = Math.floor((BATCH_BYTES * length) / bytes)
    this.#limit = Math.max(1, Math.min(BATCH_RECORDS, fitting))
  }
}

/** The transport to a subtask of the same slot: by reference. */
export class LocalTransport implements ChannelTransport {
  readonly copies = false
  readonly #gate: InputGate
  readonly #input: number

  constructor(gate: InputGate, input: number) {
    this.#gate = gate
    this.#input = input
  }

  records(values: unknown[], timestamps: Float64Array, length: number): number {
    this.#gate.offer(this.#input, { values, timestamps, length })
    return 0
  }

  event(event: ChannelEvent): void {
    this.#gate.offer(this.#input, event)
  }
}

/** Turns the error of a batch that can't be packed into one that names the sender. */
export type ExplainUnsendable = (error: unknown, values: readonly unknown[]) => unknown

/** The transport to another slot: packed, in frames. */
export class LinkTransport implements ChannelTransport {
  readonly copies = true
  readonly #peer: Peer
  readonly #channel: number
  readonly #codec: RecordCodec
  readonly #explain: ExplainUnsendable

  /** `explain` makes the error of a batch that can't be packed say who sent it. Default: as the codec raised it. */
  constructor(
    peer: Peer,
    channel: number,
    codec: CodecName,
    explain: ExplainUnsendable = (error) => error,
  ) {
    this.#peer = peer
    this.#channel = channel
    this.#codec = createCodec(codec)
    this.#explain = explain
  }

  records(values: unknown[], timestamps: Float64Array, length: number): number {
    return this.#peer.send({
      kind: 'records',
      channel: this.#channel,
      length,
      timestamps: timestamps.subarray(0, length),
      codec: this.#codec.name,
      payload: this.#encode(values, length),
    })
  }

  #encode(values: unknown[], length: number): Uint8Array {
    try {
      return this.#codec.encode(values, length)
    } catch (error) {
      throw this.#explain(error, values)
    }
  }

  event(event: ChannelEvent): void {
    this.#peer.send({ ...event, channel: this.#channel })
  }
}
