/** Slices of totals in typed arrays, against slices of objects and the definition of sliding windows: results, their order, late records and snapshots. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, max, mean, sum } from '../../../api/index.ts'
import { packedSlices } from '../../../operators/windows/packed-slices.ts'
import { Collector } from '../operator-fakes.ts'
import { defined, inAnyOrder, outcome, spelled } from './packed-slices-rig.ts'
import type { Case, Key, Kind, Sale, Sales, Shape, Step } from './packed-slices-rig.ts'

const amountOf = ({ amount }: Sale): number | null => amount
const AGGREGATES: readonly { readonly aggregate: () => Sales }[] = [
  { aggregate: () => count() },
  { aggregate: () => combine({ n: count(), all: sum(amountOf), mean: mean(amountOf) }) as Sales },
]

const shapes = fc
  .record({
    slide: fc.integer({ min: 1, max: 12 }),
    more: fc.integer({ min: 0, max: 40 }),
    shift: fc.nat(),
  })
  .map(({ slide, more, shift }) => ({ size: slide + more, slide, offset: shift % slide }))

const KEYS: readonly Key[] = ['a', 'a shop with a long name', '\0s', [1, 2], ['x', 1], 0, -0, 7, 7n]

const sales = (amount: fc.Arbitrary<number | null>): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant('sales' as const),
    shop: fc.constantFrom(...KEYS),
    amounts: fc.oneof(
      { weight: 8, arbitrary: fc.array(amount, { minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(amount, { minLength: 40, maxLength: 50 }) },
    ),
    at: fc.integer({ min: -40, max: 90 }),
    partial: fc.boolean(),
  })

const integers = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(null))
/** Seldom something that cannot be added and taken away again: quarters, and numbers whose sums leave the safe integers. */
const mixed = fc.oneof(
  { weight: 30, arbitrary: integers },
  { weight: 1, arbitrary: fc.constantFrom(0.25, -7.75, 2 ** 50, -(2 ** 50)) },
)

const watermark = fc.record({
  kind: fc.constant('watermark' as const),
  at: fc.integer({ min: -40, max: 90 }),
})
const snapshots = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), entries: fc.nat(3) }),
  fc.record({ kind: fc.constant('pack' as const), entries: fc.nat(3) }),
  fc.constant({ kind: 'restore' as const }),
)

/** A watermark never goes back. */
function ascending(steps: readonly Step[]): Step[] {
  let highest = Number.NEGATIVE_INFINITY
  return steps.map((step) => {
    if (step.kind !== 'watermark') return step
    highest = Math.max(highest, step.at)
    return { ...step, at: highest }
  })
}

const cases = (amount: fc.Arbitrary<number | null>, restores: boolean): fc.Arbitrary<Case> =>
  fc.record({
    aggregate: fc.constantFrom(...AGGREGATES).map(({ aggregate }) => aggregate),
    shape: shapes,
    keyed: fc.boolean(),
    stubborn: fc.boolean(),
    steps: fc
      .array(
        fc.oneof(
          { weight: 8, arbitrary: sales(amount) },
          { weight: 3, arbitrary: watermark },
          { weight: restores ? 3 : 0, arbitrary: snapshots },
        ),
        { maxLength: 60, size: 'max' },
      )
      .map(ascending),
  })

for (const [name, amounts] of Object.entries({ integers, 'integers and others': mixed })) {
  test(`${name}: packed slices give what slices of objects give, in the same order, and what the definition says`, () => {
    let late = 0
    fc.assert(
      fc.property(cases(amounts, false), (each) => {
        const packed = outcome(['packed'], each)
        const objects = outcome(['objects'], each)
        assert.equal(packed.rows.map(spelled), objects.rows.map(spelled))
        assert.is(packed.late, objects.late)
        assert.equal(inAnyOrder(packed), inAnyOrder(defined(each)))
        late += packed.late
      }),
      { numRuns: 150 },
    )
    assert.ok(late > 0)
  })

  test(`${name}: snapshots that are packed while records go on are read by either of the two`, () => {
    const turns = fc.constantFrom<readonly Kind[]>(
      ['packed'],
      ['packed', 'objects'],
      ['objects', 'packed'],
    )
    fc.assert(
      fc.property(cases(amounts, true), turns, (each, kinds) => {
        assert.equal(inAnyOrder(outcome(kinds, each)), inAnyOrder(defined(each)))
      }),
      { numRuns: 200 },
    )
  })
}

/** Without records of windows between the last that has fired and those that wait: an operator gets none until they have fired. */
function whileWaiting(steps: readonly Step[], { size, slide, offset }: Shape): Step[] {
  let watermark = Number.NEGATIVE_INFINITY
  let passedEnd = watermark
  return steps.flatMap((step): Step[] => {
    if (step.kind === 'sales') return step.at > watermark || step.at < passedEnd ? [step] : []
    if (step.kind !== 'watermark') return []
    passedEnd = Math.floor((watermark + 1 - size - offset) / slide) * slide + offset + size
    const before = { ...step, at: watermark }
    watermark = step.at
    return [before, { ...step, waits: true }]
  })
}

test('what comes while a firing waits counts in the same windows', () => {
  fc.assert(
    fc.property(cases(mixed, false), (each) => {
      const steps = whileWaiting(each.steps, each.shape)
      const waiting = { ...each, stubborn: true, steps }
      assert.equal(
        inAnyOrder(outcome(['packed'], waiting)),
        inAnyOrder(outcome(['objects'], waiting)),
      )
    }),
    { numRuns: 200 },
  )
})

test('what comes late for a slice that was open when a snapshot was cut is not in it', () => {
  const sale = (shop: Key, at: number): Step => {
    return { kind: 'sales', shop, amounts: [1], at, partial: false }
  }
  const each: Case = {
    aggregate: () => count(),
    shape: { size: 2, slide: 1, offset: 0 },
    keyed: true,
    stubborn: false,
    steps: [
      sale('a', 3),
      { kind: 'cut', entries: 0 },
      { kind: 'watermark', at: 3 },
      sale('b', 3),
      { kind: 'restore' },
    ],
  }
  assert.equal(inAnyOrder(outcome(['packed'], each)), inAnyOrder(defined(each)))
})

test('keys that have gone leave nothing behind, and come back with nothing', () => {
  const aggregate = count()
  const slices = packedSlices(aggregate, 10)
  assert.ok(slices)
  const output = new Collector()
  const before = process.memoryUsage().arrayBuffers
  for (let end = 10; end < 20_000; end += 10) {
    slices.enter(end - 10)
    for (let key = 0; key < 20; key++) slices.add(`key ${end + key}`, null)
    slices.add('now and then', null)
    assert.ok(slices.take(end))
    slices.beginFiring(end, end - 50)
    let most = 0
    const isDone = slices.fire(output, (_, total) => {
      most = Math.max(most, total.count)
    })
    assert.ok(isDone)
    assert.is(most, Math.min(end / 10, 5))
  }
  const bytes = process.memoryUsage().arrayBuffers - before
  // 20,000 keys came; a window has 61.
  assert.ok(bytes < 1_000_000, `${bytes} bytes`)
  const left: unknown[] = []
  slices.write(0, (key) => left.push(key))
  assert.is(left.length, 61)
})

test('accumulators that are not known to be totals are not packed', () => {
  const largest = max(({ amount }: Sale) => amount)
  assert.is(packedSlices(largest, 1), undefined)
  assert.is(packedSlices(combine({ n: count(), largest }), 1), undefined)
  assert.is(packedSlices({ ...count() }, 1), undefined)
})

test.run()
