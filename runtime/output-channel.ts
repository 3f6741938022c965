/**
 * The sending end of one stream channel: the open batch, the credits, and the events that follow the records.
 *
 * Used by the slot's thread only. Records leave in batches; a watermark, an idleness or the end leaves after the
 * records that came before it, and an event before the records that came after it. Only the newest watermark counts, and the
 * gate is closed for as long as anything waits for credit, so what waits stays bounded: what one step of the subtask makes.
 *
 *     append ──► open batch ──full, event or flush──► queue ──credit──► transport (same slot: by reference; else: frame)
 */
import type { CodecName, RecordCodec } from '../mailbox/codec.ts'
import { createCodec } from '../mailbox/codec-registry.ts'
import type { RecordBatch } from '../mailbox/batch.ts'
import { Fifo } from '../mailbox/fifo.ts'
import { MIN_TIMESTAMP } from '../mailbox/time.ts'
import type { InputGate } from './input-gate.ts'
import type { Peer } from './peer.ts'
import type { Flushable, Slot } from './slot.ts'

/** Records in one batch at the most. */
export const BATCH_RECORDS = 512
/** What a packed batch should weigh at the most: large records travel in batches of fewer. */
const BATCH_BYTES = 256 * 1024
/** Frames that may be on their way on one channel before the receiver has taken the first. */
export const CHANNEL_CREDITS = 16

/** Something that follows the records of a channel. */
export type ChannelEvent =
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'idle' }
  | ChannelBarrier
  | { readonly kind: 'end' }

/** Divides the records of a channel into those of a checkpoint and the others. */
export interface ChannelBarrier {
  readonly kind: 'barrier'
  readonly checkpointId: number
  /**
   * Until when it stays in its place among the records, in ms of the slots' clocks; then whoever holds it may let it overtake. Default:
   * for ever. `OVERTAKEN`: it has overtaken what was before it.
   */
  readonly alignedUntilMs?: number
}

