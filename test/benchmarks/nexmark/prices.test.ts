/**
 * Prices of the Nexmark generator: the quick way gives what the definition gives.
 */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { exactPriceOf, priceOf } from '../../../benchmarks/nexmark/generator/prices.ts'

const bits = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })

test('a price by the tables is the rounded power of ten', () => {
  fc.assert(
    fc.property(bits, (value) => assert.is(priceOf(value), exactPriceOf(value))),
    { numRuns: 20_000 },
  )
})

test('so it is where a price is close to the middle between two cents', () => {
  const cents = fc.integer({ min: 100, max: 99_999_999 })
  fc.assert(
    fc.property(cents, fc.integer({ min: -2, max: 2 }), (below, offset) => {
      const part = Math.log10((below + 0.5) / 100) / 6
      const value = (Math.round(part * 0x1_0000_0000) + offset) | 0
      assert.is(priceOf(value), exactPriceOf(value))
    }),
    { numRuns: 20_000 },
  )
})

test('prices reach from a dollar to a million', () => {
  assert.is(priceOf(0), 100)
  assert.is(priceOf(-1), 100_000_000)
  assert.is(priceOf(-0x8000_0000), 100_000)
})

test.run()
