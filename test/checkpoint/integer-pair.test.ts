import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { canonicalKey, originalKey } from '../../checkpoint/canonical-key.ts'
import { canonicalPair, isIntegerPair, mixPair, readPair } from '../../checkpoint/integer-pair.ts'

const MOST = 2 ** 31 - 1
const integer = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -0, 1, -1, MOST, -MOST - 1, 999_999_999, -1_000_000_000),
)
const nearly = fc.oneof(
  integer,
  fc.constantFrom(MOST + 1, -MOST - 2, 0.5, Number.POSITIVE_INFINITY, 1e21, 2 ** 53),
  fc.constantFrom<unknown[]>('', '1', 'd1;', null, true, 3n, [1, 2]),
)
const key = fc.oneof(
  fc.array(nearly, { maxLength: 3 }),
  fc.tuple(nearly, nearly),
  fc.tuple(nearly, nearly).map(([first, second]) => ({ 0: first, 1: second })),
  fc.string(),
  fc.constantFrom('\0a2;d1;d2;', 'a2;d1;d2;', '\0'),
)

test('a key is a pair exactly when its form is read as one, which is then the same', () => {
  const seen = { pairs: 0, others: 0 }
  fc.assert(
    fc.property(key, (each) => {
      const form = canonicalKey(each)
      const pair = typeof form === 'string' ? readPair(form) : undefined
      assert.is(pair !== undefined, isIntegerPair(each))
      if (pair === undefined) seen.others++
      else {
        seen.pairs++
        const [first, second] = each as [number, number]
        assert.equal(pair, [first | 0, second | 0])
        assert.is(canonicalPair(...pair), form)
        assert.equal(originalKey(form), pair)
      }
    }),
    { numRuns: 5_000 },
  )
  assert.ok(seen.pairs > 100 && seen.others > 100, JSON.stringify(seen))
})

test('pairs that follow a pattern do not gather in few places', () => {
  const bits = 12
  const count = 2 ** bits
  const sides = [1, 7, 64, 1_000, 2 ** 16, 2 ** 20]
  const patterns = [
    ...sides.map((step) => (i: number) => [i * step, 5] as const),
    ...sides.map((step) => (i: number) => [5, i * step] as const),
    ...sides.map((step) => (i: number) => [(i % 64) * step, Math.floor(i / 64)] as const),
    (i: number) => [i, -i] as const,
    (i: number) => [i, i] as const,
  ]
  for (const [number, pairOf] of patterns.entries()) {
    const places = new Int32Array(count)
    for (let i = 0; i < count; i++) places[mixPair(...pairOf(i)) & (count - 1)]!++
    const free = places.filter((keys) => keys === 0).length / count
    // By chance it would be 1 / e.
    assert.ok(free < 0.45, `pattern ${number}: ${free} of the places are free`)
    assert.ok(Math.max(...places) < 12, `pattern ${number}: ${Math.max(...places)} in one place`)
  }
})

test.run()
