/**
 * What the codec tests share: arbitrary values of every kind that can be sent, and a comparison that sees each difference.
 */
import * as fc from 'fast-check'

/** A string with every trap: long, empty, Latin-1, emoji, lone surrogates. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ minLength: 10, maxLength: 16 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom('a', 'é', 'ÿ', '€', '😀', '\ud800', '\udfff', '\u0000', '"', '\\'),
    maxLength: 30,
  }),
  fc.constantFrom('x'.repeat(300), 'é'.repeat(64), '\ud800'.repeat(70), '😀'.repeat(40)),
)

/** Keys, the nasty ones among them. */
export const anyKey: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'id', 'name') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '__proto__',
      '__keys__',
      'constructor',
      'hasOwnProperty',
      'toJSON',
      '1',
      '',
      '"];x',
      "'",
      '\u2028',
      '\ud800',
      'length',
    ),
  },
)

/** Leaves: everything that is not a container of ours. */
export const anyLeaf: fc.Arbitrary<unknown> = fc.oneof(
  anyText,
  fc.integer(),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 31,
    -(2 ** 31),
    2 ** 31 - 1,
    2 ** 53,
    0.1,
    63,
    64,
    127,
    128,
  ),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.bigInt(),
  fc.constantFrom(
    2n ** 63n,
    -(2n ** 63n),
    2n ** 64n - 1n,
    2n ** 64n,
    -(2n ** 64n),
    2n ** 100n,
    -(2n ** 100n),
    10n ** 60n,
  ),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.int16Array(),
  fc.float64Array(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
)

/** Any value that can be sent, nested. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyLeaf,
    tie('object'),
    tie('array'),
    tie('map'),
    tie('set'),
  ),
  object: fc.array(fc.tuple(anyKey, tie('value')), { maxLength: 5 }).map(toObject),
  array: fc.array(tie('value'), { maxLength: 4 }),
  map: fc
    .array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 })
    .map((entries) => new Map(entries)),
  set: fc.array(tie('value'), { maxLength: 3 }).map((members) => new Set(members)),
}))['value']

/** An object with exactly these own properties, `__proto__` among them. */
export function toObject(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return object
}

/** The way to the first difference, by `Object.is` at the leaves and with the order of keys; undefined when there is none. */
export function difference(a: unknown, b: unknown, path = 'value'): string | undefined {
  if (Object.is(a, b)) return undefined
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return `${path}: ${show(a)} became ${show(b)}`
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: prototypes differ`
  if (a instanceof Date && b instanceof Date)
    return Object.is(a.getTime(), b.getTime()) ? undefined : `${path}: dates differ`
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b))
    return Buffer.compare(bytesOf(a), bytesOf(b)) === 0 ? undefined : `${path}: bytes differ`
  if (a instanceof Map && b instanceof Map) return difference([...a], [...b], `${path}.entries`)
  if (a instanceof Set && b instanceof Set) return difference([...a], [...b], `${path}.members`)
  const keysA = Reflect.ownKeys(a)
  const keysB = Reflect.ownKeys(b)
  if (keysA.length !== keysB.length || keysA.some((key, i) => key !== keysB[i])) {
    return `${path}: keys ${keysA.map(String).join()} became ${keysB.map(String).join()}`
  }
  for (const key of keysA) {
    const found = difference(
      Reflect.getOwnPropertyDescriptor(a, key)?.value,
      Reflect.getOwnPropertyDescriptor(b, key)?.value,
      `${path}.${String(key)}`,
    )
    if (found !== undefined) return found
  }
  return undefined
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

function show(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : Object.is(value, -0)
      ? '-0'
      : String(value)
}
