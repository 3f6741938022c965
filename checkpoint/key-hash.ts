/**
 * The fixed 32-bit hash of a key. It decides which subtask sees a key and under which key group its state
 * is stored, so it may never change: a stored savepoint depends on it.
 *
 * | key | hash (32-bit arithmetic, signed result) |
 * | --- | --- |
 * | string | `h = 31 * h + unit` over the UTF-16 code units, from 0 (as Java's String) |
 * | integer within 32 bits, also -0 | itself |
 * | other number | the two 32-bit halves of its IEEE 754 form, xor-ed (as Java's Double) |
 * | boolean | 1231 for true, 1237 for false |
 * | null | 0x6e756c6c |
 * | bigint | 31 * hash of its hexadecimal string + 0x62 |
 * | Date | 31 * hash of its milliseconds + 0x44 |
 * | Uint8Array | `h = 31 * h + byte`, from 0x75 |
 * | array | `h = 31 * h + hash of the item`, from 1 |
 * | plain object | 0x6f + the sum over its fields of murmur(31 * hash of the name + hash of the value) |
 *
 * Field order does not matter. Pure functions, any thread.
 */
import { invalidKey, isPlainObject, MAX_KEY_DEPTH } from './invalid-key.ts'
import { murmurHash } from './key-groups.ts'

const float64 = new Float64Array(1)
const halves = new Int32Array(float64.buffer)

/**
 * The 32-bit hash of a key: a string, number, boolean, bigint, null, Date, Uint8Array, or arrays and plain
 * objects of those. Equal keys (see `canonicalKey`) have equal hashes.
 *
 * Errors: `INVALID_KEY` for undefined, NaN, functions, symbols, invalid dates and other classes; the message
 * names the path inside the key.
 *
 * @example keyHash('JFK') // 73359
 */
export function keyHash(key: unknown): number {
  if (typeof key === 'string') return hashString(key)
  if (typeof key === 'number' && (key | 0) === key) return key | 0
  return hashOther(key, key, 0)
}

function hashString(text: string): number {
  let hash = 0
  const length = text.length
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** `root` is the whole key, for the error message. */
function hashAny(key: unknown, root: unknown, depth: number): number {
  if (typeof key === 'string') return hashString(key)
  if (typeof key === 'number' && (key | 0) === key) return key | 0
  return hashOther(key, root, depth)
}

function hashOther(key: unknown, root: unknown, depth: number): number {
  switch (typeof key) {
    case 'number':
      if (key !== key) throw invalidKey(root)
      return hashDouble(key)
    case 'boolean':
      return key ? 1231 : 1237
    case 'bigint':
      return (Math.imul(hashString(key.toString(16)), 31) + 0x62) | 0
    case 'object':
      return key === null ? 0x6e756c6c : hashComposite(key, root, depth)
    default:
      throw invalidKey(root)
  }
}

function hashComposite(key: object, root: unknown, depth: number): number {
  if (depth === MAX_KEY_DEPTH) throw invalidKey(root)
  if (Array.isArray(key)) {
    let hash = 1
    for (let i = 0; i < key.length; i++)
      hash = (Math.imul(hash, 31) + hashAny(key[i], root, depth + 1)) | 0
    return hash
  }
  if (key instanceof Date) {
    const time = key.getTime()
    if (time !== time) throw invalidKey(root)
    return (Math.imul((time | 0) === time ? time : hashDouble(time), 31) + 0x44) | 0
  }
  if (key instanceof Uint8Array) {
    let hash = 0x75
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + (key[i] ?? 0)) | 0
    return hash
  }
  if (!isPlainObject(key)) throw invalidKey(root)
  let hash = 0x6f
  for (const name of Object.keys(key)) {
    const field = Math.imul(hashString(name), 31) + hashAny(key[name], root, depth + 1)
    hash = (hash + murmurHash(field | 0)) | 0
  }
  return hash
}

function hashDouble(value: number): number {
  float64[0] = value
  return (halves[0] ?? 0) ^ (halves[1] ?? 0)
}
