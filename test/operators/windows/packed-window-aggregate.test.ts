/** Windows whose accumulators are packed as numbers, against those that keep them as objects: for partial results, records, and values that are no numbers. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  combine,
  count,
  countDistinct,
  max,
  mean,
  min,
  sum,
  topN,
  tumbling,
} from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import { MIN_TIMESTAMP } from '../../../mailbox/time.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { Operator } from '../../../operators/operator.ts'
import { packedWindowAggregate } from '../../../operators/windows/packed-window-aggregate.ts'
import { partialForm } from '../../../operators/windows/partial-result.ts'
import { windowAggregate } from '../../../operators/windows/window-aggregate.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { codeOf, Collector, fakeContext, testBackend, untilDone } from '../operator-fakes.ts'

type Amount = number | null | string | bigint

interface Sale {
  readonly shop: string | number | readonly number[]
  readonly amount: Amount
}

type Step =
  | { readonly sales: readonly Sale[]; readonly at: number; readonly partial: boolean }
  | { readonly watermark: number }
  | { readonly snapshot: true }

const numberOf = ({ amount }: Sale): number | null => (typeof amount === 'number' ? amount : null)

/** A user's own, whose accumulators are no numbers. */
const latest: AggregateFunction<Sale, readonly Amount[], readonly Amount[]> = {
  createAccumulator: () => [],
  add: (before, { amount }) => [...before, amount].slice(-3),
  getResult: (amounts) => amounts,
  merge: (a, b) => [...a, ...b].slice(-3),
}

/** Results are told apart to the last bit, and by the sign of a zero. */
const AGGREGATES: readonly { readonly aggregate: AggregateFunction<Sale, unknown, unknown> }[] = [
  combine({ n: count(), all: sum(numberOf), mean: mean(numberOf) }),
  // No number until there is one, or never one.
  combine({ n: count(), most: max(({ amount }: Sale) => amount as number), least: min(numberOf) }),
  combine({ n: count(), some: latest }),
  mean(numberOf),
].map((aggregate) => ({ aggregate: aggregate as AggregateFunction<Sale, unknown, unknown> }))

type Kind = 'packed' | 'objects'

function operatorOf(
  kind: Kind,
  aggregate: AggregateFunction<Sale, unknown, unknown>,
  keyed: boolean,
) {
  const options = {
    assigner: tumbling(10),
    aggregate,
    key: keyed ? (sale: Sale) => sale.shop : undefined,
    result: (result: unknown, window: object) => ({ result, ...window }),
    takesPartialResults: true,
  }
  if (kind === 'objects') return windowAggregate(options)
  const operator = packedWindowAggregate(options)
  assert.ok(operator)
  return operator
}

/** What leaves an operator that is opened anew, as the kind that is next in turn, after each snapshot. */
function outcome(
  kinds: readonly Kind[],
  steps: readonly Step[],
  { aggregate, keyed, stubborn }: Omit<Case, 'steps'>,
): { readonly records: unknown; readonly late: number } {
  const { make } = partialForm(aggregate)
  const output = new Collector(stubborn)
  let late = 0
  let turn = 0
  const open = (restored: readonly OperatorSnapshot[]) => {
    const operator = operatorOf(kinds[turn++ % kinds.length] as Kind, aggregate, keyed)
    const context = {
      ...fakeContext(),
      state: testBackend('operator', new ManualClock(), restored),
    }
    operator.open(context, output)
    return { operator: operator as Operator<never>, context }
  }
  let { operator, context } = open([])
  const leave = (): void => {
    late += context.counters.get('lateRecordsDropped')?.value ?? 0
    operator.close()
  }
  for (const step of steps) {
    if ('watermark' in step) {
      untilDone(() => operator.processWatermark(step.watermark))
    } else if ('snapshot' in step) {
      const snapshot = context.state.snapshot()
      leave()
      ;({ operator, context } = open([snapshot]))
    } else if (step.partial) {
      const accumulator = step.sales.reduce(
        (before, sale) => aggregate.add(before, sale),
        aggregate.createAccumulator(),
      )
      const key = keyed ? step.sales[0]?.shop : null
      operator.processRecord(make(accumulator, step.sales.length, key) as never, step.at)
    } else {
      for (const sale of step.sales) operator.processRecord(sale as never, step.at)
    }
  }
  untilDone(() => operator.processWatermark(Number.POSITIVE_INFINITY))
  untilDone(() => operator.endInput())
  leave()
  return { records: output.records, late }
}

