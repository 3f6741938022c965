/**
 * Decimals as the nearest numbers. hyparquet multiplies by 0.1, 0.01 …, which no double holds exactly: 3 tenths would be 0.30000000000000004, and differ
 * from the 0.3 of everybody else. In subtasks.
 */
import type { SchemaElement } from 'hyparquet'

/** The largest power of ten that a double holds exactly is the 22nd. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

/** How many digits stand behind the point; undefined: the column holds no decimals. */
export function decimalScale({
  converted_type: converted,
  logical_type: logical,
  scale,
}: SchemaElement): number | undefined {
  if (logical?.type === 'DECIMAL') return logical.scale
  return converted === 'DECIMAL' ? (scale ?? 0) : undefined
}

/** The numbers of stored decimals: integers of any width, or big-endian bytes in two's complement. */
export function decimalsOf(stored: ArrayLike<unknown>, scale: number): number[] {
  const power = POWERS[scale]
  return Array.from(stored, (value) => {
    const unscaled = value instanceof Uint8Array ? fromBytes(value) : (value as number | bigint)
    const number = Number(unscaled)
    // both sides are exact, so that the division rounds once
    if (power !== undefined && Number.isSafeInteger(number)) return number / power
    return Number(`${unscaled}e-${scale}`)
  })
}

function fromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${digits}`))
}
