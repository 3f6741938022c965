/** The fields of accumulators, by which they travel as columns. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, mean } from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import { fieldsOf } from '../../../operators/aggregates/accumulator-fields.ts'

const number = (value: number): number => value

/** A user's own. */
const product: AggregateFunction<number, { product: number }, number> = {
  createAccumulator: () => ({ product: 1 }),
  add: (accumulator, value) => ({ product: accumulator.product * value }),
  getResult: (accumulator) => accumulator.product,
  merge: (a, b) => ({ product: a.product * b.product }),
}

test("the fields of a user's aggregate are not known, and a part of that kind travels as it is", () => {
  assert.is(fieldsOf(product), undefined)
  assert.equal(fieldsOf(combine({ product, n: count() })), {
    p0: 'value',
    p1: { count: 'total' },
  })
})

test('a combination is as compact as its parts', () => {
  assert.is(combine({ n: count(), m: mean(number) }).compact, true)
  assert.is(combine({ n: count(), product }).compact, undefined)
  assert.is(combine({ n: count(), product: { ...product, compact: false } }).compact, false)
})

test.run()
