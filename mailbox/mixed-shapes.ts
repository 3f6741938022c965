/**
 * Batches whose records have a few forms: events of several types on one stream, records among partial results.
 *
 * The records are sorted by form; the parts are packed one after the other, each as columns of its own (or, if it does not repay them, as
 * msgpack), and a byte per record says which part it is in. The layout (little endian; `n` records in `k` parts):
 *
 *   u8   MIXED (3)
 *   u8   MIXED_VERSION
 *   u8   k
 *   u8   0
 *   k times  u32 records, u32 bytes
 *   n times  u8 number of the part
 *        the payloads of the parts
 *
 * One instance belongs to one encoder, as a `ShapeBook` does.
 */
import { types } from 'node:util'
import { MillraceError } from './errors.ts'
import { COLUMNS } from './column-writers.ts'
import { formOf, outlineKey, type RecordOutline } from './column-shape.ts'
import { UnsendableValueError } from './sendable.ts'

/** First byte of a payload of several parts. */
export const MIXED = 3
/** Second byte: the version of the layout. */
export const MIXED_VERSION = 1

const HEAD_BYTES = 4
const PART_HEAD_BYTES = 8
/** Forms that one batch may mix; with more of them, each part is too small to repay its head. */
const MAX_PARTS = 8
/** Forms beyond this are forgotten all together: keys are data there. */
const MAX_FORMS = 32
/** Smaller batches travel as msgpack. */
const MIN_RECORDS = 16
/** Memory for a payload beyond this is not kept for the next one. */
const KEPT_BYTES = 4 * 1024 * 1024
/** While batches turn out not to be mixed, or too mixed, at most this many go by unsorted. */
const MAX_UNSORTED_BATCHES = 63

/** Packs records of one form; the bytes are valid until its next call. Throws `UnsendableValueError`. */
export type EncodePart = (values: readonly unknown[], length: number) => Uint8Array

/** Unpacks exactly `length` records. */
export type DecodePart = (bytes: Buffer, length: number) => unknown[]

/** The records of one form. */
interface Part {
  readonly outline: RecordOutline
  readonly encode: EncodePart
  readonly values: unknown[]
  /** Its number in the batch that is being sorted; -1: none of its records has come yet. */
  place: number
}

/** Sorts batches by the forms of their records. */
export class MixedShapes {
  readonly #newEncoder: () => EncodePart
  readonly #parts = new Map<string, Part>()
  /** Those of the batch, by their places. */
  readonly #used: Part[] = []
  #places = new Uint8Array(0)
  #bytes = Buffer.alloc(0)
  #last: Part | undefined
  #misses = 0
  #unsorted = 0

  /** `newEncoder` makes what packs the records of one form. */
  constructor(newEncoder: () => EncodePart) {
    this.#newEncoder = newEncoder
  }

