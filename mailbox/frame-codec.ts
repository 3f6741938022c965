/**
 * Frames to bytes and back. The envelope is one msgpack array made with msgpackr:
 *   [version, kind, channel?, ...fields of the kind]
 * where kind is a small number (see `KINDS`) and `channel` is there for the kinds that have one.
 *
 * The columns of a frame (timestamps, targets …) travel as bin, little endian; a column of equal numbers, which is what
 * records without timestamps have, as that one number. The large parts are not handed to msgpackr, which would copy them into a buffer
 * that grows by the frame: the array is packed without them and they are appended as bin elements. The result is plain msgpack.
 *
 * Any thread, each with memory of its own; `encodeFrame` uses it again and again.
 */
import { Packr } from 'msgpackr/pack'
import type { CodecName } from './codec.ts'
import { MillraceError } from './errors.ts'
import { FRAME_VERSION, type Frame } from './frame.ts'
import { asBuffer, packList, unpackList } from './msgpack.ts'

/** Kinds in the order of their numbers on the wire. Only ever append. */
const KINDS = [
  'records',
  'watermark',
  'idle',
  'barrier',
  'end',
  'credit',
  'message',
  'control',
] as const
/** Codecs in the order of their numbers on the wire. Only ever append. */
const CODECS: readonly CodecName[] = ['columns', 'msgpack']

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const MAX_COUNT = 0xffffffff
/** Records or messages of one frame. A damaged length must not ask for all the memory there is. */
const MAX_LENGTH = 2 ** 24
const INITIAL_BYTES = 256 * 1024
/** Memory beyond this serves one frame only. */
const KEPT_BYTES = 4 * 1024 * 1024

let memory: Buffer = Buffer.alloc(0)

// Small numbers and bytes only; bin elements are views, which decodeFrame either copies or documents.
const packr = new Packr({ useRecords: false, mapsAsObjects: false, structuredClone: false })

