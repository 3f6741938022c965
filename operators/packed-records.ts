/**
 * Records of a sink that were packed where they come from: how they cross a link to the writer, and how the writer's subtask tells them from
 * records.
 *
 *     records ──► channel ──batch──► PackingTransport ──packer──► one value per batch ══ link ══► packedInput ──► SinkTail ──► writePacked
 *
 * Credits, batches and the counts of the sender are those of the records. Packed records are on links only: what stays in its
 * slot is handed over as it is, and where barriers may overtake records nothing is packed, so that checkpoints never hold any.
 */
import { MillraceError } from '../mailbox/errors.ts'
import type { ChannelEvent, ChannelTransport } from '../runtime/output-channel.ts'
import { describeRecord } from './operator-error.ts'
import type { Output } from './operator.ts'
import type { RecordPacker, Sink } from './sink.ts'

/** The field that only packed records have. */
const RECORDS = 'millrace.packed'

/** Some records in one value, among which they are told by the name of a field that no record has. Plain data. */
export interface PackedRecords {
  /** How many records it stands for. */
  readonly 'millrace.packed': number
  /** What the packer has made of them. */
  readonly packed: unknown
}

/** Whether a value that comes over a link is packed records and not a record. */
export function isPackedRecords(value: unknown): value is PackedRecords {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Readonly<Record<string, unknown>>)[RECORDS] !== undefined
  )
}

/** Who takes the records of a sink, packed ones too. */
export interface PackedOutput extends Output {
  /** Takes what a packer has made of `records` records. */
  emitPacked(packed: unknown, records: number): void
}

/** The end of a chain that reads packed records and records, and hands both to `output`. */
export function packedInput(output: PackedOutput): Output {
  return {
    emit: (value, timestamp) => {
      if (isPackedRecords(value)) output.emitPacked(value.packed, value[RECORDS])
      else output.emit(value, timestamp)
    },
    get full() {
      return output.full
    },
  }
}

/** The packer of a sink, if it has any. Throws `INVALID_SINK` unless it has a function `pack`. */
export function packerOf(sink: Sink<unknown>): RecordPacker<unknown> | undefined {
  if (sink.createPacker === undefined) return undefined
  const packer: unknown = sink.createPacker()
  if (typeof (packer as Partial<RecordPacker<unknown>> | undefined)?.pack === 'function')
    return packer as RecordPacker<unknown>
  throw new MillraceError(
    'INVALID_SINK',
    `expected Sink.createPacker() to return an object with the function pack, got ${describeRecord(packer)}`,
  )
}

/** Packs each batch on its way to the link. */
export class PackingTransport implements ChannelTransport {
  readonly copies = true
  readonly #packer: RecordPacker<unknown>
  readonly #link: ChannelTransport
  readonly #explain: (error: unknown) => unknown

  /** `link` must copy what it is given. `explain` makes an error of the packer, or of the link about what the packer has made, name the sink. */
  constructor(
    packer: RecordPacker<unknown>,
    link: ChannelTransport,
    explain: (error: unknown) => unknown,
  ) {
    this.#packer = packer
    this.#link = link
    this.#explain = explain
  }

  records(values: unknown[], timestamps: Float64Array, length: number): number {
    try {
      const batch = length < values.length ? values.slice(0, length) : values
      const packed = this.#packer.pack(batch, timestamps.subarray(0, length))
      return this.#link.records([{ [RECORDS]: length, packed }], timestamps, 1)
    } catch (error) {
      throw this.#explain(error)
    }
  }

  event(event: ChannelEvent): void {
    this.#link.event(event)
  }
}
