/**
 * The codec `columns`: batches of one shape as columns, of a few shapes as columns for each, everything else as `msgpack` does it.
 *
 * One instance belongs to one channel (sending side) or one slot (receiving side), and to one thread. It remembers
 * shapes, as compiled code, but every payload stands alone. See `column-writers.ts` for the layout.
 */
import type { CodecName, RecordCodec } from './codec.ts'
import { compileReader, type ColumnReader } from './column-readers.ts'
import { ColumnEncoder, viewOf } from './column-encoder.ts'
import { shapeFromText } from './shape-text.ts'
import { COLUMNS, HEAD_BYTES, LAYOUT_VERSION, NESTED_LAYOUT_VERSION } from './column-writers.ts'
import { MillraceError } from './errors.ts'
import { decodeMixed, MIXED, MixedShapes } from './mixed-shapes.ts'
import { asBuffer, packList, unpackList } from './msgpack.ts'

/** Readers beyond this are forgotten all together: somebody sends shapes without end. */
const MAX_READERS = 512

/** Readers of this thread by the texts of their shapes, for all codecs, as in `column-plans`. */
const compiledReaders = new Map<string, ColumnReader>()

interface KnownReader {
  readonly hash: number
  readonly text: Buffer
  readonly read: ColumnReader
}

/**
 * Packs batches of one shape, or of a few, as columns.
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
  readonly #columns: ColumnEncoder
  readonly #mixed: MixedShapes
  readonly #readers = new Map<number, KnownReader>()
  #lastReader: KnownReader | undefined

  /** `where` names the sender in errors, e.g. `operator 'enrich'`. */
  constructor(where?: string) {
    this.#where = where
    this.#columns = new ColumnEncoder(where)
    this.#mixed = new MixedShapes(() => {
      const columns = new ColumnEncoder(where)
      return (values, length) => columns.encode(values, length) ?? packList(values, length, where)
    })
  }

  encode(values: readonly unknown[], length: number): Uint8Array {
    return (
      this.#columns.encode(values, length) ??
      this.#mixed.encode(values, length) ??
      packList(values, length, this.#where)
    )
  }

  decode(bytes: Uint8Array, length: number): unknown[] {
    const buffer = asBuffer(bytes)
    if (buffer[0] === MIXED) return decodeMixed(buffer, length, this.#decodePart)
    return this.#decodePart(buffer, length)
  }

  readonly #decodePart = (buffer: Buffer, length: number): unknown[] => {
    if (buffer[0] !== COLUMNS) return unpackList(buffer, length)
    const version = buffer[1]
    if (version !== LAYOUT_VERSION && version !== NESTED_LAYOUT_VERSION) {
      throw new MillraceError(
        'UNKNOWN_PAYLOAD_VERSION',
        `expected columns of version ${LAYOUT_VERSION} or ${NESTED_LAYOUT_VERSION}, got ${version}`,
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

  #readerFor(bytes: Buffer): KnownReader {
    const hash = bytes.readUInt32LE(4)
    const end = HEAD_BYTES + bytes.readUInt16LE(2)
    let reader = this.#lastReader
    if (reader?.hash !== hash) reader = this.#readers.get(hash)
    if (reader === undefined || reader.text.compare(bytes, HEAD_BYTES, end) !== 0) {
      const text = Buffer.from(bytes.subarray(HEAD_BYTES, end))
      reader = { hash, text, read: readerOf(text.utf8Slice(0, text.length)) }
      if (this.#readers.size >= MAX_READERS) this.#readers.clear()
      this.#readers.set(hash, reader)
    }
    this.#lastReader = reader
    return reader
  }
}

function readerOf(text: string): ColumnReader {
  const known = compiledReaders.get(text)
  if (known !== undefined) return known
  const reader = compileReader(shapeFromText(text))
  if (compiledReaders.size >= MAX_READERS) compiledReaders.clear()
  compiledReaders.set(text, reader)
  return reader
}

function readOthers(bytes: Buffer, from: number, to: number, length: number): unknown[] {
  return unpackList(bytes.subarray(from, to), length)
}
