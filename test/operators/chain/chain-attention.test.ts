/** Operators of one chain that are called because of the time, while others are in the middle of something. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Attention } from '../../../operators/chain/attention.ts'
import { compileChain, linearChain } from '../../../operators/chain/chain.ts'
import type { ChainElement } from '../../../operators/chain/chain.ts'
import type { Operator, Output } from '../../../operators/operator.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import { Collector, fakeContext } from '../operator-fakes.ts'

/** Two operators, `a` before `b`, that do not get done while they are stuck. `a` hands `b` a record whenever its time comes. */
function rig() {
  const clock = new ManualClock()
  const attention = new Attention(clock)
  const log: string[] = []
  const stuck = new Set<string>()
  const element = (name: string): ChainElement => {
    let output: Output<string> = new Collector()
    let begun: string | undefined
    const step = (what: string): boolean => {
      if (begun !== what) log.push(`${name} begins ${what}`)
      begun = what
      if (stuck.has(name)) return false
      log.push(`${name} ends ${what}`)
      begun = undefined
      return true
    }
    const operator: Operator<string, string> = {
      open: (_context, to) => {
        output = to
      },
      processRecord: (value) => log.push(`${name} gets a record ${value}`),
      processWatermark: (watermark) => step(`watermark ${watermark}`),
      processTime: () => {
        if (begun === undefined) output.emit(`of ${name}`, 0)
        return step('time')
      },
      endInput: () => true,
      close: () => {},
    }
    return { name, operator }
  }
  const tail = { name: 'end', output: new Collector() }
  const chain = compileChain(linearChain([element('a'), element('b')], tail), { subtaskIndex: 0 })
  chain.open((_, index) => ({
    ...fakeContext(),
    requestTime: (timeMs) => {
      attention.request(index, timeMs)
    },
  }))
  return { clock, attention, chain, stuck, takeLog: () => log.splice(0) }
}

test('a timer brings no record to an operator that is in the middle of a watermark', () => {
  const { clock, attention, chain, stuck, takeLog } = rig()
  attention.request(0, 10)
  stuck.add('b')
  assert.not(chain.processWatermark(5))
  clock.advance(10)
  assert.not(chain.attend(attention))
  assert.equal(takeLog(), ['a begins watermark 5', 'a ends watermark 5', 'b begins watermark 5'])
  stuck.clear()
  assert.ok(chain.attend(attention))
  assert.equal(takeLog(), [
    'b ends watermark 5',
    'b gets a record of a',
    'a begins time',
    'a ends time',
  ])
})

test('an operator that stopped in the middle of its timers goes on before another one begins', () => {
  const { clock, attention, chain, stuck, takeLog } = rig()
  attention.request(1, 10)
  stuck.add('b')
  clock.advance(10)
  assert.not(chain.attend(attention))
  attention.request(0, 20)
  clock.advance(10)
  assert.not(chain.attend(attention))
  assert.equal(takeLog(), ['b begins time'])
  stuck.delete('b')
  stuck.add('a')
  assert.not(chain.attend(attention))
  stuck.clear()
  assert.ok(chain.attend(attention))
  assert.equal(takeLog(), ['b ends time', 'b gets a record of a', 'a begins time', 'a ends time'])
  assert.not(attention.pending)
})

test('timers that were begun before the clock rang are gone on with before any record', () => {
  const { clock, attention, chain, stuck } = rig()
  attention.request(1, 10)
  clock.pass(10)
  attention.wake(0)
  stuck.add('b')
  assert.not(chain.attend(attention))
  assert.ok(attention.pending)
  stuck.clear()
  assert.ok(chain.attend(attention))
  assert.not(attention.pending)
})

test.run()
