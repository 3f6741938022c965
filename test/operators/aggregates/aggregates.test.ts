import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AggregateFunction } from '../../../checkpoint/aggregate-function.ts'
import { count, max, mean, min, sum, topN } from '../../../operators/aggregates/aggregates.ts'
import { combine } from '../../../operators/aggregates/combine.ts'
import { countDistinct } from '../../../operators/aggregates/count-distinct.ts'
import { throwsCode } from '../../runner/expect.ts'
import { codeOf } from '../operator-fakes.ts'

interface Flight {
  readonly delay: number
  readonly origin: string
  readonly gate?: number
}

/** As a stream of flights offers it: all types must follow from here. */
function aggregateFlights<Acc, Out>(
  flights: readonly Flight[],
  aggregate: AggregateFunction<Flight, Acc, Out>,
): Out {
  return aggregate.getResult(
    flights.reduce(
      (accumulator, flight) => aggregate.add(accumulator, flight),
      aggregate.createAccumulator(),
    ),
  )
}

const FLIGHTS: readonly Flight[] = [
  { delay: 3, origin: 'SEA' },
  { delay: -2, origin: 'JFK', gate: 7 },
  { delay: 20, origin: 'LAX', gate: 2 },
  { delay: 20, origin: 'BOS' },
]

function fold<In, Acc, Out>(
  aggregate: AggregateFunction<In, Acc, Out>,
  values: readonly In[],
): Acc {
  return values.reduce(
    (accumulator, value) => aggregate.add(accumulator, value),
    aggregate.createAccumulator(),
  )
}

test('each ready-made aggregate yields what its name says', () => {
  assert.is(aggregateFlights(FLIGHTS, count()), 4)
  assert.is(
    aggregateFlights(
      FLIGHTS,
      sum((flight) => flight.delay),
    ),
    41,
  )
  assert.is(
    aggregateFlights(
      FLIGHTS,
      mean((flight) => flight.delay),
    ),
    10.25,
  )
  assert.is(
    aggregateFlights(
      FLIGHTS,
      min((flight) => flight.delay),
    ),
    -2,
  )
  assert.is(
    aggregateFlights(
      FLIGHTS,
      max((flight) => flight.origin),
    ),
    'SEA',
  )
  assert.equal(
    aggregateFlights(
      FLIGHTS,
      topN(3, (flight) => flight.delay),
    ).map((flight) => flight.origin),
    ['LAX', 'BOS', 'SEA'],
  )
})

test('combine yields an object with the same fields, and its types follow from the stream', () => {
  const result: { flights: number; mean: number; lowestGate: number | undefined; last: string } =
    aggregateFlights(
      FLIGHTS,
      combine({
        flights: count(),
        mean: mean((flight) => flight.delay),
        lowestGate: min((flight) => flight.gate),
        last: max((flight) => flight.origin),
      }),
    )
  assert.equal(result, { flights: 4, mean: 10.25, lowestGate: 2, last: 'SEA' })
})

test('combine works with explicit types, aggregates of the user, and any field name', () => {
  const longest: AggregateFunction<Flight, string, string> = {
    createAccumulator: () => '',
    add: (longest, { origin }) => (origin.length > longest.length ? origin : longest),
    getResult: (longest) => longest,
    merge: (a, b) => (a.length >= b.length ? a : b),
  }
  const parts = combine({
    longest,
    delays: sum((flight: Flight) => flight.delay),
    ['__proto__']: count(),
    'a "quoted"\n\u2028name': count(),
  })
  const result = aggregateFlights(FLIGHTS, parts) as Record<string, unknown>
  assert.is(result['longest'], 'SEA')
  assert.is(result['delays'], 41)
  assert.is(Object.getOwnPropertyDescriptor(result, '__proto__')?.value, 4)
  assert.is(result['a "quoted"\n\u2028name'], 4)
  assert.is(Object.getPrototypeOf(result), Object.prototype)
})

test('without values, sum is 0, mean is NaN and the extremes are undefined', () => {
  const missing = [{ x: null }, { x: undefined }] as { x: number | null | undefined }[]
  for (const values of [[], missing]) {
    assert.is(
      sum((v: { x: number | null | undefined }) => v.x).getResult(
        fold(
          sum((v: { x: number | null | undefined }) => v.x),
          values,
        ),
      ),
      0,
    )
    const average = mean((v: { x: number | null | undefined }) => v.x)
    assert.ok(Number.isNaN(average.getResult(fold(average, values))))
    const smallest = min((v: { x: number | null | undefined }) => v.x)
    assert.is(smallest.getResult(fold(smallest, values)), undefined)
    const top = topN(2, (v: { x: number | null | undefined }) => v.x)
    assert.equal(top.getResult(fold(top, values)), [])
  }
})