/**
 * The bytes of a frame, valid until the next call of `encodeFrame` on the same thread: fresh memory for every frame would
 * cost as much as encoding its records. Links copy it (see `LinkSender`). Throws `INVALID_FRAME` when a field has a wrong type or range, and
 * `UNSENDABLE_VALUE` for a control mail that cannot be packed.
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const kind = KINDS.indexOf(frame.kind)
  switch (frame.kind) {
    case 'records': {
      checkColumn(frame.timestamps, frame.length, 'timestamps')
      const head = [
        FRAME_VERSION,
        kind,
        count(frame.channel, 'channel'),
        frame.length,
        codecNumber(frame.codec),
      ]
      return join(head, [column(frame.timestamps, frame.length), checkBytes(frame.payload)])
    }
    case 'message': {
      checkColumn(frame.targets, frame.length, 'targets')
      checkColumn(frame.correlations, frame.length, 'correlations')
      const head = [FRAME_VERSION, kind, frame.length, codecNumber(frame.codec)]
      const columns = [
        column(frame.targets, frame.length),
        column(frame.correlations, frame.length),
      ]
      return join(head, [...columns, checkBytes(frame.payload)])
    }
    case 'watermark':
      if (typeof frame.timestamp !== 'number')
        throw invalid('timestamp', 'a number', frame.timestamp)
      return packr.pack([FRAME_VERSION, kind, count(frame.channel, 'channel'), frame.timestamp])
    case 'barrier':
      if (!Number.isSafeInteger(frame.checkpointId))
        throw invalid('checkpointId', 'an integer', frame.checkpointId)
      if (frame.alignedUntilMs !== undefined && typeof frame.alignedUntilMs !== 'number')
        throw invalid('alignedUntilMs', 'a number', frame.alignedUntilMs)
      return packr.pack([
        FRAME_VERSION,
        kind,
        count(frame.channel, 'channel'),
        frame.checkpointId,
        ...(frame.alignedUntilMs === undefined ? [] : [frame.alignedUntilMs]),
      ])
    case 'idle':
    case 'end':
      return packr.pack([FRAME_VERSION, kind, count(frame.channel, 'channel')])
    case 'credit': {
      const { channels, credits } = frame
      if (channels.length !== credits.length)
        throw invalid('credits', `${channels.length} numbers`, credits.length)
      channels.forEach((channel) => count(channel, 'channels'))
      credits.forEach((credit) => count(credit, 'credits'))
      return packr.pack([FRAME_VERSION, kind, channels, credits])
    }
    case 'control':
      return join(
        [FRAME_VERSION, kind, frame.mails.length],
        [packList(frame.mails, frame.mails.length, 'control mail')],
      )
    default:
      throw invalid('kind', KINDS.join(', '), (frame as { kind: unknown }).kind)
  }
}

/**
 * Reads one frame. `payload` of a records or message frame is a view into `bytes`; everything else is copied.
 * Throws `UNKNOWN_FRAME_VERSION` for a frame of another version and `DAMAGED_FRAME` for what is no frame.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const fields = unpackFields(bytes)
  const kind = KINDS[wireCount(fields[1], 'kind')]
  if (kind === undefined) throw damaged('kind', `a number below ${KINDS.length}`, fields[1])
  switch (kind) {
    case 'records': {
      const length = wireLength(fields[3])
      return {
        kind,
        channel: wireCount(fields[2], 'channel'),
        length,
        timestamps: readColumn(fields[5], length, 'timestamps'),
        codec: wireCodec(fields[4]),
        payload: wireBytes(fields[6], 'payload'),
      }
    }
    case 'message': {
      const length = wireLength(fields[2])
      return {
        kind,
        length,
        targets: readColumn(fields[4], length, 'targets'),
        correlations: readColumn(fields[5], length, 'correlations'),
        codec: wireCodec(fields[3]),
        payload: wireBytes(fields[6], 'payload'),
      }
    }
    case 'watermark':
      return {
        kind,
        channel: wireCount(fields[2], 'channel'),
        timestamp: wireNumber(fields[3], 'timestamp'),
      }
    case 'barrier':
      return {
        kind,
        channel: wireCount(fields[2], 'channel'),
        checkpointId: wireNumber(fields[3], 'checkpointId'),
        ...(fields[4] === undefined
          ? {}
          : { alignedUntilMs: wireNumber(fields[4], 'alignedUntilMs') }),
      }
    case 'idle':
    case 'end':
      return { kind, channel: wireCount(fields[2], 'channel') }
    case 'credit': {
      const channels = wireCounts(fields[2], 'channels')
      const credits = wireCounts(fields[3], 'credits')
      if (channels.length !== credits.length)
        throw damaged('credits', `${channels.length} numbers`, credits.length)
      return { kind, channels, credits }
    }
    case 'control':
      return {
        kind,
        mails: unpackList(asBuffer(wireBytes(fields[3], 'mails')), wireCount(fields[2], 'mails')),
      }
  }
}

function unpackFields(bytes: Uint8Array): readonly unknown[] {
  let fields: unknown
  try {
    fields = packr.unpack(asBuffer(bytes))
  } catch (cause) {
    throw new MillraceError(
      'DAMAGED_FRAME',
      `expected a frame, got ${bytes.length} bytes that are no msgpack`,
      { cause },
    )
  }
  if (!Array.isArray(fields)) throw damaged('frame', 'an array', fields)
  const version: unknown = fields[0]
  if (version !== FRAME_VERSION) {
    throw new MillraceError(
      'UNKNOWN_FRAME_VERSION',
      `expected a frame of version ${FRAME_VERSION}, got version ${String(version)}: it comes from another release of Millrace`,
    )
  }
  return fields as unknown[]
}

/** Packs `head` as the first elements of an array and appends the parts as further ones. */
function join(head: readonly number[], parts: readonly (Uint8Array | number)[]): Uint8Array {
  const packed = packr.pack(head)
  let size = packed.length
  for (const part of parts) size += typeof part === 'number' ? 9 : 5 + part.length
  if (size > memory.length || memory.length > KEPT_BYTES) {
    memory = Buffer.allocUnsafeSlow(Math.max(size, INITIAL_BYTES))
  }
  const bytes = memory
  packed.copy(bytes)
  // fixarray: the length is in the low four bits.
  bytes[0] = 0x90 | (head.length + parts.length)
  let at = packed.length
  for (const part of parts) {
    if (typeof part === 'number') {
      bytes[at] = 0xcb
      at = bytes.writeDoubleBE(part, at + 1)
    } else {
      bytes[at] = 0xc6
      at = bytes.writeUInt32BE(part.length, at + 1)
      bytes.set(part, at)
      at += part.length
    }
  }
  return bytes.subarray(0, size)
}

