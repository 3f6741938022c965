import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { numberText } from '../../../connectors/files/number-text.ts'

test('numbers are written as JavaScript prints them, however often and after whatever others', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.double(), fc.integer()), { minLength: 1 }), (numbers) => {
      for (const number of [...numbers, ...numbers]) assert.is(numberText(number), String(number))
    }),
    { numRuns: 200 },
  )
  for (const number of [0, -0, NaN, Infinity, -Infinity, 1e21, 5e-324, 2 ** 53, -0.1])
    assert.is(numberText(number), String(number))
})

test('numbers that share a place in the table do not get the text of each other', () => {
  // More of them than the table has places.
  const thirds = Array.from({ length: 50_000 }, (_, n) => n / 3)
  for (let round = 0; round < 2; round++)
    for (const number of thirds) assert.is(numberText(number), String(number))
})

test.run()