test('a sum keeps what plain addition loses, whatever the order', () => {
  const total = sum((value: number) => value)
  assert.is(total.getResult(fold(total, [1, 1e100, 1, -1e100])), 2)
  assert.is(
    total.getResult(
      fold(
        total,
        Array.from({ length: 10 }, () => 0.1),
      ),
    ),
    1,
  )
  assert.is(total.getResult(fold(total, [1, Infinity, 2])), Infinity)
  assert.is(total.getResult(fold(total, [1e308, 1e308])), Infinity)
  assert.ok(Number.isNaN(total.getResult(fold(total, [Infinity, -Infinity]))))
})

test('a value that is no number is refused', () => {
  for (const value of ['5', 5n, {}, true]) {
    assert.is(
      codeOf(() =>
        fold(
          sum(() => value as never),
          [1],
        ),
      ),
      'NOT_A_NUMBER',
    )
  }
})

test('NaN is larger than every number', () => {
  const values = [1, Number.NaN, 3]
  const largest = max((value: number) => value)
  const smallest = min((value: number) => value)
  assert.ok(Number.isNaN(largest.getResult(fold(largest, values))))
  assert.is(smallest.getResult(fold(smallest, values)), 1)
  assert.is(smallest.getResult(fold(smallest, [...values].reverse())), 1)
})

test('merging two halves gives the result of the whole', () => {
  const all = combine({
    count: count(),
    sum: sum((value: number) => value),
    mean: mean((value: number) => value),
    min: min((value: number) => value),
    max: max((value: number) => value),
    top: topN(3, (value: number) => value),
  })
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -9, max: 9 })),
      fc.array(fc.integer({ min: -9, max: 9 })),
      (a, b) => {
        assert.equal(
          all.getResult(all.merge(fold(all, a), fold(all, b))),
          all.getResult(fold(all, [...a, ...b])),
        )
      },
    ),
  )
})

test('ties of topN are settled by the comparison, whatever the order of arrival', () => {
  const records = [3, 1, 2, 5, 4].map((id) => ({ id, score: id === 5 ? 1 : 7 }))
  const top = topN(
    3,
    (record: { id: number; score: number }) => record.score,
    (a, b) => a.id - b.id,
  )
  for (const order of [records, [...records].reverse()]) {
    const accumulator = order.reduce((sum, record) => top.add(sum, record), top.createAccumulator())
    assert.equal(
      top.getResult(accumulator).map(({ id }) => id),
      [1, 2, 3],
    )
  }
})

test('topN equals a stable sort', () => {
  const row = fc.record({
    score: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(Number.NaN)),
    id: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(row), fc.integer({ min: 1, max: 5 }), (rows, n) => {
      const top = topN(n, (value: { score: number }) => value.score)
      const expected = rows
        .filter(({ score }) => !Number.isNaN(score))
        .sort((a, b) => b.score - a.score)
        .slice(0, n)
      assert.equal(top.getResult(fold(top, rows) as never), expected)
    }),
  )
})

test('a result is not changed by records that follow', () => {
  const top = topN(1, (value: number) => value)
  const accumulator = fold(top, [1])
  const before = top.getResult(accumulator)
  top.add(accumulator, 2)
  assert.equal(before, [1])
})

test('wrong arguments are refused by code', () => {
  for (const n of [0, -1, 1.5, Number.NaN])
    assert.is(
      codeOf(() => topN(n, () => 1)),
      'INVALID_TOP',
    )
  assert.is(
    codeOf(() => combine({})),
    'INVALID_COMBINE',
  )
  assert.is(
    codeOf(() => combine(JSON.parse('{"a":null}'))),
    'INVALID_COMBINE',
  )
})

const later = (async () => 1) as never
const asynchronous: readonly (readonly [what: string, make: () => unknown, code: string])[] = [
  ['sum', () => sum(later), 'INVALID_ARGUMENT'],
  ['mean', () => mean(later), 'INVALID_ARGUMENT'],
  ['min', () => min(later), 'INVALID_ARGUMENT'],
  ['max', () => max(later), 'INVALID_ARGUMENT'],
  ['topN', () => topN(1, later), 'INVALID_ARGUMENT'],
  ['ties of topN', () => topN(1, () => 1, later), 'INVALID_ARGUMENT'],
  ['countDistinct', () => countDistinct(later), 'INVALID_DISTINCT'],
  ['where of countDistinct', () => countDistinct(() => 1, { where: later }), 'INVALID_DISTINCT'],
  ['add in combine', () => combine({ n: { ...count(), add: later } }), 'INVALID_COMBINE'],
  [
    'getResult in combine',
    () => combine({ n: { ...count(), getResult: later } }),
    'INVALID_COMBINE',
  ],
]
for (const [what, make, code] of asynchronous) {
  test(`an async function, for which nobody waits, is refused: ${what}`, () => {
    const { message } = throwsCode(make, code) as Error
    assert.match(message, /async/)
  })
}

test.run()
