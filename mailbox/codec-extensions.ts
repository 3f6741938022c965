/**
 * Classes whose instances may travel inside records, beside those that msgpackr knows.
 *
 * One registry per thread: msgpackr's own is global to the thread, too. Register before the first record of such a class
 * is sent or received; both sides need the same registrations.
 */
import { addExtension } from 'msgpackr/pack'
import type { CodecExtension } from './codec.ts'
import { MillraceError } from './errors.ts'

/** The extension types that may be registered: `[MIN_EXTENSION_TYPE, MAX_EXTENSION_TYPE]`. */
export const MIN_EXTENSION_TYPE = 0x01
/** See `MIN_EXTENSION_TYPE`; above it are msgpackr's types and the escapes of `msgpack.ts`. */
export const MAX_EXTENSION_TYPE = 0x3f

type AnyExtension = CodecExtension<unknown>

const extensions: AnyExtension[] = []

/**
 * Lets instances of `extension.Class` (and of its subclasses) travel: `write` gives the plain data that stands for one, `read`
 * makes one of it. `write` must be pure: it may be called more than once per instance. Its data may hold anything sendable.
 *
 * What a codec carries as it is keeps its form: plain objects, arrays, Map, Set, Date, RegExp, Error, buffers, views on them, and primitives. msgpackr alone would honour an
 * extension for some of these classes and not for others, and records as columns have a form of their own for some. A subclass of them may be registered.
 *
 * Throws `INVALID_CODEC_EXTENSION` when the type is not an integer from 1 to 63 or is taken by another class, and for one of the classes above, or a
 * class that they are instances of.
 * Registering the same class with the same type again replaces the functions.
 */
export function registerCodecExtension<T>(extension: CodecExtension<T>): void {
  const { type, Class } = extension
  if (!Number.isInteger(type) || type < MIN_EXTENSION_TYPE || type > MAX_EXTENSION_TYPE) {
    throw new MillraceError(
      'INVALID_CODEC_EXTENSION',
      `expected an extension type from ${MIN_EXTENSION_TYPE} to ${MAX_EXTENSION_TYPE}, got ${String(type)}`,
    )
  }
  if (
    typeof Class !== 'function' ||
    typeof extension.write !== 'function' ||
    typeof extension.read !== 'function'
  ) {
    throw new MillraceError(
      'INVALID_CODEC_EXTENSION',
      `expected Class, write and read as functions in extension ${type}`,
    )
  }
  refuseBuiltIn(Class)
  const entry = extension as unknown as AnyExtension
  const known = extensions.findIndex((other) => other.type === type)
  if (known >= 0) {
    const owner = extensions[known]?.Class
    if (owner !== Class) {
      throw new MillraceError(
        'INVALID_CODEC_EXTENSION',
        `extension type ${type} belongs to ${owner?.name ?? 'another class'} already`,
      )
    }
    extensions[known] = entry
    return
  }
  extensions.push(entry)
  // Looked up at each call, so that a later registration of the same class takes effect.
  addExtension({
    Class,
    type,
    write: (instance: unknown) => extensionOfType(type)?.write(instance),
    read: (data: unknown) => extensionOfType(type)?.read(data),
  })
}

/** One of each class whose instances travel as they are; of primitives, for nothing else is an instance of their classes, an object around one. */
const BUILT_IN: readonly object[] = [
  [{}, [], () => {}, new Map(), new Set(), new Date(0), /./, new Error()],
  [new ArrayBuffer(0), new DataView(new ArrayBuffer(0)), Buffer.alloc(0)],
  [new Int8Array(), new Uint8Array(), new Uint8ClampedArray(), new Int16Array(), new Uint16Array()],
  [new Int32Array(), new Uint32Array(), new Float32Array(), new Float64Array()],
  [new BigInt64Array(), new BigUint64Array()],
  [0n, 0, '', false, Symbol.iterator].map((value): object => Object(value) as object),
].flat()

function refuseBuiltIn(Class: AnyExtension['Class']): void {
  const found = BUILT_IN.find((each) => each instanceof Class)
  if (found === undefined) return
  const which =
    found.constructor === Class
      ? `instances of ${Class.name}`
      : `instances of ${found.constructor.name}, which are instances of ${Class.name} too,`
  throw new MillraceError(
    'INVALID_CODEC_EXTENSION',
    `${which} travel as they are: expected another class, or a subclass`,
  )
}

/** The registration that `value` falls under. */
export function extensionOf(value: object): AnyExtension | undefined {
  for (let i = extensions.length - 1; i >= 0; i--) {
    const extension = extensions[i]
    if (extension !== undefined && value instanceof extension.Class) return extension
  }
  return undefined
}

/** The registration with this type. */
export function extensionOfType(type: number): AnyExtension | undefined {
  return extensions.find((extension) => extension.type === type)
}
