/**
 * Packs what is in flight on one channel, for a checkpoint.
 *
 * At once, because a batch in the same slot is handed on by reference: whoever reads it next may change its records.
 */
import type {
  ChannelBatch,
  ChannelMark,
  ChannelName,
  ChannelSnapshot,
} from '../../checkpoint/subtask-snapshot.ts'
import type { RecordBatch } from '../../mailbox/batch.ts'
import type { RecordCodec } from '../../mailbox/codec.ts'
import type { ChannelItem } from '../../runtime/output-channel.ts'

const NO_TIMES = new Float64Array(0)
const NO_BYTES = new Uint8Array(0)

/** See the head of this file. */
export class ChannelPacker {
  readonly #name: ChannelName
  readonly #side: ChannelSnapshot['side']
  readonly #codec: RecordCodec
  readonly #batches: ChannelBatch[] = []
  /** Behind the last batch. */
  #marks: ChannelMark[] = []

  constructor(
    { edge, fromSubtask, toSubtask }: ChannelName,
    side: ChannelSnapshot['side'],
    codec: RecordCodec,
  ) {
    this.#name = { edge, fromSubtask, toSubtask }
    this.#side = side
    this.#codec = codec
  }

  /** What was added; undefined: nothing. */
  get snapshot(): ChannelSnapshot | undefined {
    if (this.#batches.length === 0) return undefined
    return { ...this.#name, side: this.#side, batches: this.#batches }
  }

  /** Adds an item, of a batch the records from `first`. Barriers and ends are left out. Errors: `UNSENDABLE_VALUE`. */
  add(item: ChannelItem, first = 0): void {
    if ('values' in item) this.#addRecords(item, first)
    else if (item.kind === 'watermark')
      this.#addMark({ kind: 'watermark', timestamp: item.timestamp })
    else if (item.kind === 'idle') this.#addMark({ kind: 'idle' })
  }

  #addRecords({ values, timestamps, length }: RecordBatch, first: number): void {
    if (first >= length) return
    const rest = first === 0 ? values : values.slice(first, length)
    // The codec uses its memory again.
    const payload = new Uint8Array(this.#codec.encode(rest, length - first))
    this.#push({
      codec: this.#codec.name,
      length: length - first,
      timestamps: timestamps.slice(first, length),
      payload,
    })
  }

  #addMark(mark: ChannelMark): void {
    if (this.#batches.length === 0)
      this.#push({ codec: this.#codec.name, length: 0, timestamps: NO_TIMES, payload: NO_BYTES })
    this.#marks.push(mark)
  }

  #push(batch: ChannelBatch): void {
    this.#marks = []
    this.#batches.push({ ...batch, marks: this.#marks })
  }
}
