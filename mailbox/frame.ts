/**
 * What travels on a link: frames. A frame names its channel, so many channels share a link.
 *
 * On the wire a frame is one msgpack array made with msgpackr:
 *   [version, kind, channel, ...fields of the kind]
 * The version comes first, so that a reader can refuse a frame it does not know before it looks further.
 */
import type { CodecName } from './codec.ts'

/** Version of the frame layout, the first element of every frame. */
export const FRAME_VERSION = 1

/** Records of one stream channel. */
export interface RecordsFrame {
  readonly kind: 'records'
  readonly channel: number
  readonly length: number
  /** Event times, one per record. */
  readonly timestamps: Float64Array
  readonly codec: CodecName
  /** The values, packed by `codec`. */
  readonly payload: Uint8Array
}

/** The sender promises that no record with a smaller or equal timestamp follows on this channel. */
export interface WatermarkFrame {
  readonly kind: 'watermark'
  readonly channel: number
  readonly timestamp: number
}

/** The channel is idle: do not wait for its watermark. It ends with the next record or watermark. */
export interface IdleFrame {
  readonly kind: 'idle'
  readonly channel: number
}

/** A checkpoint barrier. */
export interface BarrierFrame {
  readonly kind: 'barrier'
  readonly channel: number
  readonly checkpointId: number
  /** Until when it stays in its place among the records, in ms of the wall clock; -Infinity: it has overtaken. Default: for ever. */
  readonly alignedUntilMs?: number
}

/** Nothing follows on this channel. */
export interface EndFrame {
  readonly kind: 'end'
  readonly channel: number
}

/** The receiver has reserved room: `credits[i]` more batches (or messages) on `channels[i]`. */
export interface CreditFrame {
  readonly kind: 'credit'
  readonly channels: readonly number[]
  readonly credits: readonly number[]
}

/**
 * Messages from the actors of one slot to the actors of another, in sending order.
 * `targets[i]` is the receiving actor, `correlations[i]` the ask it belongs to (0: a tell).
 */
export interface MessageFrame {
  readonly kind: 'message'
  readonly length: number
  readonly targets: Float64Array
  readonly correlations: Float64Array
  readonly codec: CodecName
  readonly payload: Uint8Array
}

/** Mail of the runtime itself (spawn, watch, stop, replies …): served before data. Any msgpack value. */
export interface ControlFrame {
  readonly kind: 'control'
  readonly mails: readonly unknown[]
}

export type Frame =
  | RecordsFrame
  | WatermarkFrame
  | IdleFrame
  | BarrierFrame
  | EndFrame
  | CreditFrame
  | MessageFrame
  | ControlFrame
