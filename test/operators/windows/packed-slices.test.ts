/** Slices of totals in typed arrays, against slices of objects and the definition of sliding windows: results, their order, late records and snapshots. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, max, mean, sum } from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import { canonicalKey } from '../../../checkpoint/canonical-key.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { SnapshotCut } from '../../../checkpoint/state/snapshot-cut.ts'
import type { Operator } from '../../../operators/operator.ts'
import { packedSlices } from '../../../operators/windows/packed-slices.ts'
import { partialForm } from '../../../operators/windows/partial-result.ts'
import { slidingAggregate } from '../../../operators/windows/sliding-aggregate.ts'
import type { FiredWindow } from '../../../operators/windows/window-aggregate.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { Collector, fakeContext, testBackend, untilDone } from '../operator-fakes.ts'

type Key = string | number | bigint | readonly (string | number)[]

interface Sale {
  readonly shop: Key
  readonly amount: number | null
}

type Step =
  | {
      readonly kind: 'sales'
      readonly shop: Key
      readonly amounts: readonly (number | null)[]
      readonly at: number
      readonly partial: boolean
    }
  /** `waits`: the output may be full, and what follows comes while the firing waits. */
  | { readonly kind: 'watermark'; readonly at: number; readonly waits?: boolean }
  /** A snapshot begins and some of it is packed; `restore` finishes it, and another operator begins where it was cut. */
  | { readonly kind: 'cut'; readonly entries: number }
  | { readonly kind: 'pack'; readonly entries: number }
  | { readonly kind: 'restore' }

interface Shape {
  readonly size: number
  readonly slide: number
  readonly offset: number
}

type Sales = AggregateFunction<Sale, unknown, unknown>

const amountOf = ({ amount }: Sale): number | null => amount
const AGGREGATES: readonly { readonly aggregate: () => Sales }[] = [
  { aggregate: () => count() },
  { aggregate: () => combine({ n: count(), all: sum(amountOf), mean: mean(amountOf) }) as Sales },
]

interface Case {
  readonly aggregate: () => Sales
  readonly shape: Shape
  readonly keyed: boolean
  readonly stubborn: boolean
  readonly steps: readonly Step[]
}

interface Row {
  readonly key: unknown
  readonly windowStart: number
  readonly windowEnd: number
  readonly result: unknown
}

interface Outcome {
  readonly rows: readonly Row[]
  readonly late: number
}

type Kind = 'packed' | 'objects'

/** An operator, and all that was done with it. */
class Rig {
  readonly #how: Omit<Case, 'steps'>
  readonly #kinds: readonly Kind[]
  readonly #aggregate: Sales
  #output: Collector
  #operator: Operator<never>
  #context: ReturnType<typeof fakeContext>
  #turn = 0
  /** What happened before the operator was opened. */
  #before: Outcome = { rows: [], late: 0 }
  #cut: SnapshotCut | undefined
  #atCut: Outcome = this.#before

