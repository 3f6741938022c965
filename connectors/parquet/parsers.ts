/**
 * How hyparquet turns stored values into ours: times become epoch milliseconds as numbers, rounded down; text is text to the last byte.
 */
import { isUtf8 } from 'node:buffer'
import type { ParquetParsers } from 'hyparquet'
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js'

const MILLIS_PER_DAY = 86_400_000

/** Rounds down also before 1970, and exactly also where a double cannot hold the value. */
function floorDivide(value: bigint, divisor: number): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return Math.floor(number / divisor)
  const wide = BigInt(divisor)
  const quotient = value / wide
  return Number(value % wide < 0n ? quotient - 1n : quotient)
}

/** Thrown for bytes that shall be text and are not; the caller says in which column. */
export class NotText extends Error {
  override readonly name = 'NotText'
}

const REPLACEMENT = '\ufffd'

/** Unlike the decoder of hyparquet it keeps a byte order mark, and replaces nothing. */
function text(bytes: Uint8Array): string {
  const decoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  // looking for what replaces wrong bytes costs less than looking at all bytes; a text may have that character too
  if (decoded.includes(REPLACEMENT) && !isUtf8(bytes)) {
    throw new NotText('holds bytes that are no UTF-8 text')
  }
  return decoded
}

/** Parsers for flat columns. JSON stays text here: it is parsed once per record, so that no two records share an object. */
export const flatParsers: ParquetParsers = {
  ...DEFAULT_PARSERS,
  timestampFromMilliseconds: (millis) => Number(millis),
  timestampFromMicroseconds: (micros) => floorDivide(micros, 1e3),
  timestampFromNanoseconds: (nanos) => floorDivide(nanos, 1e6),
  dateFromDays: (days) => days * MILLIS_PER_DAY,
  stringFromBytes: text,
  jsonFromBytes: text,
}

/** Parsers for lists, maps and structs, where null values reach the parsers too. */
export function nestedParsers(timestamps: 'timestamp' | 'date'): Partial<ParquetParsers> {
  const time = (millis: number): number | Date =>
    timestamps === 'date' ? new Date(millis) : millis
  return {
    timestampFromMilliseconds: (value: bigint | null) =>
      value === null ? null : time(Number(value)),
    timestampFromMicroseconds: (value: bigint | null) =>
      value === null ? null : time(floorDivide(value, 1e3)),
    timestampFromNanoseconds: (value: bigint | null) =>
      value === null ? null : time(floorDivide(value, 1e6)),
    dateFromDays: (value: number | null) => (value === null ? null : time(value * MILLIS_PER_DAY)),
    stringFromBytes: textOrNull,
    jsonFromBytes: (bytes) => JSON.parse(textOrNull(bytes) ?? 'null') as unknown,
  }
}

function textOrNull(bytes: Uint8Array | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : text(bytes)
}
