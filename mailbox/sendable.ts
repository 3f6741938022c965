/**
 * Decides whether a value can travel, before a byte of it is written.
 *
 * What cannot be packed must raise an error and must not arrive changed, but msgpackr turns a function into
 * `undefined` and a promise into `{}` without a word. So every value that goes through msgpackr is looked at first.
 * Two walks: a fast one that only yields flags, and, when that one found something, a slow one that finds the path.
 *
 * Any thread; no state but the registered extensions of the thread.
 */
import { types } from 'node:util'
import { MillraceError } from './errors.ts'
import { extensionOf } from './codec-extensions.ts'

declare global {
  interface String {
    /** ES2024, in every Node that Millrace supports. */
    isWellFormed(): boolean
  }
}

/** Where a value stands inside a record: property names, array indexes, and words such as `<key>`. */
export type ValuePath = readonly (string | number)[]

/** Something that cannot be sent: where it is, what it is, and of a cycle the way to what it leads back to. */
export interface Finding {
  readonly path: ValuePath
  readonly found: string
  readonly backTo?: ValuePath | undefined
}

/** Something inside a record can not be sent to another thread or written to a disk. Code `UNSENDABLE_VALUE`. */
export class UnsendableValueError extends MillraceError {
  override readonly name: string = 'UnsendableValueError'
  /** Index of the record in its batch. */
  readonly recordIndex: number
  /** Way from the record to the value. Empty: the record itself. */
  readonly path: ValuePath
  /** What was found, e.g. `a function`. */
  readonly found: string
  /** Of a cycle, the way to what it leads back to. */
  readonly backTo: ValuePath | undefined

  /** `where` names the sender, e.g. `operator 'enrich'`. */
  constructor(recordIndex: number, { path, found, backTo }: Finding, where?: string) {
    super(
      'UNSENDABLE_VALUE',
      `${where === undefined ? '' : `${where}: `}expected plain data, got ${found} at ${showPath(path)} of the record ` +
        `with index ${recordIndex} in its batch`,
    )
    this.recordIndex = recordIndex
    this.path = path
    this.found = found
    this.backTo = backTo
  }
}

/** The path as a reader of JavaScript would write it: `record.tags[2]["a b"]`. `root` names the value that it starts from. */
export function showPath(path: ValuePath, root = 'record'): string {
  let shown = root
  for (const step of path) {
    if (typeof step === 'number') shown += `[${step}]`
    else if (/^<.*>$/.test(step) || /^[A-Za-z_$][\w$]*$/.test(step)) shown += `.${step}`
    else shown += `[${JSON.stringify(step)}]`
  }
  return shown
}

/** msgpackr would lose something of the value: it must be escaped first. */
export const NEEDS_ESCAPE = 1
/** The value holds a string long enough that a slice of it would keep its parent alive. */
export const HAS_LONG_STRING = 2
/** The value cannot be sent at all. */
export const UNSENDABLE = 4

/** Nesting beyond this is refused: msgpackr recurses, and a cycle must end somewhere. */
export const MAX_DEPTH = 500

/** V8 copies a slice shorter than this and lets a longer one point into its parent. */
export const SLICE_PINS_FROM = 13

/** Keys that msgpackr renames (`__proto__`) or mistakes for its own (`__keys__`), and keys it would call. */
export function isHostileKey(key: string): boolean {
  if (harmlessKeys.has(key)) return false
  if (key === '__proto__' || key === '__keys__' || key === 'toJSON' || !key.isWellFormed())
    return true
  if (harmlessKeys.size < MAX_HARMLESS_KEYS) harmlessKeys.add(key)
  return false
}

/** Records have few keys, so that most checks end here. Keys that are data must not fill memory. */
const harmlessKeys = new Set<string>()
const MAX_HARMLESS_KEYS = 4096

/**
 * Flags of one value: a sum of `NEEDS_ESCAPE`, `HAS_LONG_STRING` and `UNSENDABLE`; of a value that cannot be sent `UNSENDABLE` and what was seen before. Each
 * walk ends there: a value in which two fields lead back to it has more ways than can ever be walked.
 */
export function examine(value: unknown, depth = 0): number {
  switch (typeof value) {
    case 'string':
      return (
        (value.length < SLICE_PINS_FROM ? 0 : HAS_LONG_STRING) |
        (value.isWellFormed() ? 0 : NEEDS_ESCAPE)
      )
    case 'number':
      return value === 0 && 1 / value < 0 ? NEEDS_ESCAPE : 0
    case 'object':
      return value === null ? 0 : examineObject(value, depth)
    case 'function':
    case 'symbol':
      return UNSENDABLE
    default:
      return 0
  }
}

function examineObject(value: object, depth: number): number {
  if (depth >= MAX_DEPTH) return UNSENDABLE
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return examinePlain(value, depth)
  if (prototype === Array.prototype) return examineArray(value as unknown[], depth)
  return examineInstance(value, prototype, depth)
}

function examineArray(values: readonly unknown[], depth: number): number {
  let flags = 0
  for (let i = 0; i < values.length && flags < UNSENDABLE; i++)
    flags |= examine(values[i], depth + 1)
  return flags
}

/**
 * Without `hasOwn`, which costs as much as all the rest. Should somebody have put an enumerable property on Object.prototype, the flags
 * may name too much: an escape more than needed, or a function that `findUnsendable` then does not find.
 */
function examinePlain(value: object, depth: number): number {
  let flags = 0
  const fields = value as Record<string, unknown>
  for (const key in fields) {
    if (isHostileKey(key)) flags |= NEEDS_ESCAPE
    flags |= examine(fields[key], depth + 1)
    if (flags >= UNSENDABLE) return flags
  }
  return flags
}

