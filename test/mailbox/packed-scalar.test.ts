/** The hash of a simple value is that of its bytes. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packList } from '../../mailbox/msgpack.ts'
import { packedScalarHash, scalarHash } from '../../mailbox/packed-scalar.ts'
import type { Scalar } from '../../mailbox/packed-scalar.ts'

/** Of the only value of a list. */
function packedHash(value: Scalar): number | undefined {
  return packedScalarHash(packList([value], 1), 2)
}

const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.integer(),
  fc.integer({ min: -200, max: 70_000 }),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.constant(null),
)

test('it is the same however the value is packed', () => {
  fc.assert(
    fc.property(scalar, (value) => {
      // Packed in a form of its own, as are bigints of more bits, and strings that are no Unicode.
      if (Object.is(value, -0)) return
      assert.is(packedHash(value), scalarHash(value))
    }),
    { numRuns: 2_000 },
  )
  for (const length of [31, 32, 255, 256, 65_535, 65_536]) {
    const text = 'é'.padEnd(length - 1, 'x')
    assert.is(packedHash(text), scalarHash(text))
  }
  for (const bits of [7, 8, 15, 16, 31, 32, 53])
    for (const number of [2 ** bits - 1, 2 ** bits, -(2 ** bits), -(2 ** bits) - 1])
      assert.is(packedHash(number), scalarHash(number))
})

test('what is packed in a form of its own has none of its bytes', () => {
  for (const value of ['\ud800', -0, 2n ** 64n]) assert.is(packedHash(value), undefined)
})

test('keys that are alike have different hashes, also in their lower bits', () => {
  const lower = new Set<number>()
  const keys: Scalar[] = []
  for (let i = 0; i < 10_000; i++) keys.push(`customer-${i}`, i, i + 0.5, BigInt(i) << 20n)
  const hashes = new Set(keys.map(scalarHash))
  assert.ok(hashes.size > 39_950, `${hashes.size} hashes of 40,000 keys`)
  for (const hash of hashes) lower.add(hash & 0xffff)
  // Of as many throws of a die with 65,536 sides about 29,900 would be different.
  assert.ok(lower.size > 29_000, `${lower.size} values of 16 bits`)
})

test.run()