  /** The payload, valid until the next call, or undefined where the batch has too many forms: send it as msgpack. */
  encode(values: readonly unknown[], length: number): Uint8Array | undefined {
    if (length < MIN_RECORDS) return undefined
    if (this.#unsorted > 0) {
      this.#unsorted--
      return undefined
    }
    try {
      if (!this.#sort(values, length)) return this.#miss()
      const [only, ...others] = this.#used
      if (only !== undefined && others.length === 0) {
        const payload = only.encode(only.values, length)
        return payload[0] === COLUMNS ? payload : this.#miss()
      }
      this.#misses = 0
      return this.#pack(length)
    } catch (error) {
      // Whoever packs the whole batch says which record it was.
      if (error instanceof UnsendableValueError) return undefined
      throw error
    } finally {
      for (const part of this.#used) {
        part.values.length = 0
        part.place = -1
      }
      this.#used.length = 0
    }
  }

  /** False when there are too many forms, or one that has none. */
  #sort(values: readonly unknown[], length: number): boolean {
    if (this.#places.length < length) this.#places = new Uint8Array(length)
    const places = this.#places
    const used = this.#used
    let part = this.#last
    for (let i = 0; i < length; i++) {
      const value = values[i]
      if (part === undefined || !fits(part.outline, value)) {
        part = this.#partOf(value)
        if (part === undefined) return false
      }
      if (part.place < 0) {
        if (used.length === MAX_PARTS) return false
        part.place = used.length
        used.push(part)
      }
      places[i] = part.place
      part.values.push(value)
    }
    this.#last = part
    return true
  }

  #partOf(value: unknown): Part | undefined {
    for (const part of this.#used) if (fits(part.outline, value)) return part
    const outline = formOf(value)
    if (outline === undefined) return undefined
    const key = outlineKey(outline)
    const known = this.#parts.get(key)
    if (known !== undefined) return known
    if (this.#parts.size === MAX_FORMS) this.#parts.clear()
    const part = { outline, encode: this.#newEncoder(), values: [], place: -1 }
    this.#parts.set(key, part)
    return part
  }

  #pack(length: number): Uint8Array {
    const payloads = this.#used.map(({ encode, values }) => encode(values, values.length))
    const placesAt = HEAD_BYTES + PART_HEAD_BYTES * payloads.length
    const size = payloads.reduce((sum, payload) => sum + payload.length, placesAt + length)
    const bytes = this.#room(size)
    bytes[0] = MIXED
    bytes[1] = MIXED_VERSION
    bytes[2] = payloads.length
    bytes[3] = 0
    bytes.set(this.#places.subarray(0, length), placesAt)
    let end = placesAt + length
    payloads.forEach((payload, place) => {
      const head = HEAD_BYTES + PART_HEAD_BYTES * place
      bytes.writeUInt32LE(this.#used[place]?.values.length ?? 0, head)
      bytes.writeUInt32LE(payload.length, head + 4)
      bytes.set(payload, end)
      end += payload.length
    })
    return bytes.subarray(0, size)
  }

  /** Memory that is used again, unless it is unusually large. */
  #room(size: number): Buffer {
    if (size > KEPT_BYTES) return Buffer.allocUnsafeSlow(size)
    if (size > this.#bytes.length)
      this.#bytes = Buffer.allocUnsafeSlow(
        Math.max(size, Math.min(2 * this.#bytes.length, KEPT_BYTES)),
      )
    return this.#bytes
  }

  #miss(): undefined {
    this.#misses++
    this.#unsorted = Math.min(2 ** Math.min(this.#misses, 10) - 2, MAX_UNSORTED_BATCHES)
    return undefined
  }
}

/** Puts the records of the parts in their order again. Errors: `DAMAGED_PAYLOAD`, `UNKNOWN_PAYLOAD_VERSION`, and those of `decodePart`. */
export function decodeMixed(bytes: Buffer, length: number, decodePart: DecodePart): unknown[] {
  if (bytes[1] !== MIXED_VERSION) {
    throw new MillraceError(
      'UNKNOWN_PAYLOAD_VERSION',
      `expected records of several forms in version ${MIXED_VERSION}, got ${bytes[1]}`,
    )
  }
  const count = bytes[2] ?? 0
  const placesAt = HEAD_BYTES + PART_HEAD_BYTES * count
  let at = placesAt + length
  if (at > bytes.length) throw damaged(length)
  let sum = 0
  for (let place = 0; place < count; place++)
    sum += bytes.readUInt32LE(HEAD_BYTES + PART_HEAD_BYTES * place)
  if (sum !== length) throw damaged(length)
  const parts: unknown[][] = []
  for (let place = 0; place < count; place++) {
    const head = HEAD_BYTES + PART_HEAD_BYTES * place
    const end = at + bytes.readUInt32LE(head + 4)
    // A part of several parts is never written.
    if (end > bytes.length || end === at || bytes[at] === MIXED) throw damaged(length)
    parts.push(decodePart(bytes.subarray(at, end), bytes.readUInt32LE(head)))
    at = end
  }
  if (at !== bytes.length) throw damaged(length)
  const next = new Uint32Array(count)
  const records = new Array<unknown>(length)
  for (let i = 0; i < length; i++) {
    const place = bytes[placesAt + i] as number
    const part = parts[place]
    const index = next[place] ?? 0
    if (part === undefined || index >= part.length) throw damaged(length)
    next[place] = index + 1
    records[i] = part[index]
  }
  return records
}

function damaged(length: number): MillraceError {
  return new MillraceError('DAMAGED_PAYLOAD', `expected ${length} records of several forms`)
}

/** Whether a value has the form of a part. Asked for every record, so no arrays of keys are made. */
function fits({ form, keys, size }: RecordOutline, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return form === 'value'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) {
    if (form !== 'object') return false
    let at = 0
    for (const key in value) if (key !== keys[at++]) return false
    return at === size
  }
  if (prototype === Array.prototype) return form === 'array' && (value as unknown[]).length === size
  return form === 'value' && types.isDate(value)
}