function examineFields(value: object, depth: number): number {
  let flags = 0
  const fields = value as Record<string, unknown>
  for (const key in fields) {
    if (!Object.hasOwn(fields, key)) continue
    if (isHostileKey(key)) flags |= NEEDS_ESCAPE
    flags |= examine(fields[key], depth + 1)
    if (flags >= UNSENDABLE) return flags
  }
  return flags
}

function examineInstance(value: object, prototype: unknown, depth: number): number {
  const extension = extensionOf(value)
  if (extension !== undefined) return examine(extension.write(value), depth + 1)
  if (Array.isArray(value)) return examineArray(value, depth)
  if (value instanceof Date || value instanceof RegExp || value instanceof ArrayBuffer) return 0
  if (ArrayBuffer.isView(value)) return isKnownView(value) ? 0 : UNSENDABLE
  if (value instanceof Map) {
    let flags = prototype === Map.prototype ? 0 : NEEDS_ESCAPE
    for (const [key, item] of value) {
      flags |= examine(key, depth + 1)
      if (flags < UNSENDABLE) flags |= examine(item, depth + 1)
      if (flags >= UNSENDABLE) return flags
    }
    return flags
  }
  if (value instanceof Set) {
    let flags = 0
    for (const item of value) {
      flags |= examine(item, depth + 1)
      if (flags >= UNSENDABLE) return flags
    }
    return flags
  }
  if (value instanceof Error) {
    return (
      examine(value.name, depth) | examine(value.message, depth) | examine(value.cause, depth + 1)
    )
  }
  if (nameOfUnsendable(value) !== undefined) return UNSENDABLE
  const replacement = jsonOf(value)
  if (replacement !== value) return examine(replacement, depth + 1)
  return examineFields(value, depth)
}

/** What the object's class says should travel instead of it, or the object itself. */
export function jsonOf(value: object): unknown {
  const { toJSON } = value as { toJSON?: unknown }
  return typeof toJSON === 'function' && !Object.hasOwn(value, 'toJSON')
    ? toJSON.call(value)
    : value
}

const knownViews: ReadonlySet<unknown> = new Set([
  Buffer,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
])

function isKnownView(value: object): boolean {
  return knownViews.has(value.constructor)
}

/** What an object is that has no fields to carry its content, or undefined where it is fine. */
function nameOfUnsendable(value: object): string | undefined {
  if (types.isPromise(value)) return 'a Promise'
  if (types.isWeakMap(value)) return 'a WeakMap'
  if (types.isWeakSet(value)) return 'a WeakSet'
  if (value instanceof WeakRef) return 'a WeakRef'
  if (types.isSharedArrayBuffer(value)) return 'a SharedArrayBuffer'
  if (types.isBoxedPrimitive(value)) return `a boxed ${typeof value.valueOf()}`
  if (types.isGeneratorObject(value)) return 'a generator'
  if (types.isMapIterator(value) || types.isSetIterator(value)) return 'an iterator'
  if (types.isModuleNamespaceObject(value)) return 'a module'
  if (types.isExternal(value)) return 'a native handle'
  return undefined
}

/**
 * The first thing inside `value` that cannot be sent, with the way to it; undefined when all of it can. `root` is what the
 * value itself is called, where what was found refers to it.
 */
export function findUnsendable(value: unknown, root = 'record'): Finding | undefined {
  return find(value, { root, above: new Map() }, [])
}

/** One search: what the whole value is called, and the objects on the way to where it is. */
interface Search {
  readonly root: string
  readonly above: Map<object, ValuePath>
}

function find(value: unknown, search: Search, path: ValuePath): Finding | undefined {
  if (typeof value === 'function')
    return { path, found: `a function${value.name === '' ? '' : ` (${value.name})`}` }
  if (typeof value === 'symbol') return { path, found: `a symbol (${String(value)})` }
  if (typeof value !== 'object' || value === null) return undefined
  const { root, above } = search
  const seen = above.get(value)
  if (seen !== undefined)
    return { path, found: `a cycle back to ${showPath(seen, root)}`, backTo: seen }
  if (path.length >= MAX_DEPTH)
    return { path: path.slice(0, 8), found: `nesting deeper than ${MAX_DEPTH} levels` }
  const name = extensionOf(value) === undefined ? nameOfItself(value) : undefined
  if (name !== undefined) return { path, found: name }
  above.set(value, path)
  try {
    for (const [step, inner] of stepsInto(value)) {
      const finding = find(inner, search, [...path, step])
      if (finding !== undefined) return finding
    }
  } finally {
    above.delete(value)
  }
  return undefined
}

/** What the object is where it cannot be sent whatever is in it. */
function nameOfItself(value: object): string | undefined {
  if (!ArrayBuffer.isView(value)) return nameOfUnsendable(value)
  return isKnownView(value) ? undefined : `an instance of ${value.constructor.name}`
}

function* stepsInto(value: object): Generator<readonly [string | number, unknown]> {
  const extension = extensionOf(value)
  if (extension !== undefined) yield ['<data>', extension.write(value)]
  else if (Array.isArray(value)) yield* value.entries()
  else if (value instanceof Map) {
    for (const [key, item] of value) {
      yield ['<key>', key]
      yield [
        typeof key === 'string' || typeof key === 'number' ? `<value of ${key}>` : '<value>',
        item,
      ]
    }
  } else if (value instanceof Set) for (const item of value) yield ['<member>', item]
  else if (value instanceof Error) yield ['cause', value.cause]
  else if (value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value)) return
  else {
    const replacement = Object.getPrototypeOf(value) === Object.prototype ? value : jsonOf(value)
    if (replacement !== value) yield ['<toJSON>', replacement]
    else for (const key of Object.keys(value)) yield [key, (value as Record<string, unknown>)[key]]
  }
}
