/** Slices of the first phase in typed arrays, against a Map. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, max, mean, sum, topN } from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import {
  ADDED,
  ADDED_FIRST,
  NOT_ADDED,
  packedLocalSlices,
} from '../../../operators/windows/packed-local-slice.ts'
import type {
  PackedLocalSlice,
  PackedLocalSlices,
} from '../../../operators/windows/packed-local-slice.ts'

interface Sale {
  readonly key: number
  readonly amount: number
}

const STATISTICS = combine({
  n: count(),
  sum: sum(({ amount }: Sale) => amount),
  mean: mean(({ amount }: Sale) => amount),
})
type Statistics = ReturnType<typeof STATISTICS.createAccumulator>

function slicesOf<Acc>(
  aggregate: AggregateFunction<Sale, Acc, unknown>,
): PackedLocalSlices<Sale, Acc> {
  const slices = packedLocalSlices(aggregate)
  if (slices === undefined) throw new Error('not packed')
  return slices
}

/** Keys with their number of records and result, in the order in which they are sent. */
function contentsOf<Acc>(
  slices: PackedLocalSlices<Sale, Acc>,
  slice: PackedLocalSlice,
  aggregate: AggregateFunction<Sale, Acc, unknown>,
): readonly unknown[] {
  return Array.from(slice.order.subarray(0, slice.size), (place) => [
    slice.keys[place],
    slice.records[place],
    aggregate.getResult(slices.accumulatorAt(slice, place)),
  ])
}

test('keys and their accumulators are those of a Map, in its order, one slice after the other in the same arrays', () => {
  const key = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: 0, max: 5_000 }),
    // All at the same few places.
    fc.integer({ min: 0, max: 5_000 }).map((n) => n << 19),
    fc.integer(),
  )
  const sale = fc.record({ key, amount: fc.double({ noNaN: true }) })
  const lists = fc.array(fc.array(sale, { maxLength: 3_000, size: 'max' }), {
    maxLength: 3,
    size: 'max',
  })
  fc.assert(
    fc.property(lists, (all) => {
      const slices = slicesOf(STATISTICS)
      for (const sales of all) {
        const slice = slices.open()
        const model = new Map<number, { records: number; accumulator: Statistics }>()
        for (const one of sales) {
          const known = model.get(one.key)
          const before = known?.accumulator ?? STATISTICS.createAccumulator()
          const accumulator = STATISTICS.add(before, one)
          const records = (known?.records ?? 0) + 1
          assert.is(slices.add(slice, one.key, one), known === undefined ? ADDED_FIRST : ADDED)
          model.set(one.key, { records, accumulator })
        }
        assert.equal(
          contentsOf(slices, slice, STATISTICS),
          Array.from(model, ([k, { records, accumulator }]) => [
            k,
            records,
            STATISTICS.getResult(accumulator),
          ]),
        )
        slices.release(slice)
      }
    }),
    { numRuns: 30 },
  )
})

test('an accumulator that is no longer made of numbers is taken out, and its key belongs elsewhere from then on', () => {
  const largest = max(({ amount }: Sale) => amount)
  const slices = slicesOf(largest)
  const slice = slices.open()
  assert.is(slices.add(slice, 7, { key: 7, amount: 3 }), ADDED_FIRST)
  assert.is(slices.add(slice, 8, { key: 8, amount: 4 }), ADDED_FIRST)
  assert.is(slices.add(slice, 7, { key: 7, amount: 5 }), ADDED)
  const large = { key: 7, amount: (2n ** 70n) as never }
  assert.is(slices.add(slice, 7, large), NOT_ADDED)
  const taken = slices.takeOut(slice, 7)
  assert.is(taken?.records, 2)
  assert.is(taken === undefined ? undefined : largest.getResult(taken.accumulator), 5)
  assert.is(slices.takeOut(slice, 7), undefined)
  assert.is(slices.add(slice, 7, { key: 7, amount: 6 }), NOT_ADDED, 'or it would be in two places')
  assert.is(slices.takeOut(slice, 9), undefined, 'it was never there')
  assert.equal(contentsOf(slices, slice, largest), [
    [7, -1, 5],
    [8, 1, 4],
  ])
  slices.release(slice)
  const next = slices.open()
  assert.is(next, slice, 'its arrays are used again')
  assert.equal(contentsOf(slices, next, largest), [])
  assert.is(slices.add(next, 7, large), NOT_ADDED, 'none so far')
  assert.is(slices.add(next, 7, { key: 7, amount: 1 }), NOT_ADDED, 'or it would be in two places')
  assert.is(slices.add(next, 8, { key: 8, amount: 1 }), ADDED_FIRST)
  slices.release(next)
  assert.is(slices.add(slices.open(), 7, { key: 7, amount: 1 }), ADDED_FIRST, 'a slice begins anew')
})

test('accumulators that are never numbers are not packed', () => {
  assert.is(packedLocalSlices(topN(2, ({ amount }: Sale) => amount)), undefined)
})

test.run()