interface Case {
  readonly aggregate: AggregateFunction<Sale, unknown, unknown>
  readonly keyed: boolean
  readonly stubborn: boolean
  readonly steps: readonly Step[]
}

const AMOUNTS: readonly Amount[] = [0, -0, 1, -7, 2 ** 31, 0.1, 1e300, Infinity, Number.NaN, null]

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .record({
        shop: fc.constantFrom('a', 'a shop with a long name', '\0s', [1, 2], 0, -0, 7, 0.5),
        amounts: fc.array(fc.constantFrom(...AMOUNTS), { minLength: 1, maxLength: 4 }),
        at: fc.integer({ min: -20, max: 40 }),
        partial: fc.boolean(),
      })
      .map(({ shop, amounts, at, partial }): Step => ({
        sales: amounts.map((amount) => ({ shop, amount })),
        at,
        partial,
      })),
  },
  { weight: 2, arbitrary: fc.record({ watermark: fc.integer({ min: -25, max: 45 }) }) },
)
const restart = { weight: 2, arbitrary: fc.constant<Step>({ snapshot: true }) }

/** A watermark never goes back. */
function ascending(steps: readonly Step[]): Step[] {
  let highest = MIN_TIMESTAMP
  return steps.map((each) => {
    if (!('watermark' in each)) return each
    highest = Math.max(highest, each.watermark)
    return { watermark: highest }
  })
}

const cases = (oneStep: fc.Arbitrary<Step>): fc.Arbitrary<Case> =>
  fc.record({
    aggregate: fc.constantFrom(...AGGREGATES).map(({ aggregate }) => aggregate),
    keyed: fc.boolean(),
    stubborn: fc.boolean(),
    steps: fc.array(oneStep, { maxLength: 60, size: 'max' }).map(ascending),
  })

test('packed windows give the results of windows of objects, in the same order, and the same late records', () => {
  let late = 0
  fc.assert(
    fc.property(cases(step), ({ steps, ...how }) => {
      const expected = outcome(['objects'], steps, how)
      const packed = outcome(['packed'], steps, how)
      assert.equal(packed, expected)
      // Besides, to the sign of a zero.
      assert.is(spelled(packed), spelled(expected))
      late += expected.late
    }),
    { numRuns: 150 },
  )
  assert.ok(late > 0)
})

test('each of the two goes on from snapshots of the other', () => {
  fc.assert(
    fc.property(cases(fc.oneof({ weight: 12, arbitrary: step }, restart)), ({ steps, ...how }) => {
      const inOrder = ({ records, late }: ReturnType<typeof outcome>) => ({
        // The order of keys within a window is not kept by a snapshot.
        records: (records as readonly unknown[]).map(spelled).sort(),
        late,
      })
      assert.equal(
        inOrder(outcome(['packed', 'objects'], steps, how)),
        inOrder(outcome(['objects'], steps, how)),
      )
    }),
    { numRuns: 100 },
  )
})

/** As text that tells -0 from 0, and NaN from null. */
function spelled(record: unknown): string {
  return JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : value,
  )
}

test('whole numbers and a zero with its sign come back as they were put', () => {
  const aggregate = max(({ amount }: Sale) => amount as number)
  const operator = operatorOf('packed', aggregate, true)
  const output = new Collector()
  operator.open(fakeContext(), output)
  const { make } = partialForm(aggregate)
  const amounts = [-0, 0, 2 ** 31, -(2 ** 31), 0.5, Number.MAX_SAFE_INTEGER]
  for (const value of amounts)
    operator.processRecord(make({ value }, 1, `${value}${Object.is(value, -0)}`) as never, 1)
  operator.processWatermark(9)
  const results = output.values.map((row) => (row as { readonly result: number }).result)
  assert.ok(
    results.every((result, i) => Object.is(result, amounts[i])),
    String(results),
  )
  operator.close()
})

