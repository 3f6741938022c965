/**
 * How hyparquet turns stored values into ours: times become epoch milliseconds as numbers, rounded down.
 */
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

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
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
  if (timestamps === 'date') return {}
  return {
    timestampFromMilliseconds: (value: bigint | null) => (value === null ? null : Number(value)),
    timestampFromMicroseconds: (value: bigint | null) =>
      value === null ? null : floorDivide(value, 1e3),
    timestampFromNanoseconds: (value: bigint | null) =>
      value === null ? null : floorDivide(value, 1e6),
    dateFromDays: (value: number | null) => (value === null ? null : value * MILLIS_PER_DAY),
  }
}
