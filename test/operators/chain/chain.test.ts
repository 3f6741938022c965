/** Batches, watermarks and the end, on their way through a chain. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compileChain, linearChain } from '../../../operators/chain/chain.ts'
import type { ChainBranches, ChainElement } from '../../../operators/chain/chain.ts'
import { Collector, fakeContext, untilDone } from '../operator-fakes.ts'
import type { Emitted } from '../operator-fakes.ts'
import { Echo, failureOf, feed, linear, map } from './chain-fakes.ts'

test('a batch stops where the output is full, and goes on from there', () => {
  const output = new Collector(true)
  const chain = linear([map('same', (value) => value)], output)
  const calls: number[] = []
  untilDone(() => {
    calls.push(feed(chain, [1, 2, 3], calls.at(-1) ?? 0))
    return calls.at(-1) === 3
  })
  assert.equal(output.values, [1, 2, 3])
  assert.equal(calls, [0, 1, 2, 3])
})

test('with a gate, the gate alone is asked', () => {
  const gate = { full: true }
  const output = new Collector()
  const tail = { name: 'tail', output }
  const chain = compileChain(linearChain([], tail), { subtaskIndex: 0, gate })
  assert.is(feed(chain, [1]), 0)
  gate.full = false
  assert.is(feed(chain, [1, 2]), 2)
  assert.equal(output.records, [
    [1, 0],
    [2, 1],
  ])
})

test('the largest timestamp given since the last question is known', () => {
  const chain = linear([
    { name: 'time', step: { kind: 'timestamp', fn: (value: number) => value } },
  ])
  assert.is(chain.takeMaxTimestamp(), -Infinity)
  feed(chain, [3, 9, -4])
  assert.is(chain.takeMaxTimestamp(), 9)
  feed(chain, [-5])
  assert.is(chain.takeMaxTimestamp(), -5)
  assert.is(chain.takeMaxTimestamp(), -Infinity)
})

test('a watermark reaches the operators from first to last, and what the first fires reaches the second before it', () => {
  for (const stubborn of [false, true]) {
    const [first, second] = [new Echo(), new Echo()]
    const output = new Collector(stubborn)
    const chain = linear(
      [
        { name: 'first', operator: first },
        { name: 'second', operator: second },
      ],
      output,
    )
    let from = 0
    untilDone(() => (from = feed(chain, [1], from)) === 1)
    untilDone(() => chain.processWatermark(5))
    untilDone(() => chain.endInput())
    chain.close()
    const expected: Emitted[] = [
      [1, 0],
      [-1, 5],
      [-1, 5],
      [1, 5],
    ]
    assert.equal(output.records, expected)
    assert.equal(first.log, ['open', 'watermark 5', 'end', 'close'])
    assert.equal(second.log, ['open', 'watermark 5', 'end', 'close'])
  }
})

test('a larger watermark does not overtake one that stopped half-way', () => {
  const [first, second] = [new Echo(), new Echo()]
  const gate = { full: false }
  const chain = compileChain(
    linearChain(
      [
        { name: 'first', operator: first },
        { name: 'second', operator: second },
      ],
      {
        name: 'tail',
        output: new Collector(),
      },
    ),
    { subtaskIndex: 0, gate },
  )
  chain.open(() => fakeContext())
  feed(chain, [1])
  gate.full = true
  assert.not(chain.processWatermark(5))
  gate.full = false
  assert.ok(chain.processWatermark(8))
  assert.equal(second.log, ['open', 'watermark 5', 'watermark 8'])
})

test('close reaches every opened operator, also when one fails, and tells the first error', () => {
  const broken = (name: string): ChainElement => {
    const operator = new Echo()
    operator.close = () => {
      throw new Error(`${name} is stuck`)
    }
    return { name, operator: operator }
  }
  const last = new Echo()
  const chain = linear([broken('a'), broken('b'), { name: 'last', operator: last }])
  assert.is(
    failureOf(() => chain.close())['message'],
    "Operator 'a' (subtask 0) failed: a is stuck",
  )
  assert.equal(last.log, ['open', 'close'])
})

test('an operator that fails to open is named, and those after it are neither opened nor closed', () => {
  const failing = new Echo()
  failing.open = () => {
    throw new Error('no file')
  }
  const after = new Echo()
  const branches: ChainBranches = linearChain(
    [
      { name: 'failing', operator: failing },
      { name: 'after', operator: after },
    ],
    { name: 'tail', output: new Collector() },
  )
  const chain = compileChain(branches, { subtaskIndex: 1 })
  assert.is(failureOf(() => chain.open(() => fakeContext()))['operatorName'], 'failing')
  chain.close()
  assert.equal([failing.log, after.log], [['close'], []])
})

test.run()
