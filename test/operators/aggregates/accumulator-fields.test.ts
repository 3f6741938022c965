/** The fields of accumulators, by which they travel as columns. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, countDistinct, max, mean, min, sum, topN } from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import { compileFlattening, fieldsOf } from '../../../operators/aggregates/accumulator-fields.ts'

const number = (value: number): number => value

/** A user's own. */
const product: AggregateFunction<number, { product: number }, number> = {
  createAccumulator: () => ({ product: 1 }),
  add: (accumulator, value) => ({ product: accumulator.product * value }),
  getResult: (accumulator) => accumulator.product,
  merge: (a, b) => ({ product: a.product * b.product }),
}

const OURS: Readonly<Record<string, AggregateFunction<number, unknown, unknown>>> = {
  count: count(),
  sum: sum(number),
  mean: mean(number),
  min: min(number),
  max: max(number),
  topN: topN(2, number),
  countDistinct: countDistinct(number),
  combine: combine({ n: count(), inside: combine({ m: mean(number), p: product }) }),
}

for (const [name, aggregate] of Object.entries(OURS)) {
  test(`${name}: an accumulator is the same after it was flat, empty or not`, () => {
    const fields = fieldsOf(aggregate)
    if (fields === undefined) throw new Error('the fields are not known')
    const { flatten, restore } = compileFlattening(fields, ['n', 'key'])
    let accumulator = aggregate.createAccumulator()
    for (const value of [3, -0, 1e300, 3]) {
      const flat = flatten(accumulator, 7, 'JFK')
      assert.equal(restore(flat), accumulator)
      assert.equal(Object.entries(flat).slice(0, 2), [
        ['n', 7],
        ['key', 'JFK'],
      ])
      accumulator = aggregate.add(accumulator, value)
    }
    const restored = restore(flatten(accumulator, 4, null))
    assert.equal(aggregate.getResult(restored), aggregate.getResult(accumulator))
  })
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
