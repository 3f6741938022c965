/**
 * Copies a value of state before its owner changes it, so that it can be packed later.
 *
 * Only plain data can be in a snapshot. What cannot be copied is given back as it is: packing it names it.
 */
import { packList, unpackList } from '../../mailbox/msgpack.ts'
import { MAX_DEPTH } from '../../mailbox/sendable.ts'

/** A copy that shares nothing with `value` that could change. Arrays and plain objects quickly, other types as they are packed. */
export function copyPlain(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value
  // So deep, or circular, that it cannot be packed.
  if (depth >= MAX_DEPTH) return value
  if (Array.isArray(value)) {
    const copy = new Array<unknown>(value.length)
    for (let i = 0; i < value.length; i++) copy[i] = copyPlain(value[i], depth + 1)
    return copy
  }
  if (Object.getPrototypeOf(value) === Object.prototype) return copyObject(value, depth)
  if (value instanceof Date) return new Date(value)
  return copyByPacking(value)
}

function copyObject(value: object, depth: number): object {
  const fields = value as Record<string, unknown>
  const copy: Record<string, unknown> = {}
  for (const key in fields) {
    if (key === '__proto__') return copyByPacking(value)
    copy[key] = copyPlain(fields[key], depth + 1)
  }
  return copy
}

function copyByPacking<T extends object>(value: T): T {
  try {
    return unpackList(packList([value], 1), 1)[0] as T
  } catch {
    return value
  }
}
