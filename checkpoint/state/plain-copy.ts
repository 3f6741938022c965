/**
 * Copies a value of state before its owner changes it, so that it can be packed later.
 *
 * Only plain data can be in a snapshot. What cannot be copied is given back as it is: packing it names it.
 */
import { packList, unpackList } from '../../mailbox/msgpack.ts'
import { MAX_DEPTH } from '../../mailbox/sendable.ts'

/** The value is so deep, or circular, that it cannot be packed. */
class TooDeepError extends RangeError {}

/** A copy that shares nothing with `value` that could change. Arrays and plain objects quickly, other types as they are packed. */
export function copyPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  try {
    return copy(value, 0)
  } catch (error) {
    // All of it is given up at once: where two fields lead back, there are more ways than can be walked.
    if (error instanceof TooDeepError) return value
    throw error
  }
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) throw new TooDeepError()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) {
    const list = value as readonly unknown[]
    const copied = new Array<unknown>(list.length)
    for (let i = 0; i < list.length; i++) copied[i] = copy(list[i], depth + 1)
    return copied
  }
  if (prototype === Object.prototype) return copyObject(value, depth)
  if (prototype === Date.prototype) return new Date(value as Date)
  return copyByPacking(value)
}

function copyObject(value: object, depth: number): object {
  const fields = value as Record<string, unknown>
  const copied: Record<string, unknown> = {}
  for (const key in fields) {
    if (key === '__proto__') return copyByPacking(value)
    copied[key] = copy(fields[key], depth + 1)
  }
  return copied
}

function copyByPacking<T extends object>(value: T): T {
  try {
    return unpackList(packList([value], 1), 1)[0] as T
  } catch {
    return value
  }
}
