import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import { MIN_TIMESTAMP } from '../../../mailbox/time.ts'
import type { AggregateFunction } from '../../../checkpoint/aggregate-function.ts'
import { count, sum } from '../../../operators/aggregates/aggregates.ts'
import { windowAggregate, type FiredWindow } from '../../../operators/windows/window-aggregate.ts'
import { ON_TIME_PANE } from '../../../operators/windows/pane.ts'
import { endOfStream, tumbling } from '../../../operators/windows/window-assigner.ts'
import {
  codeOf,
  Collector,
  fakeContext,
  run,
  untilDone,
  type Emitted,
  type Input,
} from '../operator-fakes.ts'
import { throughOperator } from '../through-operator.ts'

interface Sale {
  readonly shop: string | number | readonly (string | number)[]
  readonly amount: number
}

/** A new accumulator for every record, as an aggregate that never changes one in place. */
const amounts: AggregateFunction<Sale, readonly number[], readonly number[]> = {
  createAccumulator: () => [],
  add: (list, { amount }) => [...list, amount],
  getResult: (list) => list,
  merge: (a, b) => [...a, ...b],
}

const SIZE = 10

/** What must come out, told in the plainest way: the late are dropped, every group fires once, in order of window end. */
function model(
  input: readonly Input<Sale>[],
  offset: number,
): { records: Emitted[]; late: number } {
  const groups: { end: number; key: string; shop: unknown; amounts: number[] }[] = []
  const fired: typeof groups = []
  let watermark = -Infinity
  let late = 0
  const fireUpTo = (time: number): void => {
    watermark = Math.max(watermark, time)
    const due = groups.filter(
      ({ end }) => end - 1 <= watermark && !fired.some((group) => group.end === end),
    )
    fired.push(...due.sort((a, b) => a.end - b.end))
  }
  for (const step of input) {
    if ('watermark' in step) {
      fireUpTo(step.watermark)
      continue
    }
    let end = offset + SIZE * 1_000
    while (end - SIZE > step.at) end -= SIZE
    while (end <= step.at) end += SIZE
    if (end - 1 <= watermark) {
      late++
      continue
    }
    const key = JSON.stringify(step.value.shop)
    let group = groups.find((candidate) => candidate.end === end && candidate.key === key)
    if (group === undefined) groups.push((group = { end, key, shop: step.value.shop, amounts: [] }))
    group.amounts.push(step.value.amount)
  }
  fireUpTo(Infinity)
  return {
    late,
    records: fired.map(({ end, shop, amounts }) => [
      { amounts, key: shop, windowStart: end - SIZE, windowEnd: end, pane: ON_TIME_PANE },
      end - 1,
    ]),
  }
}

const shops = fc.constantFrom<Sale['shop']>(
  'a',
  'b',
  1,
  '1',
  ['a', 1],
  '\0s1;a',
  'a shop with a rather long name',
)
const steps: fc.Arbitrary<Input<Sale>[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        value: fc.record({ shop: shops, amount: fc.nat(9) }),
        at: fc.integer({ min: -45, max: 45 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ watermark: fc.integer({ min: -50, max: 50 }) }) },
  ),
  { maxLength: 60 },
)

function keyedAmounts(offset: number) {
  return windowAggregate({
    assigner: tumbling({ size: SIZE, offset }),
    aggregate: amounts,
    key: (sale: Sale) => sale.shop,
    result: (list, window: FiredWindow<Sale['shop']>) => ({ amounts: list, ...window }),
  })
}

/** Watermarks never go back on the way to an operator. */
function ascending(input: readonly Input<Sale>[]): Input<Sale>[] {
  let highest = -Infinity
  return input.map((step) => {
    if (!('watermark' in step)) return step
    highest = Math.max(highest, step.watermark)
    return { watermark: highest }
  })
}

for (const stubborn of [false, true]) {
  const situation = stubborn ? 'with an output that refuses every second call' : 'with room behind'
  test(`tumbling windows equal the plain model, ${situation}`, () => {
    let lateSeen = 0
    fc.assert(
      fc.property(steps, fc.integer({ min: -9, max: 9 }), (raw, offset) => {
        const input = ascending(raw)
        const expected = model(input, offset)
        const { output, counters } = run(keyedAmounts(offset), input, { stubborn })
        assert.equal(output.records, expected.records)
        assert.is(counters.get('lateRecordsDropped')?.value, expected.late)
        lateSeen += expected.late
      }),
      { numRuns: 500 },
    )
    assert.ok(lateSeen > 0)
  })
}

for (const mode of HARNESS_MODES) {
  test(`${mode}: the operator in a chain equals the plain model`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (raw) => {
        const input = ascending(raw)
        const harness = operatorHarness(
          (sales: Stream<Sale>) => throughOperator(sales, () => keyedAmounts(0), 'windows'),
          { mode },
        )
        for (const step of input) {
          if ('watermark' in step) harness.processWatermark(step.watermark)
          else harness.processRecord(step.value, step.at)
        }
        await harness.endInput()
        const expected = model(input, 0)
        const records = harness
          .takeItems()
          .flatMap((item) => ('value' in item ? [[item.value, item.timestamp]] : []))
        // The order of keys within a window is not kept by a snapshot.
        assert.equal(sorted(records), sorted(expected.records))
        assert.is(harness.counter('windows', 'lateRecordsDropped'), expected.late)
        assert.equal(harness.stateEntries(), [])
        harness.close()
      }),
      { numRuns: 100 },
    )
  })
}