test('a key of -0 is 0, whichever of them came first', () => {
  const operator = operatorOf('packed', mean(numberOf), true)
  const output = new Collector()
  operator.open(fakeContext(), output)
  for (const shop of [-0, 0, -0]) operator.processRecord({ shop, amount: 1 }, 1)
  operator.processWatermark(9)
  assert.equal(
    output.values.map((row) => Object.is((row as { readonly key: number }).key, 0)),
    [true],
  )
  operator.close()
})

test('a window of many keys, some of them no numbers, is used again by those that follow', () => {
  const aggregate = max(({ amount }: Sale) => amount as number)
  const operator = operatorOf('packed', aggregate, true)
  const output = new Collector()
  operator.open(fakeContext(), output)
  for (const start of [0, 10, 20]) {
    for (let shop = 0; shop < 1_000; shop++) {
      const amount = (shop + start) % 3 === 0 ? (`${shop}` as Amount) : shop + start
      operator.processRecord({ shop: `shop ${shop}`, amount }, start)
    }
    operator.processWatermark(start + 9)
    const results = output.records
      .splice(0)
      .map(([row]) => (row as { readonly result: Amount }).result)
    assert.equal(
      results,
      Array.from({ length: 1_000 }, (_, shop) =>
        (shop + start) % 3 === 0 ? `${shop}` : shop + start,
      ),
    )
  }
  operator.close()
})

test('an aggregate whose accumulators have fields that nobody knows is not packed', () => {
  const own: AggregateFunction<Sale, number, number> = {
    createAccumulator: () => 0,
    add: (n) => n + 1,
    getResult: (n) => n,
    merge: (a, b) => a + b,
  }
  assert.is(packedWindowAggregate({ assigner: tumbling(10), aggregate: own }), undefined)
})

test('an aggregate with accumulators that can never be numbers alone is not packed', () => {
  const never: readonly AggregateFunction<number, unknown, unknown>[] = [
    topN(2, (n: number) => n),
    countDistinct((n: number) => n),
    combine({ n: count(), inside: combine({ best: topN(2, (n: number) => n) }) }),
  ]
  for (const aggregate of never)
    assert.is(packedWindowAggregate({ assigner: tumbling(10), aggregate }), undefined)
})

test('many windows with few keys each take little room outside the heap', () => {
  const parts = { n: count(), all: sum(numberOf), mean: mean(numberOf), most: max(numberOf) }
  const operator = operatorOf('packed', combine(parts), true)
  const output = new Collector()
  operator.open(fakeContext(), output)
  const windows = 5_000
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < windows; i++) operator.processRecord({ shop: 'a', amount: i }, i * 10)
  const bytes = process.memoryUsage().arrayBuffers - before
  operator.processWatermark(Number.POSITIVE_INFINITY)
  operator.close()
  assert.is(output.records.length, windows)
  // 64 rows for each would be 4,096.
  assert.ok(bytes < windows * 500, `${bytes / windows} bytes per window`)
})

test('a window keeps what it has while its room grows, whatever windows before it have left', () => {
  const aggregate = combine({ n: count(), all: sum(numberOf) })
  const operator = operatorOf('packed', aggregate, true)
  const output = new Collector()
  operator.open(fakeContext(), output)
  for (const [i, keys] of [1, 2, 8, 9, 64, 65, 3, 200, 1, 7, 70, 9].entries()) {
    const at = i * 10
    for (const times of [1, 2]) {
      for (let shop = 0; shop < keys; shop++)
        operator.processRecord({ shop: `shop ${shop}`, amount: i + shop * times }, at)
    }
    operator.processWatermark(at + 9)
    const results = output.values.map((row) => (row as { readonly result: unknown }).result)
    output.records.length = 0
    assert.equal(
      results,
      Array.from({ length: keys }, (_, shop) => ({ n: 2, all: 2 * i + 3 * shop })),
    )
  }
  operator.close()
})

test('a record without a timestamp, and a bad key, are refused by code', () => {
  const operator = packedWindowAggregate({
    assigner: tumbling(10),
    aggregate: count(),
    key: () => undefined,
  })
  operator?.open(fakeContext(), new Collector())
  assert.is(
    codeOf(() => operator?.processRecord('x', MIN_TIMESTAMP)),
    'NO_TIMESTAMP',
  )
  assert.is(
    codeOf(() => operator?.processRecord('x', 1)),
    'INVALID_KEY',
  )
})

test.run()