  constructor(kinds: readonly Kind[], how: Omit<Case, 'steps'>) {
    this.#kinds = kinds
    this.#how = how
    this.#aggregate = how.aggregate()
    this.#output = new Collector(how.stubborn)
    ;({ operator: this.#operator, context: this.#context } = this.#open([]))
  }

  #open(restored: readonly OperatorSnapshot[]) {
    const { shape, keyed } = this.#how
    const operator = slidingAggregate({
      name: 'sliding',
      ...shape,
      aggregate: this.#aggregate,
      key: keyed ? (sale: Sale) => sale.shop : undefined,
      result: (result, { key, windowStart, windowEnd }: FiredWindow<Key>): Row => {
        return { key, windowStart, windowEnd, result }
      },
      takesPartialResults: true,
      isPacked: this.#kinds[this.#turn++ % this.#kinds.length] === 'packed',
    })
    this.#output = new Collector(this.#how.stubborn)
    const state = testBackend('operator', new ManualClock(), restored)
    const context = { ...fakeContext(), state }
    operator.open(context, this.#output)
    return { operator: operator as Operator<never>, context }
  }

  get outcome(): Outcome {
    const { rows, late } = this.#before
    return {
      rows: [...rows, ...(this.#output.values as Row[])],
      late: late + (this.#context.counters.get('lateRecordsDropped')?.value ?? 0),
    }
  }

  step(step: Step): 'restored' | undefined {
    if (step.kind === 'watermark') {
      const fire = (): boolean => this.#operator.processWatermark(step.at)
      if (step.waits === true) fire()
      else untilDone(fire)
    } else if (step.kind === 'sales') this.#add(step)
    else if (step.kind === 'cut') {
      this.#cut = this.#context.state.cut()
      this.#atCut = this.outcome
      this.#cut.step(step.entries)
    } else if (step.kind === 'pack') {
      this.#cut?.step(step.entries)
    } else if (this.#cut !== undefined) {
      const snapshot = this.#cut.finish()
      this.#cut = undefined
      this.#before = this.#atCut
      this.#operator.close()
      ;({ operator: this.#operator, context: this.#context } = this.#open([snapshot]))
      return 'restored'
    }
    return undefined
  }

  #add({ shop, amounts, at, partial }: Extract<Step, { readonly kind: 'sales' }>): void {
    if (!partial) {
      for (const amount of amounts) this.#operator.processRecord({ shop, amount } as never, at)
      return
    }
    const accumulator = amounts.reduce(
      (all: unknown, amount) => this.#aggregate.add(all, { shop, amount }),
      this.#aggregate.createAccumulator(),
    )
    const { make } = partialForm(this.#aggregate)
    const result = make(accumulator, amounts.length, this.#how.keyed ? shop : null)
    this.#operator.processRecord(result as never, at)
  }

  close(): Outcome {
    untilDone(() => this.#operator.endInput())
    const { outcome } = this
    assert.equal(this.#context.state.snapshot().groups, [], 'something is left')
    this.#operator.close()
    return outcome
  }
}

/** Runs the steps. After a restore, what came since the cut comes again. */
function outcome(kinds: readonly Kind[], { steps, ...how }: Case): Outcome {
  const rig = new Rig(kinds, how)
  let sinceCut: Step[] = []
  let watermark = Number.NEGATIVE_INFINITY
  let watermarkAtCut = watermark
  for (const step of steps) {
    if (step.kind === 'watermark') watermark = step.at
    if (step.kind === 'cut') {
      sinceCut = []
      watermarkAtCut = watermark
    } else if (step.kind !== 'restore') sinceCut.push(step)
    if (rig.step(step) !== 'restored') continue
    if (watermarkAtCut > Number.NEGATIVE_INFINITY)
      rig.step({ kind: 'watermark', at: watermarkAtCut })
    for (const again of sinceCut) rig.step(again)
    sinceCut = []
  }
  return rig.close()
}

/** From the definition: every window is the list of what came for it before the watermark passed its end. */
function defined({ aggregate: make, shape, keyed, steps }: Case): Outcome {
  const { size, slide, offset } = shape
  const aggregate = make()
  const windows = new Map<string, { key: unknown; start: number; sales: Sale[] }>()
  const rows: Row[] = []
  let late = 0
  let watermark = Number.NEGATIVE_INFINITY
  const fire = (): void => {
    for (const [id, { key, start, sales }] of windows) {
      if (start + size - 1 > watermark) continue
      windows.delete(id)
      const all = sales.reduce(
        (before: unknown, sale) => aggregate.add(before, sale),
        aggregate.createAccumulator(),
      )
      const result = aggregate.getResult(all)
      rows.push({ key, windowStart: start, windowEnd: start + size, result })
    }
  }
  for (const step of steps) {
    if (step.kind === 'watermark') {
      watermark = Math.max(watermark, step.at)
      fire()
    }
    if (step.kind !== 'sales') continue
    const { shop, amounts, at } = step
    let counted = false
    for (
      let start = Math.floor((at - offset) / slide) * slide + offset;
      start > at - size;
      start -= slide
    ) {
      if (start + size - 1 <= watermark) continue
      counted = true
      const id = `${keyed ? `${typeof shop} ${String(canonicalKey(shop))}` : ''} ${start}`
      const key = keyed ? (shop === 0 ? 0 : shop) : undefined
      const window = windows.get(id) ?? { key, start, sales: [] }
      window.sales.push(...amounts.map((amount) => ({ shop, amount })))
      windows.set(id, window)
    }
    if (!counted) late += amounts.length
  }
  watermark = Number.POSITIVE_INFINITY
  fire()
  return { rows, late }
}

/** As text that tells -0 from 0 and bigints from numbers. */
function spelled(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value !== 'number') return value
    return Object.is(value, -0) ? '-0' : String(value)
  })
}

/** Rows in any order, but in that of their windows. */
function inAnyOrder({ rows, late }: Outcome): unknown {
  const lines = rows.map((row) => ({ end: row.windowEnd, line: spelled(row) }))
  lines.sort((a, b) => a.end - b.end || (a.line < b.line ? -1 : 1))
  return { lines, late }
}

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
