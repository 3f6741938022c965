import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { badRecordHandler } from '../../operators/bad-records.ts'
import type { BadRecordHandler } from '../../operators/bad-records.ts'
import { compileChain, linearChain } from '../../operators/chain/chain.ts'
import type { ChainElement } from '../../operators/chain/chain.ts'
import { OperatorError } from '../../operators/operator-error.ts'
import type { Operator, Output, Step } from '../../operators/operator.ts'
import { Collector, codeOf, fakeContext } from './operator-fakes.ts'

function handler() {
  const skipped = { value: 0 }
  const letters = new Collector()
  const onBadRecord = badRecordHandler({
    policy: 'deadLetter',
    operatorName: 'parse',
    subtaskIndex: 2,
    skipped,
    deadLetters: letters,
  })
  return { skipped, letters, onBadRecord }
}

function runChain(elements: readonly ChainElement[], values: readonly unknown[]): unknown[] {
  const output = new Collector()
  const chain = compileChain(linearChain(elements, { name: 'out', output }), { subtaskIndex: 2 })
  chain.open(({ name }) => fakeContext(name))
  const timestamps = Float64Array.from(values, (_, i) => i)
  assert.is(chain.processBatch(values, timestamps, 0, values.length), values.length)
  chain.close()
  return output.values
}

const odd = (value: number): void => {
  if (value % 2 === 1) throw Object.assign(new TypeError(`${value} is odd`), { code: 'ODD' })
}

const STEPS: readonly [name: string, step: Step, results: readonly unknown[]][] = [
  ['map', { kind: 'map', fn: (value: number) => (odd(value), value * 10) }, [0, 20, 40]],
  ['filter', { kind: 'filter', fn: (value: number) => (odd(value), value > 0) }, [2, 4]],
  [
    'flatMap',
    { kind: 'flatMap', fn: (value: number) => (odd(value), [value, value]) },
    [0, 0, 2, 2, 4, 4],
  ],
  ['timestamp', { kind: 'timestamp', fn: (value: number) => (odd(value), 7) }, [0, 2, 4]],
]

for (const [name, step, results] of STEPS) {
  test(`${name}: records for which it throws are left out, counted and told; the others go on`, () => {
    const { skipped, letters, onBadRecord } = handler()
    const elements: ChainElement[] = [
      { name: 'first', step: { kind: 'map', fn: (value: number) => value } },
      { name: 'parse', step, onBadRecord },
      { name: 'last', step: { kind: 'map', fn: (value: number) => value } },
    ]
    assert.equal(runChain(elements, [0, 1, 2, 3, 4]), results)
    assert.is(skipped.value, 2)
    assert.equal(letters.records[0], [
      {
        record: 1,
        timestamp: 1,
        error: { name: 'TypeError', message: '1 is odd', code: 'ODD' },
        operatorName: 'parse',
        subtaskIndex: 2,
        place: undefined,
      },
      1,
    ])
    assert.is(letters.records.length, 2)
  })
}

test('a flatMap that fails half-way leaves nothing of the record behind', () => {
  const { letters, onBadRecord } = handler()
  function* parts(value: number): Generator<number> {
    yield value
    odd(value)
    yield value
  }
  const step: Step = { kind: 'flatMap', fn: parts }
  assert.equal(runChain([{ name: 'parse', step, onBadRecord }], [1, 2]), [2, 2])
  assert.is(letters.records.length, 1)
})

test('a result that is no iterable, and a time that is none, count as bad records too', () => {
  const { letters, onBadRecord } = handler()
  const flat: Step = { kind: 'flatMap', fn: (value: number) => value as never }
  const time: Step = { kind: 'timestamp', fn: () => Number.NaN }
  assert.equal(runChain([{ name: 'parse', step: flat, onBadRecord }], [1]), [])
  assert.equal(runChain([{ name: 'parse', step: time, onBadRecord }], [1]), [])
  const codes = letters.records.map(
    ([letter]) => (letter as { error: { code: string } }).error.code,
  )
  assert.equal(codes, ['NOT_ITERABLE', 'BAD_TIMESTAMP'])
})

/** Hands on what it gets, but for odd numbers. */
function picky(): Operator<number, number> {
  let output: Output<number>
  return {
    open(_context, to) {
      output = to
    },
    processRecord(value, timestamp) {
      odd(value)
      output.emit(value, timestamp)
    },
    processWatermark: () => true,
    endInput: () => true,
    close() {},
  }
}

test('an operator that throws for a record goes on with the next', () => {
  const { skipped, onBadRecord } = handler()
  const element: ChainElement = { name: 'parse', operator: picky() as Operator, onBadRecord }
  assert.equal(runChain([element], [1, 2, 3, 4]), [2, 4])
  assert.is(skipped.value, 2)
})

test('an error of an operator behind it is not its own, and ends the job under the right name', () => {
  const { skipped, onBadRecord } = handler()
  const elements: ChainElement[] = [
    { name: 'parse', operator: picky() as Operator, onBadRecord },
    { name: 'strict', step: { kind: 'map', fn: () => odd(1) } },
  ]
  try {
    runChain(elements, [2])
    assert.unreachable()
  } catch (error) {
    assert.instance(error, OperatorError)
    assert.is((error as OperatorError).operatorName, 'strict')
  }
  assert.is(skipped.value, 0)
})

test('two branches: a record that one of them cannot take still reaches the other', () => {
  const { onBadRecord } = handler()
  const [left, right] = [new Collector(), new Collector()]
  const branch = (bad: BadRecordHandler | undefined, step: Step, output: Output) => ({
    element: { name: 'branch', step, onBadRecord: bad },
    next: [],
    tails: [{ name: 'out', output }],
  })
  const failing: Step = { kind: 'map', fn: (value: number) => (odd(value), value) }
  const fine: Step = { kind: 'map', fn: (value: number) => value }
  const next = [branch(onBadRecord, failing, left), branch(undefined, fine, right)]
  const chain = compileChain({ next, tails: [] }, { subtaskIndex: 0 })
  chain.processBatch([1, 2], new Float64Array(2), 0, 2)
  assert.equal([left.values, right.values], [[2], [1, 2]])
})

test('what is thrown need not be an error', () => {
  const { letters, onBadRecord } = handler()
  onBadRecord('x', 0, 'no', 'a.csv, line 3')
  const [letter] = letters.values as { error: unknown; place: string }[]
  assert.equal(letter?.error, { name: 'Error', message: 'no', code: undefined })
  assert.is(letter?.place, 'a.csv, line 3')
})

test('dead letters without a reader are refused', () => {
  const options = {
    policy: 'deadLetter',
    operatorName: 'parse',
    subtaskIndex: 0,
    skipped: { value: 0 },
    deadLetters: undefined,
  } as const
  assert.is(
    codeOf(() => badRecordHandler(options)),
    'DEAD_LETTERS_UNREAD',
  )
})

test.run()