/** Said by a barrier that has left its place, and needs no credit. */
export const OVERTAKEN = Number.NEGATIVE_INFINITY

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
  #lifted = false
  readonly #channels: OutputChannel[] = []
  /** Since the open ones have left. */
  #fullBatches = 0
  /** Called when the first channel has no room. */
  onFull: () => void = () => {}
  /** Called when the last blocked channel has room again. */
  onRoom: () => void = () => {}
  /** Called when a batch could not be packed outside a turn of the subtask, where it can't hear of it by an exception. */
  onError: (error: unknown) => void = (error) => {
    throw error
  }

  /** Adds a channel of the subtask. */
  add(channel: OutputChannel): void {
    this.#channels.push(channel)
  }

  /**
   * A batch of `sender` is full and about to leave: the open ones of the other channels, whose records are older than its last, leave
   * first. Else the rare records of one stream would come long after the frequent ones of another that they belong to, and a join would
   * have to keep all of those. Of many channels not at each full batch, so that small ones stay few.
   */
  keepUp(sender: OutputChannel): void {
    this.#fullBatches++
    if (2 * this.#fullBatches < this.#channels.length) return
    this.#fullBatches = 0
    for (const channel of this.#channels) if (channel !== sender) channel.sendRecords()
  }

  /** Something waits that there is no credit for, or a writer is busy. */
  block(): void {
    this.#blocked++
    if (this.full || this.#lifted) return
    this.full = true
    this.onFull()
  }

  /** Stays open, whatever waits, until `lower`: what cannot be left half done is ended. */
  lift(): void {
    this.#lifted = true
    this.full = false
  }

  /** Undoes `lift`. */
  lower(): void {
    this.#lifted = false
    if (this.#blocked === 0 || this.full) return
    this.full = true
    this.onFull()
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
  /** Bytes handed to the link so far; 0 in the same slot. */
  byteCount = 0
  readonly #slot: Slot
  readonly #gate: OutputGate
  readonly #transport: ChannelTransport
  #credits: number
  /** The credits of an empty channel. */
  readonly #window: number
  #limit = BATCH_RECORDS
  #values: unknown[] = []
  #timestamps = new Float64Array(BATCH_RECORDS)
  #length = 0
  #closedRecords = 0
  /** Batches and events in the order in which they must leave. */
  readonly #queue = new Fifo<ChannelItem>()
  #watermark = MIN_TIMESTAMP
  /** The slot wanted to send the open batch and there was no credit: the next one sends it. */
  #flushDue = false
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
    this.#window = credits
    gate.add(this)
  }

  /** Records handed in so far. */
  get recordCount(): number {
    return this.#closedRecords + this.#length
  }

  /** Records in the open batch. */
  get openRecords(): number {
    return this.#length
  }

  /** Batches and events that were sent and not yet taken, as far as the credits tell, and those that wait for credit. */
  get backlog(): number {
    return this.#window - this.#credits + this.#queue.size
  }

  /** Whether the subtask that writes here has to stop. */
  get full(): boolean {
    return this.#gate.full
  }

  /** Whether nothing waits here any more. */
  get drained(): boolean {
    return this.#length === 0 && this.#queue.size === 0 && this.#watermark === MIN_TIMESTAMP
  }

  /** Adds a record to the open batch. */
  append(value: unknown, timestamp: number): void {
    const length = this.#length
    this.#values[length] = value
    this.#timestamps[length] = timestamp
    this.#length = length + 1
    if (length === 0) this.#slot.markDirty(this)
    if (length + 1 >= this.#limit) this.#closeFullBatch()
  }

  /** Event time on this channel has reached `timestamp`. Leaves after the records handed in before. */
  watermark(timestamp: number): void {
    this.#watermark = timestamp
    this.#slot.markDirty(this)
  }

  /** Says what follows the records; is not lost, merged or overtaken. */
  event(event: ChannelEvent): void {
    try {
      if (this.#length > 0) this.#closeBatch()
    } catch (error) {
      this.#gate.onError(error)
      return
    }
    this.#queueWatermark()
    this.#queue.push(event)
    this.#slot.markDirty(this)
  }

  /** Called when a barrier that had its place in the queue has left. */
  onBarrierLeft: (checkpointId: number) => void = () => {}

  /** Whether the barrier of this checkpoint waits in its place for credit. */
  holdsBarrier(checkpointId: number): boolean {
    return this.#queue.toArray().some((item) => isBarrierOf(item, checkpointId))
  }

  /**
   * Sends a barrier ahead of all that waits here, without a credit, or lets one overtake that waits in its place. Returns what was
   * before it, in the order in which it will leave; it stays here, so look at it before anything else is handed in. Barriers of earlier checkpoints are left
   * out.
   */
  overtake(checkpointId: number): ChannelItem[] {
    const queued = this.#queue.toArray()
    const place = queued.findIndex((item) => isBarrierOf(item, checkpointId))
    const overtaken = place < 0 ? [...queued, ...this.#unqueued()] : queued.slice(0, place)
    this.#transport.event({ kind: 'barrier', checkpointId, alignedUntilMs: OVERTAKEN })
    if (place >= 0) {
      this.#queue.clear()
      queued.splice(place, 1)
      for (const item of queued) this.#queue.push(item)
    }
    return overtaken.filter((item) => 'values' in item || item.kind !== 'barrier')
  }

  /** The open batch, and the watermark behind it. */
  #unqueued(): ChannelItem[] {
    const items: ChannelItem[] = []
    if (this.#length > 0)
      items.push({ values: this.#values, timestamps: this.#timestamps, length: this.#length })
    if (this.#watermark !== MIN_TIMESTAMP)
      items.push({ kind: 'watermark', timestamp: this.#watermark })
    return items
  }

  /** The receiver has room for `count` more. */
  grant(count: number): void {
    this.#credits += count
    // An open batch goes on growing until the slot flushes; had it done so already, this is the credit that was missing.
    this.#send(this.#length === 0 || this.#flushDue)
  }

  /** Sends what there is, as far as the credits go. */
  flush(): void {
    this.#send(true)
  }

  /** Sends the open batch, if there is a credit for it; a watermark behind it waits for the flush. */
  sendRecords(): void {
    if (this.#length === 0 || this.#credits === 0) return
    try {
      this.#closeBatch()
    } catch (error) {
      this.#gate.onError(error)
    }
  }

  #send(all: boolean): void {
    try {
      this.#sendQueue()
      if (!all) return
      // Without a credit the batch had better go on growing than wait as it is.
      this.#flushDue = this.#length > 0 && this.#credits === 0
      if (this.#length > 0 && !this.#flushDue) this.#closeBatch()
    } catch (error) {
      this.#gate.onError(error)
      return
    }
    if (this.#watermark === MIN_TIMESTAMP || this.#credits === 0) return
    this.#credits--
    this.#transport.event({ kind: 'watermark', timestamp: this.#watermark })
    this.#watermark = MIN_TIMESTAMP
  }

  /** Puts the newest watermark behind everything that has come before it. */
  #queueWatermark(): void {
    if (this.#watermark === MIN_TIMESTAMP) return
    this.#queue.push({ kind: 'watermark', timestamp: this.#watermark })
    this.#watermark = MIN_TIMESTAMP
  }

  #closeFullBatch(): void {
    this.#gate.keepUp(this)
    this.#closeBatch()
  }

  #closeBatch(): void {
    const length = this.#length
    this.#length = 0
    this.#closedRecords += length
    this.#flushDue = false
    this.#sendQueue()
    if (this.#credits > 0) {
      this.#credits--
      this.#ship(this.#values, this.#timestamps, length)
      if (!this.#transport.copies) this.#freshColumns()
      return
    }
    this.#queue.push({ values: this.#values, timestamps: this.#timestamps, length })
    this.#freshColumns()
    // If each record made more batches than there are credits, a watermark that waits outside the queue would never leave.
    this.#queueWatermark()
    this.#block()
  }

  #freshColumns(): void {
    this.#values = []
    this.#timestamps = new Float64Array(BATCH_RECORDS)
  }

  #sendQueue(): void {
    while (this.#queue.size > 0 && this.#credits > 0) {
      const item = this.#queue.shift()
      if (item === undefined) break
      this.#credits--
      if ('values' in item) this.#ship(item.values as unknown[], item.timestamps, item.length)
      else this.#sendEvent(item)
    }
    if (this.#queue.size > 0) {
      this.#block()
    } else if (this.#blocked) {
      this.#blocked = false
      this.#gate.unblock()
    }
  }

  #sendEvent(event: ChannelEvent): void {
    this.#transport.event(event)
    if (event.kind === 'barrier') this.onBarrierLeft(event.checkpointId)
  }

  #block(): void {
    if (this.#blocked) return
    this.#blocked = true
    this.#gate.block()
  }

  #ship(values: unknown[], timestamps: Float64Array, length: number): void {
    const bytes = this.#transport.records(values, timestamps, length)
    if (bytes === 0) return
    this.byteCount += bytes
    const fitting = Math.floor((BATCH_BYTES * length) / bytes)
    this.#limit = Math.max(1, Math.min(BATCH_RECORDS, fitting))
  }
}

function isBarrierOf(item: ChannelItem, checkpointId: number): boolean {
  return 'kind' in item && item.kind === 'barrier' && item.checkpointId === checkpointId
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
