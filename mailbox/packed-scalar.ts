/**
 * A hash of strings, numbers and other simple values that can be had of their bytes in a packed list too, so that one can be looked up among
 * many without making any of them.
 *
 * Equal values have equal hashes, however they were packed. The hash is never stored. Pure functions, one thread at a time.
 */

const float64 = new Float64Array(1)
const halves = new Int32Array(float64.buffer)

const PRIME = 0x01000193
const OF_NULL = 0x6e756c6c
const OF_TRUE = 1231
const OF_FALSE = 1237

/** What a value can be that has such a hash. */
export type Scalar = string | number | boolean | bigint | null

/** The hash of a value, a 32-bit integer. Of a bigint the lower 64 bits count. */
export function scalarHash(value: Scalar): number {
  if (typeof value === 'string') return hashText(value)
  if (typeof value === 'number') return hashNumber(value)
  if (value === null) return mix(OF_NULL)
  if (typeof value === 'boolean') return mix(value ? OF_TRUE : OF_FALSE)
  return hashWords(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)))
}

/** The same of the bytes of a packed value that begins at `at`; undefined: it is another value, or packed in a special way. */
export function packedScalarHash(bytes: Buffer, at: number): number | undefined {
  const token = bytes[at] ?? 0
  if (token >= 0xa0 && token < 0xc0) return hashBytes(bytes, at + 1, token & 31)
  if (token < 0x40) return hashNumber(token)
  if (token >= 0xe0) return hashNumber(token - 0x100)
  switch (token) {
    case 0xd9:
      return hashBytes(bytes, at + 2, bytes.readUInt8(at + 1))
    case 0xda:
      return hashBytes(bytes, at + 3, bytes.readUInt16BE(at + 1))
    case 0xdb:
      return hashBytes(bytes, at + 5, bytes.readUInt32BE(at + 1))
    case 0xcc:
      return hashNumber(bytes.readUInt8(at + 1))
    case 0xcd:
      return hashNumber(bytes.readUInt16BE(at + 1))
    case 0xce:
      return hashNumber(bytes.readUInt32BE(at + 1))
    case 0xd0:
      return hashNumber(bytes.readInt8(at + 1))
    case 0xd1:
      return hashNumber(bytes.readInt16BE(at + 1))
    case 0xd2:
      return hashNumber(bytes.readInt32BE(at + 1))
    case 0xcb:
      return hashNumber(bytes.readDoubleBE(at + 1))
    case 0xcf:
    case 0xd3:
      return hashWords(bytes.readInt32BE(at + 1), bytes.readInt32BE(at + 5))
    case 0xc0:
      return mix(OF_NULL)
    case 0xc2:
      return mix(OF_FALSE)
    case 0xc3:
      return mix(OF_TRUE)
    default:
      return undefined
  }
}

/** Over the bytes of its UTF-8 form, as FNV-1a. */
function hashText(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) {
      const bytes = Buffer.from(text)
      return hashBytes(bytes, 0, bytes.length)
    }
    hash = Math.imul(hash ^ unit, PRIME)
  }
  return mix(hash)
}

function hashBytes(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), PRIME)
  return mix(hash)
}

function hashNumber(value: number): number {
  if ((value | 0) === value) return mix(value | 0)
  float64[0] = value
  return hashWords(halves[0] ?? 0, halves[1] ?? 0)
}

function hashWords(high: number, low: number): number {
  return mix(Math.imul(high, PRIME) ^ low)
}

/** The finalizer of murmur: the lower bits alone are a good hash. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
