import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalKey, originalKey } from '../../checkpoint/canonical-key.ts'
import { keyHash } from '../../checkpoint/key-hash.ts'

/** Keys as a user may choose them, small enough that equal ones turn up. */
const keys = fc.letrec((tie) => ({
  key: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('', 'a', 'ab', '\0', '\0s1;a', '\0n', '1', 'null', '\ud800', '😀', '__proto__'),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.integer({ min: -3, max: 3 }),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 3 }),
    fc.array(tie('key'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__', ''), tie('key'), { maxKeys: 3 }),
  ),
})).key

/** Equality by meaning, written without the code under test. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) {
    const plain = (value: object) => Object.prototype.toString.call(value) === '[object Object]'
    if (!plain(a) || !plain(b)) return false
  }
  if (a instanceof Date) return a.getTime() === (b as Date).getTime()
  const names = Object.keys(a)
  if (Array.isArray(a) || a instanceof Uint8Array) {
    if ((a as unknown[]).length !== (b as unknown[]).length) return false
  }
  if (names.length !== Object.keys(b).length) return false
  return names.every(
    (name) =>
      Object.hasOwn(b, name) &&
      same((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  )
}

function reversed(key: unknown): unknown {
  if (Array.isArray(key)) return key.map(reversed)
  if (Object.prototype.toString.call(key) !== '[object Object]') return key
  return Object.fromEntries(
    Object.entries(key as object)
      .reverse()
      .map(([name, value]) => [name, reversed(value)]),
  )
}

test('two keys have the same canonical form exactly when they mean the same', () => {
  const hits = { equal: 0 }
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      const equal = new Map([[canonicalKey(a), 1]]).has(canonicalKey(b))
      if (equal) hits.equal++
      assert.is(equal, same(a, b))
    }),
    { numRuns: 5_000 },
  )
  assert.ok(hits.equal > 0)
})

test('equal keys have equal hashes and forms, whatever the order of their fields', () => {
  fc.assert(
    fc.property(keys, (key) => {
      assert.is(keyHash(reversed(key)), keyHash(key))
      assert.is(canonicalKey(reversed(key)), canonicalKey(key))
      assert.is(keyHash(key), keyHash(key) | 0)
    }),
    { numRuns: 2_000 },
  )
})

test('the canonical form gives the key back', () => {
  fc.assert(
    fc.property(keys, (key) => {
      assert.ok(same(originalKey(canonicalKey(key)), key))
    }),
    { numRuns: 2_000 },
  )
})

test('pairs of numbers are spelled out, however many others came between two equal ones', () => {
  const numbers = fc.oneof(
    fc.integer({ min: -40, max: 40 }),
    fc.integer(),
    fc.constantFrom(0, -0, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 0.5, 1e300),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(numbers, numbers), { maxLength: 200, size: 'max' }), (pairs) => {
      for (const [a, b] of [...pairs, ...pairs])
        assert.is(canonicalKey([a, b]), `\0a2;d${a};d${b};`)
    }),
  )
})

test('plain strings and numbers are their own canonical form', () => {
  for (const key of ['', 'JFK', 0, -5, 1.5, Infinity, true, null, 10n])
    assert.is(canonicalKey(key), key)
  assert.is(canonicalKey('\0x') === '\0x', false)
})

test('hashes are pinned, because savepoints depend on them', () => {
  const date = new Date(1_000_000_000_000)
  assert.equal(
    ['', 'a', 'JFK', 'hello world', '😀', 0, -0, 1, -1, 2 ** 31, 0.5, true, false, null].map(
      keyHash,
    ),
    [
      0, 97, 73359, 1794106052, 1772899, 0, 0, 1, -1, 1105199104, 1071644672, 1231, 1237,
      1853189228,
    ],
  )
  assert.equal(
    [10n, -(2n ** 70n), date, Uint8Array.of(1, 255), [], [1, 'a'], {}, { a: 1, b: [null] }].map(
      keyHash,
    ),
    [3105, 1622720537, 758528048, 112723, 1, 1089, 111, -1979216999],
  )
})

test('what cannot be a key is refused, and the message says where it is', () => {
  const cycle: unknown[] = []
  cycle.push(cycle)
  const bad: [unknown, RegExp][] = [
    [undefined, /key is undefined/],
    [Number.NaN, /key is NaN/],
    [() => 1, /key is a function/],
    [Symbol('s'), /key is Symbol\(s\)/],
    [new Date(Number.NaN), /key is an invalid Date/],
    [{ a: [1, undefined] }, /key\.a\[1\] is undefined/],
    [[new Map()], /key\[0\] is an instance of Map/],
    [cycle, /nested deeper/],
  ]
  for (const [key, message] of bad) {
    for (const use of [keyHash, canonicalKey]) {
      assert.throws(
        () => use(key),
        (error: { code: string; message: string }) =>
          error.code === 'INVALID_KEY' && message.test(error.message),
      )
    }
  }
})

test.run()
