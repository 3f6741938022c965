/** Accumulators in one level: the same behind an exchange, also where its receiver has other parts. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, countDistinct, max, mean, min, sum, topN } from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import { compileFlattening } from '../../../operators/aggregates/flat-accumulator.ts'
import type { Flattening } from '../../../operators/aggregates/flat-accumulator.ts'
import { errorOf } from '../../checkpoint/state/state-rig.ts'

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

function flatteningOf(aggregate: AggregateFunction<number, unknown, unknown>): Flattening {
  const flattening = compileFlattening(aggregate, ['n', 'key'])
  if (flattening === undefined) throw new Error('the fields are not known')
  return flattening
}

for (const [name, aggregate] of Object.entries(OURS)) {
  test(`${name}: an accumulator is the same after it was flat, empty or not`, () => {
    const { flatten, restore } = flatteningOf(aggregate)
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

/** The results of what one aggregate has made of 3 and 5 and another has restored. */
function outcome(before: object, after: object, rename = (flat: object): object => flat): unknown {
  const sender = before as AggregateFunction<number, unknown, unknown>
  const receiver = after as AggregateFunction<number, unknown, unknown>
  const accumulator = [3, 5].reduce(
    (all, value) => sender.add(all, value),
    sender.createAccumulator(),
  )
  const restored = flatteningOf(receiver).restore(
    rename(flatteningOf(sender).flatten(accumulator, 2, 'JFK')),
  )
  assert.equal(Object.keys(restored as object), Object.keys(receiver.createAccumulator() as object))
  return receiver.getResult(restored)
}

test('parts are found by their names, those that are missing begin empty, those that are gone are left out', () => {
  const before = combine({ a: count(), 'b/c': mean(number), own: product, d: min(number) })
  const after = combine({ own: product, e: sum(number), 'b~1c': max(number), a: count() })
  assert.equal(outcome(before, after), { own: 15, e: 0, 'b~1c': undefined, a: 2 })
  assert.equal(outcome(before, combine({ d: min(number), 'b/c': mean(number) })), {
    d: 3,
    'b/c': 4,
  })
  assert.equal(outcome(combine({ a: count() }), combine({ own: product })), { own: 1 })
})

test('so are parts within parts', () => {
  const before = combine({ in: combine({ n: count(), p: product }), n: sum(number) })
  const after = combine({ n: sum(number), in: combine({ m: count(), p: product, n: count() }) })
  assert.equal(outcome(before, after), { n: 8, in: { m: 0, p: 15, n: 2 } })
})

test('a part that is undefined is not one that is missing', () => {
  const none = combine({ n: count(), least: min(() => undefined) })
  assert.equal(outcome(none, none), { n: 2, least: undefined })
})

test('values without names are taken in their order where they are as many', () => {
  const before = combine({ n: count(), mean: mean(number) })
  const unnamed = (flat: object): object => {
    const [n, key, ...values] = Object.entries(flat)
    return Object.fromEntries([n!, key!, ...values.map(([, value], i) => [`v${i}`, value])])
  }
  assert.equal(outcome(before, before, unnamed), { n: 2, mean: 4 })
  const { code } = errorOf(() => outcome(before, combine({ n: count() }), unnamed))
  assert.is(code, 'INCOMPATIBLE_STATE')
})

test.run()
