/**
 * What was in flight to a subtask when a checkpoint was made, to be read before anything new. On the slot's thread.
 *
 * The channels take turns, as in a mailbox. Batches are unpacked when their turn comes.
 */
import type { ChannelBatch } from '../../checkpoint/subtask-snapshot.ts'
import type { RecordBatch } from '../../mailbox/batch.ts'
import type { CodecName, RecordCodec } from '../../mailbox/codec.ts'
import { createCodec } from '../../mailbox/codec-registry.ts'
import { Fifo } from '../../mailbox/fifo.ts'
import type { ChannelItem } from '../../runtime/output-channel.ts'
import type { RestoredChannel } from './channel-state.ts'

type Keeps = RestoredChannel['keeps']

/** The rest of one channel. */
interface Waiting {
  readonly channel: number
  readonly batches: Fifo<ChannelBatch>
  readonly marks: Fifo<ChannelItem>
  readonly keeps: Keeps
}

/** See the head of this file. */
export class RestoredInput {
  readonly #waiting = new Fifo<Waiting>()
  readonly #codecs = new Map<string, RecordCodec>()
  #lastChannel = -1

  constructor(channels: readonly RestoredChannel[]) {
    for (const { channel, batches, keeps } of channels) {
      const waiting = {
        channel,
        batches: new Fifo<ChannelBatch>(),
        marks: new Fifo<ChannelItem>(),
        keeps,
      }
      for (const batch of batches) waiting.batches.push(batch)
      this.#waiting.push(waiting)
    }
  }

  /** The channel of the item that `take` returned last. */
  get lastChannel(): number {
    return this.#lastChannel
  }

  /** The next item; undefined: there is nothing left. Errors: `DAMAGED_PAYLOAD`, `UNKNOWN_CODEC`, those of `keeps`. */
  take(): ChannelItem | undefined {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const item = this.#takeFrom(next)
      if (item === undefined) continue
      this.#lastChannel = next.channel
      this.#waiting.push(next)
      return item
    }
    return undefined
  }

  /** All that is left of a channel, in order. It stays here. Errors as above. */
  waiting(channel: number): ChannelItem[] {
    const items: ChannelItem[] = []
    for (const waiting of this.#waiting.toArray()) {
      if (waiting.channel !== channel) continue
      items.push(...waiting.marks.toArray())
      for (const batch of waiting.batches.toArray()) {
        const records = this.#unpack(batch, waiting.keeps)
        if (records.length > 0) items.push(records)
        items.push(...(batch.marks ?? []))
      }
    }
    return items
  }

  #takeFrom({ batches, marks, keeps }: Waiting): ChannelItem | undefined {
    for (;;) {
      const mark = marks.shift()
      if (mark !== undefined) return mark
      const batch = batches.shift()
      if (batch === undefined) return undefined
      for (const each of batch.marks ?? []) marks.push(each)
      const records = this.#unpack(batch, keeps)
      if (records.length > 0) return records
    }
  }

  #unpack({ codec: name, length, timestamps, payload }: ChannelBatch, keeps: Keeps): RecordBatch {
    if (length === 0) return { values: [], timestamps, length }
    const values = this.#codec(name).decode(payload, length)
    return keeps === undefined ? { values, timestamps, length } : kept(values, timestamps, keeps)
  }

  #codec(name: string): RecordCodec {
    const known = this.#codecs.get(name)
    if (known !== undefined) return known
    const codec = createCodec(name as CodecName)
    this.#codecs.set(name, codec)
    return codec
  }
}

function kept(
  all: readonly unknown[],
  times: Float64Array,
  keeps: (value: unknown) => boolean,
): RecordBatch {
  const values: unknown[] = []
  const timestamps = new Float64Array(all.length)
  all.forEach((value, at) => {
    if (!keeps(value)) return
    timestamps[values.length] = times[at] as number
    values.push(value)
  })
  return { values, timestamps, length: values.length }
}