function sorted(records: readonly unknown[]): string[] {
  return records.map((record) => JSON.stringify(record)).sort()
}

test('without a key, all records of a window come together', () => {
  const operator = windowAggregate({
    assigner: tumbling(SIZE),
    aggregate: sum((value: number) => value),
    result: (total, { windowStart, windowEnd, key }) => [total, windowStart, windowEnd, key],
  })
  const { output } = run(operator, [
    { value: 1, at: 0 },
    { value: 5, at: 12 },
    { value: 2, at: 9 },
  ])
  assert.equal(output.records, [
    [[3, 0, 10, undefined], 9],
    [[5, 10, 20, undefined], 19],
  ])
})

test('without a result function, the aggregate itself leaves', () => {
  const { output } = run(windowAggregate({ assigner: tumbling(SIZE), aggregate: count() }), [
    { value: 'x', at: -1 },
  ])
  assert.equal(output.records, [[1, -1]])
})

test('a window fires exactly when the watermark reaches its last millisecond', () => {
  const output = new Collector()
  const operator = windowAggregate({ assigner: tumbling(SIZE), aggregate: count() })
  operator.open(fakeContext(), output)
  operator.processRecord('x', 3)
  assert.ok(operator.processWatermark(8))
  assert.equal(output.records, [])
  assert.ok(operator.processWatermark(9))
  assert.equal(output.records, [[1, 9]])
  operator.close()
})

test('firing stops when the output is full and goes on with the next key', () => {
  let room = 1
  const emitted: unknown[] = []
  const output = {
    emit: (value: unknown) => void (emitted.push(value), room--),
    get full() {
      return room <= 0
    },
  }
  const operator = windowAggregate({
    assigner: tumbling(SIZE),
    aggregate: count(),
    key: (value: string) => value,
    result: (n, { key }) => `${key}${n}`,
  })
  operator.open(fakeContext(), output)
  for (const value of ['a', 'b', 'c', 'b']) operator.processRecord(value, 1)
  assert.not(operator.processWatermark(9))
  assert.equal(emitted, ['a1'])
  room = 5
  // A larger watermark is allowed when it goes on, and both windows count.
  assert.ok(operator.processWatermark(25))
  assert.equal(emitted, ['a1', 'b2', 'c1'])
  operator.close()
})

test('a record without a timestamp is an error that names what is missing', () => {
  const operator = windowAggregate({ assigner: tumbling(SIZE), aggregate: count() })
  operator.open(fakeContext(), new Collector())
  assert.throws(
    () => operator.processRecord('x', MIN_TIMESTAMP),
    (error: { code: string; message: string }) =>
      error.code === 'NO_TIMESTAMP' &&
      /assignTimestamps/.test(error.message) &&
      /tumbling\(10 ms\)/.test(error.message),
  )
})

test('the end-of-stream window takes records without timestamps and fires at the final watermark only', () => {
  const output = new Collector()
  const operator = windowAggregate({
    assigner: endOfStream(),
    aggregate: count(),
    key: (value: string) => value,
    result: (n, { key, windowStart, windowEnd }) => [key, n, windowStart, windowEnd],
  })
  operator.open(fakeContext(), output)
  operator.processRecord('a', MIN_TIMESTAMP)
  operator.processRecord('b', 5)
  operator.processRecord('a', 1e12)
  assert.ok(operator.processWatermark(1e15))
  assert.equal(output.records, [])
  untilDone(() => operator.processWatermark(Infinity))
  untilDone(() => operator.endInput())
  assert.equal(output.records, [
    [['a', 2, -Infinity, Infinity], Infinity],
    [['b', 1, -Infinity, Infinity], Infinity],
  ])
  operator.close()
})

test('a bad key is refused by code', () => {
  const operator = windowAggregate({
    assigner: endOfStream(),
    aggregate: count(),
    key: () => undefined,
  })
  operator.open(fakeContext(), new Collector())
  assert.is(
    codeOf(() => operator.processRecord('x', 1)),
    'INVALID_KEY',
  )
})

test('an accumulator of undefined counts as one', () => {
  const created = { count: 0 }
  const operator = windowAggregate({
    assigner: endOfStream(),
    aggregate: {
      createAccumulator: () => void created.count++,
      add: (): void => undefined,
      getResult: () => 'done',
      merge: (): void => undefined,
    },
  })
  const { output } = run(operator, [
    { value: 1, at: 1 },
    { value: 2, at: 2 },
  ])
  assert.is(created.count, 1)
  assert.equal(output.values, ['done'])
})

test.run()
