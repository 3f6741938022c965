/** Accumulators that several windows take in. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  combine,
  count,
  countDistinct,
  countDistinctWhere,
  max,
  mean,
  min,
  sum,
  topN,
} from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import { copyPlain, unshareFor } from '../../../operators/aggregates/unshared.ts'

type AnyAggregate = AggregateFunction<number, unknown, unknown>

const itself = (value: number): number => value
const sets = {
  integers: countDistinct(itself),
  others: countDistinct((value: number) => (value % 2 === 0 ? `text ${value}` : value / 3)),
  classes: countDistinctWhere(itself, { all: () => true, odd: (value) => value % 2 !== 0 }),
}
const OURS: Readonly<Record<string, unknown>> = {
  count: count(),
  sum: sum(itself),
  mean: mean(itself),
  max: max(itself),
  min: min((value: number) => `${value}`),
  topN: topN(3, itself),
  ...sets,
  combine: combine({ n: count(), sets: combine(sets) }),
}

const foreign: AggregateFunction<number, { inner?: { n: number } }, number> = {
  createAccumulator: () => ({}),
  add(accumulator) {
    ;(accumulator.inner ??= { n: 0 }).n++
    return accumulator
  },
  getResult: ({ inner }) => inner?.n ?? 0,
  merge(a, b) {
    if (b.inner === undefined) return a
    if (a.inner === undefined) a.inner = b.inner
    else a.inner.n += b.inner.n
    return a
  },
}

for (const [name, given] of Object.entries(OURS)) {
  const aggregate = given as AnyAggregate
  test(`${name}: merge keeps nothing of its second argument that it changes, so nothing is copied`, () => {
    assert.is(unshareFor(aggregate), undefined)
    const of = (values: readonly number[]): unknown =>
      values.reduce((all, value) => aggregate.add(all, value), aggregate.createAccumulator())
    const values = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 })
    fc.assert(
      fc.property(values, values, values, (first, second, third) => {
        const given = of(second)
        const before = structuredClone(given)
        const merged = aggregate.merge(of(first), given)
        aggregate.merge(
          third.reduce((all, value) => aggregate.add(all, value), merged),
          of(first),
        )
        assert.equal(given, before)
      }),
      { numRuns: 50 },
    )
  })
}

test('of a combination only the parts are copied that are not ours', () => {
  const combined = combine({ n: count(), inside: combine({ foreign, distinct: sets.integers }) })
  const accumulator = combined.add(combined.createAccumulator(), 1)
  const copy = unshareFor(combined)?.(accumulator)
  assert.equal(copy, accumulator)
  const before = accumulator['p1'] as Record<string, { inner: object }>
  const after = copy?.['p1'] as Record<string, { inner: object }>
  assert.is(copy?.['p0'], accumulator['p0'])
  assert.is(after['p1'], before['p1'])
  assert.is.not(after['p0']?.inner, before['p0']?.inner)
})

/** The objects in a value, without those that are nobody's to change. */
function objectsIn(value: unknown, found = new Set<unknown>()): Set<unknown> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found
  found.add(value)
  const inside = value instanceof Map ? [...value.values()] : Object.values(value)
  for (const each of inside) objectsIn(each, found)
  return found
}

test('a copy of plain data is equal, and shares no object with the original', () => {
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(fc.integer(), fc.string(), fc.constantFrom(undefined, null, 1n)),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie('tree'), { maxKeys: 4 }),
      fc.array(fc.tuple(fc.integer(), tie('tree')), { maxLength: 3 }).map((list) => new Map(list)),
      fc.array(fc.integer(), { maxLength: 3 }).map((list) => new Set(list)),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 3 }),
      fc.float64Array({ maxLength: 3, noNaN: true }),
    ),
  }))
  fc.assert(
    fc.property(tree, (value) => {
      const copy = copyPlain(value)
      assert.equal(copy, value)
      const originals = objectsIn(value)
      for (const each of objectsIn(copy)) assert.not(originals.has(each))
    }),
    { numRuns: 300 },
  )
})

test('instances of classes stay as they are, the same object is the same again, and bytes are copied', () => {
  class Sketch {
    readonly #n = 1
    n(): number {
      return this.#n
    }
  }
  const shared = { n: 1 }
  const bytes = Buffer.from([1, 2])
  const original = { sketch: new Sketch(), left: shared, right: [shared], bytes, itself: {} }
  original.itself = original
  const copy = copyPlain(original)
  assert.is(copy.sketch.n(), 1)
  assert.is(copy.left, copy.right[0])
  assert.is.not(copy.left, shared)
  assert.is(copy.itself, copy)
  bytes[0] = 9
  assert.is(copy.bytes[0], 1)
})

test('a list of any length is copied', () => {
  interface Link {
    readonly n: number
    readonly next: Link | undefined
  }
  let list: Link | undefined
  for (let n = 0; n < 100_000; n++) list = { n, next: list }
  let length = 0
  for (let link = copyPlain(list); link !== undefined; link = link.next) length++
  assert.is(length, 100_000)
})

test.run()
