/**
 * Lists of arbitrary values as msgpack, by msgpackr: the one place that knows its settings and its traps.
 *
 *   byte 0     PLAIN_LIST or SPACED_LIST
 *   byte 1...  one msgpack array
 *
 * `SPACED_LIST`: msgpackr's native reader makes one string of up to 6,000 bytes of neighbouring strings and hands out
 * slices, so that one kept record pins about forty others. It cuts where two strings lie more than 40 bytes apart. So
 * lists with long strings carry a gap of five doubles (45 bytes) after each value: each value then has a parent of its own.
 * The alternative, reading without the native part, is three times slower.
 *
 * A payload stands alone: structures are defined inside it, never remembered. One thread at a time.
 */
import { Packr, RESERVE_START_SPACE, RESET_BUFFER_MODE } from 'msgpackr/pack'
import { MillraceError } from './errors.ts'
import { escapeValue } from './msgpack-escape.ts'
import { noteLongPayload } from './native-reader.ts'
import {
  examine,
  findUnsendable,
  HAS_LONG_STRING,
  NEEDS_ESCAPE,
  UNSENDABLE,
  UnsendableValueError,
} from './sendable.ts'

/** First byte of a list whose elements are the values. */
export const PLAIN_LIST = 0
/** First byte of a list whose values are followed by gaps. */
export const SPACED_LIST = 2

const GAP = [0.1, 0.1, 0.1, 0.1, 0.1] as const
const STRIDE = GAP.length + 1

// bundleStrings would pin a whole batch; structuredClone would keep identity at four times the cost.
const packr = new Packr({ moreTypes: true, copyBuffers: true, structuredClone: false })

/**
 * Packs the first `length` values. The bytes are never overwritten later, but may share an allocation with others.
 * Throws `UnsendableValueError` with the index and path of the first value that cannot be sent; `where` goes into its message.
 */
export function packList(values: readonly unknown[], length: number, where?: string): Buffer {
  return pack(values, length, where, RESERVE_START_SPACE | 1)
}

/**
 * The same, but the bytes are valid only until the next list is packed on this thread: for those who copy them at once. Leaves no
 * buffers behind for the garbage collector.
 */
export function packListForNow(values: readonly unknown[], length: number, where?: string): Buffer {
  return pack(values, length, where, RESERVE_START_SPACE | RESET_BUFFER_MODE | 1)
}

function pack(
  values: readonly unknown[],
  length: number,
  where: string | undefined,
  mode: number,
): Buffer {
  let flags = 0
  for (let i = 0; i < length; i++) flags |= examine(values[i])
  if ((flags & UNSENDABLE) !== 0) refuseUnsendable(values, length, where)
  let list = values.length === length ? values : values.slice(0, length)
  if ((flags & NEEDS_ESCAPE) !== 0) list = Array.from(list, escapeValue)
  const spaced = (flags & HAS_LONG_STRING) !== 0 && length > 1
  const bytes = packr.pack(spaced ? spread(list) : list, mode)
  bytes[0] = spaced ? SPACED_LIST : PLAIN_LIST
  return bytes
}

/** Unpacks exactly `length` values. Throws `DAMAGED_PAYLOAD` when the bytes hold anything else. */
export function unpackList(bytes: Buffer, length: number): unknown[] {
  noteLongPayload(bytes.length)
  const spaced = bytes[0] === SPACED_LIST
  let list: unknown
  try {
    list = packr.unpack(bytes.subarray(1))
  } catch (cause) {
    throw new MillraceError('DAMAGED_PAYLOAD', `expected a msgpack array of ${length} values`, {
      cause,
    })
  }
  const expected = spaced ? length * STRIDE : length
  if (!Array.isArray(list) || list.length !== expected) {
    throw new MillraceError(
      'DAMAGED_PAYLOAD',
      `expected a msgpack array of ${expected} elements, got ${Array.isArray(list) ? `${list.length}` : typeof list}`,
    )
  }
  return spaced ? gather(list, length) : list
}

/** Unpacks one value that stands alone. Throws whatever msgpackr throws where the bytes hold anything else. */
export function unpackValue(bytes: Buffer): unknown {
  noteLongPayload(bytes.length)
  return packr.unpack(bytes)
}

function spread(values: readonly unknown[]): unknown[] {
  const list: unknown[] = []
  for (let i = 0; i < values.length; i++) {
    list.push(values[i], GAP[0], GAP[1], GAP[2], GAP[3], GAP[4])
  }
  return list
}

function gather(list: readonly unknown[], length: number): unknown[] {
  const values = new Array<unknown>(length)
  for (let i = 0; i < length; i++) values[i] = list[i * STRIDE]
  return values
}

function refuseUnsendable(
  values: readonly unknown[],
  length: number,
  where: string | undefined,
): void {
  for (let i = 0; i < length; i++) {
    const finding = findUnsendable(values[i])
    if (finding !== undefined) throw new UnsendableValueError(i, finding, where)
  }
}

/** A view of the same memory with the methods of Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