/** The column as bytes, or its one number where all are the same. */
function column(numbers: Float64Array, length: number): Uint8Array | number {
  const first = numbers[0]
  if (first !== undefined && length > 0) {
    let i = 1
    while (i < length && Object.is(numbers[i], first)) i++
    if (i === length) return first
  }
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, 8 * length)
  return LITTLE_ENDIAN ? bytes : swapped(bytes)
}

function readColumn(field: unknown, length: number, name: string): Float64Array {
  if (typeof field === 'number') return new Float64Array(length).fill(field)
  const bytes = wireBytes(field, name)
  if (bytes.length !== 8 * length) throw damaged(name, `${8 * length} bytes`, bytes.length)
  const column = new Float64Array(length)
  new Uint8Array(column.buffer).set(LITTLE_ENDIAN ? bytes : swapped(bytes))
  return column
}

function swapped(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes).swap64()
}

function count(value: number, field: string): number {
  if (!Number.isInteger(value) || value < 0 || value > MAX_COUNT) {
    throw invalid(field, `an integer from 0 to ${MAX_COUNT}`, value)
  }
  return value
}

function checkColumn(numbers: Float64Array, length: number, field: string): void {
  if (count(length, 'length') > MAX_LENGTH) throw invalid('length', `at most ${MAX_LENGTH}`, length)
  if (!(numbers instanceof Float64Array) || numbers.length < length) {
    throw invalid(field, `a Float64Array of at least ${length}`, numbers)
  }
}

function checkBytes(payload: Uint8Array): Uint8Array {
  if (!(payload instanceof Uint8Array) || payload.length > MAX_COUNT)
    throw invalid('payload', 'a Uint8Array', payload)
  return payload
}

function codecNumber(name: CodecName): number {
  const index = CODECS.indexOf(name)
  if (index < 0) throw invalid('codec', CODECS.join(', '), name)
  return index
}

function wireCodec(field: unknown): CodecName {
  const name = CODECS[wireCount(field, 'codec')]
  if (name === undefined) throw damaged('codec', `a number below ${CODECS.length}`, field)
  return name
}

function wireNumber(field: unknown, name: string): number {
  if (typeof field === 'number') return field
  throw damaged(name, 'a number', field)
}

function wireCount(field: unknown, name: string): number {
  if (typeof field === 'number' && Number.isInteger(field) && field >= 0 && field <= MAX_COUNT)
    return field
  throw damaged(name, `an integer from 0 to ${MAX_COUNT}`, field)
}

function wireLength(field: unknown): number {
  const length = wireCount(field, 'length')
  if (length > MAX_LENGTH) throw damaged('length', `at most ${MAX_LENGTH}`, length)
  return length
}

function wireCounts(field: unknown, name: string): number[] {
  if (Array.isArray(field)) return field.map((item: unknown) => wireCount(item, name))
  throw damaged(name, 'an array', field)
}

function wireBytes(field: unknown, name: string): Uint8Array {
  if (field instanceof Uint8Array) return field
  throw damaged(name, 'bytes', field)
}

function invalid(field: string, expected: string, got: unknown): MillraceError {
  return new MillraceError(
    'INVALID_FRAME',
    `expected ${expected} as ${field} of a frame, got ${show(got)}`,
  )
}

function damaged(field: string, expected: string, got: unknown): MillraceError {
  return new MillraceError(
    'DAMAGED_FRAME',
    `expected ${expected} as ${field} of a frame, got ${show(got)}`,
  )
}

function show(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? `an instance of ${value.constructor.name}`
    : String(value)
}
