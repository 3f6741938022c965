/**
 * What is not a key, and how to say so. Hashing and spelling a key only notice that something is wrong; where it
 * is, is looked for afterwards, so that good keys pay nothing for the message.
 */
import { MillraceError } from '../mailbox/errors.ts'

/** How deep arrays and objects may nest inside a key; also what ends the walk through a cycle. */
export const MAX_KEY_DEPTH = 32

/** Whether an object is `{…}`: made by a literal, by `Object.create(null)`, or in another realm. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    prototype === null ||
    prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null
  )
}

/** The `INVALID_KEY` error for `key`, naming the first part of it that cannot be a key. */
export function invalidKey(key: unknown): MillraceError {
  const fault = findFault(key, 'key', 0) ?? 'key is not usable'
  return new MillraceError(
    'INVALID_KEY',
    'A key must be a string, number, boolean, bigint, null, Date or Uint8Array, or arrays and plain objects ' +
      `of these, at most ${MAX_KEY_DEPTH} levels deep; ${fault}`,
  )
}

function findFault(value: unknown, path: string, depth: number): string | undefined {
  if (typeof value === 'number') return value !== value ? `${path} is NaN` : undefined
  if (value === undefined || typeof value === 'symbol') return `${path} is ${String(value)}`
  if (typeof value === 'function') return `${path} is a function`
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? `${path} is an invalid Date` : undefined
  if (depth === MAX_KEY_DEPTH)
    return `${path.length > 60 ? `${path.slice(0, 60)}…` : path} is nested deeper`
  if (Array.isArray(value)) return findInItems(value, path, depth)
  if (!isPlainObject(value)) return `${path} is ${describeClass(value)}`
  for (const name of Object.keys(value)) {
    const fault = findFault(value[name], `${path}.${name}`, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

function findInItems(items: readonly unknown[], path: string, depth: number): string | undefined {
  for (let i = 0; i < items.length; i++) {
    const fault = findFault(items[i], `${path}[${i}]`, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

function describeClass(value: object): string {
  const { constructor } = value
  return typeof constructor === 'function'
    ? `an instance of ${constructor.name}`
    : 'not a plain object'
}
