/** Who is blamed for what goes wrong in a chain, and with which record. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ChainElement } from '../../../operators/chain/chain.ts'
import type { Output } from '../../../operators/operator.ts'
import { Collector } from '../operator-fakes.ts'
import { Echo, failureOf, feed, filter, linear, map } from './chain-fakes.ts'

test('a step that throws is named, with its subtask, the record it was given, and the cause', () => {
  const boom = new TypeError('boom')
  const chain = linear(
    [
      map('parse', (value: number) => ({ n: value * 2 })),
      filter('even', ({ n }: { n: number }) => {
        if (n === 4) throw boom
        return true
      }),
    ],
    new Collector(),
    3,
  )
  const error = failureOf(() => feed(chain, [1, 2, 3]))
  assert.is(error['name'], 'OperatorError')
  assert.is(error['code'], 'OPERATOR_FAILED')
  assert.is(error['operatorName'], 'even')
  assert.is(error['subtaskIndex'], 3)
  assert.is(error['record'], '{ n: 4 }')
  assert.is(error['cause'], boom)
  assert.is(error['message'], "Operator 'even' (subtask 3) failed on record { n: 4 }: boom")
})

test('a filter that returns promises is told with the first record, for all of them are true', () => {
  const later = (value: number) => Promise.resolve(value > 1) as unknown as boolean
  const out = new Collector()
  const chain = linear([map('same', (value: number) => value), filter('later', later)], out)
  const error = failureOf(() => feed(chain, [1, 2]))
  assert.equal(
    [error['code'], error['operatorName'], error['record']],
    ['UNAWAITED_PROMISE', 'later', '1'],
  )
  assert.equal(out.values, [])
})

test('where bad records are survived, a filter that returns promises lets none pass, in later batches neither', () => {
  const bad: unknown[] = []
  const out = new Collector()
  const rejected = () => Promise.reject(new Error('nobody hears of it')) as unknown as boolean
  const element = {
    ...filter('later', rejected),
    onBadRecord: (value: unknown) => void bad.push(value),
  }
  const chain = linear([element], out)
  for (const batch of [[1, 2], [3], [4, 5]]) feed(chain, batch)
  assert.equal([bad, out.values], [[1, 2, 3, 4, 5], []])
})

test('a filter may return whatever is true or false, first batch or not', () => {
  const out = new Collector()
  const results: unknown[] = [0, 1, '', 'yes', null, undefined, {}, { then: 1 }, Number.NaN]
  const chain = linear([filter('loose', (at: number) => results[at] as boolean)], out)
  const all = results.map((_, at) => at)
  feed(chain, all)
  feed(chain, all)
  assert.equal(out.values, [1, 3, 6, 7, 1, 3, 6, 7])
})

test('a generator that fails between two records is blamed on its flatMap, not on the step behind it', () => {
  const chain = linear([
    {
      name: 'split',
      step: {
        kind: 'flatMap',
        *fn(value: number) {
          yield value
          throw new Error('half-way')
        },
      },
    },
    map('behind', (value) => value),
  ])
  const error = failureOf(() => feed(chain, [7]))
  assert.equal([error['operatorName'], error['record']], ['split', '7'])
})

test('a step behind an operator is blamed itself, whether a record or a watermark got there', () => {
  const elements = [
    { name: 'echo', operator: new Echo() },
    map('fragile', (value: number) => {
      if (value === 2 || value === -1) throw new Error('no')
      return value
    }),
  ]
  const byRecord = failureOf(() => feed(linear(elements), [1, 2]))
  assert.equal([byRecord['operatorName'], byRecord['record']], ['fragile', '2'])
  const chain = linear([{ name: 'echo', operator: new Echo() }, ...elements.slice(1)])
  feed(chain, [1])
  const byWatermark = failureOf(() => chain.processWatermark(5))
  assert.equal([byWatermark['operatorName'], byWatermark['record']], ['fragile', '-1'])
})

test('the end of the chain is blamed by its own name', () => {
  const output: Output = {
    emit() {
      throw 'just text'
    },
    full: false,
  }
  const error = failureOf(() => feed(linear([map('same', (value) => value)], output), [1]))
  assert.equal(
    [error['operatorName'], error['message']],
    ['tail', "Operator 'tail' (subtask 0) failed on record 1: 'just text'"],
  )
})

test('a record is shortened, whatever it is', () => {
  const fail = map('fail', () => {
    throw new Error('x')
  })
  const cruel = {
    get [Symbol.toStringTag]() {
      throw new Error('cannot be shown')
    },
  }
  for (const record of [
    'x'.repeat(1e6),
    Array.from({ length: 1e5 }, (_, i) => i),
    { a: { b: { c: { d: 1 } } } },
    cruel,
  ]) {
    const error = failureOf(() => linear([fail]).processBatch([record], new Float64Array(1), 0, 1))
    assert.ok((error['record'] as string).length <= 201)
  }
})

test('errors of Millrace itself keep their code', () => {
  const step = (kind: 'timestamp' | 'flatMap', fn: () => never): ChainElement => ({
    name: kind,
    step: { kind, fn },
  })
  for (const time of [Number.NaN, Infinity, -Infinity, '5', undefined, new Date(), 5n]) {
    const error = failureOf(() => feed(linear([step('timestamp', () => time as never)]), [1]))
    assert.equal(
      [error['code'], error['record'], error['operatorName']],
      ['BAD_TIMESTAMP', '1', 'timestamp'],
    )
  }
  for (const list of [undefined, null, 5, {}]) {
    assert.is(
      failureOf(() => feed(linear([step('flatMap', () => list as never)]), [1]))['code'],
      'NOT_ITERABLE',
    )
  }
})

test.run()

test.run()
