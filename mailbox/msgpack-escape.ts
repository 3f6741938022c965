/**
 * Keeps what msgpackr would lose: `-0`, strings with lone surrogates, the keys `__proto__` and `__keys__`, instances of subclasses
 * of Map. Values that hold such things are rare, so a copy of the value is made in which small wrappers
 * stand for them; msgpackr writes the wrappers as extensions and reading gives the originals back.
 *
 * The types are chosen apart from msgpackr's own (0x42, 0x62, 0x65, 0x69, 0x70, 0x72 to 0x74, 0x78, 0xff).
 */
import { addExtension } from 'msgpackr/pack'
import { extensionOf, extensionOfType } from './codec-extensions.ts'
import { isHostileKey, jsonOf } from './sendable.ts'

class NegativeZero {}

class Utf16Text {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

class PairObject {
  readonly pairs: unknown[]
  constructor(pairs: unknown[]) {
    this.pairs = pairs
  }
}

class ExtensionData {
  readonly type: number
  readonly data: unknown
  constructor(type: number, data: unknown) {
    this.type = type
    this.data = data
  }
}

const NEGATIVE_ZERO = new NegativeZero()

addExtension({ Class: NegativeZero, type: 0x50, write: () => 0, read: () => -0 })
addExtension({
  Class: Utf16Text,
  type: 0x51,
  write: (wrapper: Utf16Text) => Buffer.from(wrapper.text, 'utf16le'),
  read: (bytes: Buffer) => bytes.toString('utf16le'),
})
addExtension({
  Class: PairObject,
  type: 0x52,
  write: (wrapper: PairObject) => wrapper.pairs,
  read: readPairs,
})
addExtension({
  Class: ExtensionData,
  type: 0x53,
  write: (wrapper: ExtensionData) => [wrapper.type, wrapper.data],
  read: ([type, data]: [number, unknown]) => extensionOfType(type)?.read(data),
})

function readPairs(pairs: unknown[]): object {
  const object: Record<string, unknown> = {}
  for (let i = 0; i < pairs.length; i += 2) {
    Object.defineProperty(object, pairs[i] as string, {
      value: pairs[i + 1],
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return object
}

/** A copy of a sendable value that msgpackr can carry without loss. Only containers are copied. */
export function escapeValue(value: unknown): unknown {
  if (typeof value === 'string') return value.isWellFormed() ? value : new Utf16Text(value)
  if (typeof value === 'number') return Object.is(value, -0) ? NEGATIVE_ZERO : value
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) === Object.prototype) return escapeFields(value)
  const extension = extensionOf(value)
  if (extension !== undefined) {
    return new ExtensionData(extension.type, escapeValue(extension.write(value)))
  }
  if (Array.isArray(value)) return Array.from(value, escapeValue)
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>()
    for (const [key, item] of value) copy.set(escapeKey(key), escapeValue(item))
    return copy
  }
  if (value instanceof Set) return new Set(Array.from(value, escapeKey))
  if (value instanceof Error) return escapeError(value)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value
  if (value instanceof Date || value instanceof RegExp) return value
  const replacement = jsonOf(value)
  return replacement === value ? escapeFields(value) : escapeValue(replacement)
}

/** Map keys and set members cannot be -0 (JavaScript stores 0), and one wrapper per member keeps them apart. */
function escapeKey(key: unknown): unknown {
  return escapeValue(key)
}

function escapeFields(value: object): unknown {
  const keys = Object.keys(value)
  const fields = value as Record<string, unknown>
  if (keys.some(isHostileKey)) {
    return new PairObject(keys.flatMap((key) => [escapeValue(key), escapeValue(fields[key])]))
  }
  const copy: Record<string, unknown> = {}
  for (const key of keys) copy[key] = escapeValue(fields[key])
  return copy
}

function escapeError(error: Error): Error {
  const copy = new Error('', { cause: escapeValue(error.cause) })
  // msgpackr packs whatever stands in these two, so the wrappers may.
  Object.defineProperty(copy, 'name', { value: escapeValue(error.name) })
  Object.defineProperty(copy, 'message', { value: escapeValue(error.message) })
  return copy
}
