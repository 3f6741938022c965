/**
 * The codec `columns`: batches of one shape as columns, everything else as `msgpack` does it.
 *
 * One instance belongs to one channel (sending side) or one slot (receiving side), and to one thread. It remembers
 * shapes, as compiled code, but every payload stands alone. See `column-writers.ts` for the layout.
 */
import { writeText } from './buffer-text.ts'
import type { CodecName, RecordCodec } from './codec.ts'
import { compileReader, type ColumnReader } from './column-readers.ts'
import { ShapeBook, type ShapePlan } from './column-plans.ts'
import { shapeFromText } from './column-shape.ts'
import { COLUMNS, HEAD_BYTES, LAYOUT_VERSION, type WriterOutput } from './column-writers.ts'
import { MillraceError } from './errors.ts'
import { asBuffer, packList, unpackList } from './msgpack.ts'
import { UnsendableValueError, type ValuePath } from './sendable.ts'

const INITIAL_BYTES = 64 * 1024
/** Room beyond this is given back after the batch that needed it. */
const KEPT_BYTES = 4 * 1024 * 1024
/** Readers beyond this are forgotten all together: somebody sends shapes without end. */
const MAX_READERS = 512

interface KnownReader {
  readonly hash: number
  readonly text: Buffer
  readonly read: ColumnReader
}

/**
 * Packs batches of one shape as columns.
 *
 * What arrives is what was sent, with the exceptions named at `MsgpackCodec`. Beyond msgpackr it keeps `-0`, lone
 * surrogates, `__proto__` keys and bigints of any size. A kept record keeps at most about three times its own size alive.
 *
 * `encode` returns memory of this instance, valid until the next `encode`; it throws `UNSENDABLE_VALUE`. `decode` keeps nothing of
 * its input; it throws `DAMAGED_PAYLOAD` and, for a layout of a later version, `UNKNOWN_PAYLOAD_VERSION`.
 */
export class ColumnCodec implements RecordCodec {
  readonly name: CodecName = 'columns'
  readonly #where: string | undefined
  readonly #shapes = new ShapeBook()
  readonly #output: WriterOutput
  readonly #readers = new Map<number, KnownReader>()
  #lastReader: KnownReader | undefined

  /** `where` names the sender in errors, e.g. `operator 'enrich'`. */
  constructor(where?: string) {
    this.#where = where
    const bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES)
    this.#output = { bytes, view: viewOf(bytes), short: '', text: '', others: [] }
  }

  encode(values: readonly unknown[], length: number): Uint8Array {
    return this.#encodeColumns(values, length) ?? packList(values, length, this.#where)
  }

  decode(bytes: Uint8Array, length: number): unknown[] {
    const buffer = asBuffer(bytes)
    if (buffer[0] !== COLUMNS) return unpackList(buffer, length)
    if (buffer[1] !== LAYOUT_VERSION) {
      throw new MillraceError(
        'UNKNOWN_PAYLOAD_VERSION',
        `expected columns of version ${LAYOUT_VERSION}, got ${buffer[1]}`,
      )
    }
    try {
      const reader = this.#readerFor(buffer)
      return reader.read(
        buffer,
        viewOf(buffer),
        HEAD_BYTES + reader.text.length,
        length,
        readOthers,
      )
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause
      throw new MillraceError('DAMAGED_PAYLOAD', `expected columns of ${length} records`, { cause })
    }
  }

  #encodeColumns(values: readonly unknown[], length: number): Uint8Array | undefined {
    let plan = this.#shapes.planFor(values, length)
    while (plan !== undefined) {
      const bad = this.#write(plan, values, length)
      if (bad === length) {
        this.#shapes.fitted()
        return this.#finish(plan, length)
      }
      plan = bad < 0 ? undefined : this.#shapes.replan(plan, values, length, bad)
    }
    return undefined
  }

  /** Writes the columns and gathers the text; returns the index of the first record that does not fit. */
  #write(plan: ShapePlan, values: readonly unknown[], length: number): number {
    const output = this.#output
    output.others.length = 0
    this.#reserve(plan.start + plan.bytesPerRecord * length, 0)
    try {
      return plan.write(values, length, output, plan.start)
    } catch (error) {
      // The text of the batch is longer than a string can be.
      if (error instanceof RangeError) return -1
      throw error
    }
  }

  #finish(plan: ShapePlan, length: number): Uint8Array {
    const output = this.#output
    const { short, text } = output
    const columnsEnd = plan.start + plan.bytesPerRecord * length
    this.#reserve(columnsEnd + 2 * (short.length + text.length), columnsEnd)
    const shortWidth = writeText(output.bytes, short, columnsEnd)
    const textAt = columnsEnd + shortWidth * short.length
    const textWidth = writeText(output.bytes, text, textAt)
    let end = textAt + textWidth * text.length
    output.short = ''
    output.text = ''
    let otherBytes = 0
    if (plan.others.length > 0) {
      const list = this.#packOthers(plan)
      otherBytes = list.length
      this.#reserve(end + otherBytes, end)
      list.copy(output.bytes, end)
      end += otherBytes
    }
    const { bytes, view } = output
    const sizes = plan.head.length
    plan.head.copy(bytes, 0)
    view.setUint32(sizes, short.length, true)
    view.setUint32(sizes + 4, text.length, true)
    bytes[sizes + 8] = shortWidth
    bytes[sizes + 9] = textWidth
    view.setUint32(sizes + 10, otherBytes, true)
    if (bytes.length > KEPT_BYTES) this.#replaceMemory(INITIAL_BYTES, 0)
    return bytes.subarray(0, end)
  }

  #packOthers(plan: ShapePlan): Buffer {
    const { others } = this.#output
    try {
      return packList(others, others.length, this.#where)
    } catch (error) {
      if (!(error instanceof UnsendableValueError)) throw error
      const field = plan.others[error.recordIndex % plan.others.length] ?? 0
      const step = plan.shape.form === 'array' ? field : plan.shape.keys[field]
      const path: ValuePath = step === undefined ? error.path : [step, ...error.path]
      const index = Math.floor(error.recordIndex / plan.others.length)
      throw new UnsendableValueError(index, path, error.found, this.#where)
    } finally {
      others.length = 0
    }
  }

  /** Makes the memory at least `size` bytes, keeping the first `used`. */
  #reserve(size: number, used: number): void {
    if (size > this.#output.bytes.length)
      this.#replaceMemory(Math.max(size, 2 * this.#output.bytes.length), used)
  }

  #replaceMemory(size: number, used: number): void {
    const bytes = Buffer.allocUnsafeSlow(size)
    this.#output.bytes.copy(bytes, 0, 0, used)
    this.#output.bytes = bytes
    this.#output.view = viewOf(bytes)
  }

  #readerFor(bytes: Buffer): KnownReader {
    const hash = bytes.readUInt32LE(4)
    const end = HEAD_BYTES + bytes.readUInt16LE(2)
    let reader = this.#lastReader
    if (reader?.hash !== hash) reader = this.#readers.get(hash)
    if (reader === undefined || reader.text.compare(bytes, HEAD_BYTES, end) !== 0) {
      const text = Buffer.from(bytes.subarray(HEAD_BYTES, end))
      reader = { hash, text, read: compileReader(shapeFromText(text.utf8Slice(0, text.length))) }
      if (this.#readers.size >= MAX_READERS) this.#readers.clear()
      this.#readers.set(hash, reader)
    }
    this.#lastReader = reader
    return reader
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function readOthers(bytes: Buffer, from: number, to: number, length: number): unknown[] {
  return unpackList(bytes.subarray(from, to), length)
}
