import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { aggregateByKey } from '../../../operators/aggregates/rolling-aggregate.ts'
import { count, sum } from '../../../operators/aggregates/aggregates.ts'
import { reduceByKey } from '../../../operators/aggregates/rolling-reduce.ts'
import { codeOf, Collector, fakeContext, run } from '../operator-fakes.ts'

interface Row {
  readonly key: string | readonly string[]
  readonly n: number
}

const row: fc.Arbitrary<Row> = fc.record(
  {
    key: fc.constantFrom<Row['key']>(
      'a',
      'b',
      ['a'],
      ['a', 'b'],
      'a key of more than 13 characters',
    ),
    n: fc.integer({ min: -5, max: 5 }),
  },
  { noNullPrototype: true },
)

const rows = fc.array(fc.record({ value: row, at: fc.integer({ min: -5, max: 5 }) }))

test("reduce emits the combination so far of the record's key, with the record's timestamp", () => {
  fc.assert(
    fc.property(rows, (input) => {
      const soFar = new Map<string, number>()
      const expected = input.map(({ value, at }) => {
        const key = JSON.stringify(value.key)
        soFar.set(key, (soFar.get(key) ?? 0) + value.n)
        return [{ key: value.key, n: soFar.get(key) }, at]
      })
      const operator = reduceByKey<Row>(
        (row) => row.key,
        (a, b) => ({ key: b.key, n: a.n + b.n }),
      )
      assert.equal(run(operator, input).output.records, expected)
    }),
  )
})

test('reduce of undefined values calls the function from the second record on', () => {
  const calls: unknown[] = []
  const operator = reduceByKey<undefined>(
    () => 'key',
    (a, b) => void calls.push([a, b]),
  )
  run(operator, [
    { value: undefined, at: 1 },
    { value: undefined, at: 2 },
  ])
  assert.equal(calls, [[undefined, undefined]])
})

test('aggregate emits the result so far, with and without a result function', () => {
  fc.assert(
    fc.property(rows, (input) => {
      const soFar = new Map<string, number>()
      const sums = input.map(({ value }) => {
        const key = JSON.stringify(value.key)
        soFar.set(key, (soFar.get(key) ?? 0) + value.n)
        return soFar.get(key)
      })
      const aggregate = sum((row: Row) => row.n)
      const plain = aggregateByKey({ key: (row: Row) => row.key, aggregate })
      assert.equal(run(plain, input).output.values, sums)
      const named = aggregateByKey({
        key: (row: Row) => row.key,
        aggregate,
        result: (total, key) => ({ key, total }),
      })
      assert.equal(
        run(named, input).output.records,
        input.map(({ value, at }, i) => [{ key: value.key, total: sums[i] }, at]),
      )
    }),
  )
})

test('a bad key is refused by code', () => {
  const operators = [
    reduceByKey<number>(
      () => Number.NaN,
      (a) => a,
    ),
    aggregateByKey({ key: () => Number.NaN, aggregate: count() }),
  ]
  for (const operator of operators) {
    operator.open(fakeContext(), new Collector())
    assert.is(
      codeOf(() => operator.processRecord(1, 0)),
      'INVALID_KEY',
    )
  }
})

test.run()
