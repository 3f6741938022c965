import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withAlignment } from '../../../operators/time/alignment.ts'
import {
  periodicWatermarks,
  punctuatedWatermarks,
} from '../../../operators/time/custom-watermarks.ts'
import { withIdleness } from '../../../operators/time/idleness.ts'
import { monotonous } from '../../../operators/time/watermarks.ts'
import { badRecordHandler } from '../../../operators/bad-records.ts'
import { ScriptedSplit, sourceRig } from './source-rig.ts'
import type { SourceRigOptions } from './source-rig.ts'

async function reading(options: SourceRigOptions, splits = 1) {
  const rig = sourceRig({ ...options, splitsAtOnce: splits })
  const scripted = Array.from({ length: splits }, () => new ScriptedSplit())
  scripted.forEach((split, i) => {
    rig.assign(`split ${i}`, split)
  })
  await rig.settle()
  const pass = async (ms: number): Promise<void> => {
    await rig.settle()
    rig.clock.advance(ms)
    await rig.settle()
  }
  return { ...rig, splits: scripted, split: scripted[0]!, pass }
}

const idleAfter100 = withIdleness(monotonous(), 100)

test('a source without records is idle after the timeout, once, and wakes with its records', async () => {
  const { split, pass, out } = await reading({ watermarks: idleAfter100 })
  split.give([10])
  await pass(99)
  assert.equal(out(), [10, 'w9'])
  split.give([20])
  await pass(0)
  await pass(99)
  assert.equal(out(), [20, 'w19'])
  await pass(1)
  await pass(500)
  assert.equal(out(), ['idle'])
  split.give([30])
  await pass(0)
  assert.equal(out(), ['w19', 30, 'w29'], 'the old watermark says that it is active')
  await pass(100)
  assert.equal(out(), ['idle'])
})

test('one idle split of two is left out; when it wakes, the watermark does not go back', async () => {
  const { splits, pass, out } = await reading({ watermarks: idleAfter100 }, 2)
  const [a, b] = splits as [ScriptedSplit, ScriptedSplit]
  a.give([10])
  await pass(60)
  b.give([70])
  await pass(0)
  assert.equal(out(), [10, 70, 'w9'])
  await pass(40)
  assert.equal(out(), ['w69'])
  a.give([11])
  await pass(0)
  b.give([80])
  await pass(0)
  assert.equal(out(), [11, 80])
  a.give([100])
  await pass(0)
  assert.equal(out(), [100, 'w79'])
})

test('while nobody takes its records, no time passes for an idle source', async () => {
  const { split, pass, out, channel, gate } = await reading({
    watermarks: idleAfter100,
    credits: 2,
  })
  const full = Array.from({ length: 512 }, (_, i) => i + 1)
  split.give([1])
  await pass(60)
  split.give([...full, ...full])
  await pass(0)
  assert.ok(gate.full)
  await pass(10_000)
  channel.grant(100)
  await pass(0)
  out()
  await pass(99)
  assert.equal(out(), [])
  await pass(1)
  assert.equal(out(), ['idle'])
})

test('time under backpressure that begins between two turns does not count either', async () => {
  const { split, pass, out, gate } = await reading({ watermarks: idleAfter100 })
  split.give([1])
  await pass(60)
  gate.block()
  await pass(10_000)
  gate.unblock()
  await pass(0)
  out()
  await pass(39)
  assert.equal(out(), [])
  await pass(1)
  assert.equal(out(), ['idle'])
})

test('answers without records do not count as records, however often they come', async () => {
  const { split, pass, out } = await reading({ watermarks: idleAfter100 })
  split.give([1])
  for (let i = 0; i < 3; i++) {
    await pass(30)
    split.give([])
  }
  await pass(9)
  assert.equal(out(), [1, 'w0'])
  await pass(1)
  assert.equal(out(), ['idle'])
})

test('a split that the subtask had no time to ask is not idle', async () => {
  const { split, out, clock, settle, pass } = await reading({ watermarks: idleAfter100 })
  split.give([1])
  await settle()
  out()
  // The records are there before the time is up, but the thread is busy with other things.
  split.give([2])
  await Promise.resolve()
  clock.advance(5_000)
  await settle()
  assert.equal(out(), [2, 'w1'])
  await pass(100)
  assert.equal(out(), ['idle'])
})

test('a source that waits for a split is idle, too, before the first one and between two', async () => {
  const { clock, out, assign, settle } = sourceRig({ watermarks: idleAfter100 })
  const pass = async (ms: number): Promise<void> => {
    await settle()
    clock.advance(ms)
    await settle()
  }
  await pass(100)
  assert.equal(out(), ['idle'])
  const split = new ScriptedSplit()
  assign('first', split)
  await settle()
  split.give([5])
  split.give()
  await settle()
  assert.equal(out(), ['w-Infinity', 5, 'w4'])
  await pass(99)
  assert.equal(out(), [])
  await pass(1)
  assert.equal(out(), ['idle'])
  assign()
  await settle()
  assert.equal(out(), ['wInfinity', 'end'])
})

test('a punctuated watermark goes between two records of one batch', async () => {
  const watermarks = punctuatedWatermarks((value: number) => (value % 10 === 0 ? value : undefined))
  const { split, pass, out, subtask } = await reading({ watermarks })
  split.give([1, 10, 5, 20, 21])
  await pass(0)
  const sent = out()
  // The channel sends the newest watermark only; what the operators saw, they saw in order.
  assert.equal(
    sent.filter((item) => typeof item === 'number'),
    [1, 10, 5, 20, 21],
  )
  assert.is(sent.at(-1), 'w20')
  assert.is(subtask.metrics().watermark, 20)
})

test('operators see a punctuated watermark before the next record', async () => {
  const seen: unknown[] = []
  const { split, pass } = await reading({
    watermarks: punctuatedWatermarks((value: number) => (value % 10 === 0 ? value : undefined)),
    elements: [
      {
        name: 'witness',
        operator: {
          open: () => {},
          processRecord: (value) => seen.push(value),
          processWatermark: (watermark) => {
            seen.push(`w${watermark}`)
            return true
          },
          endInput: () => true,
          close: () => {},
        },
      },
    ],
  })
  split.give([1, 10, 5, 20, 21])
  await pass(0)
  assert.equal(seen, [1, 10, 'w10', 5, 20, 'w20', 21])
})

test('a periodic generator is asked at its interval, also without records, and not under backpressure', async () => {
  let asked = 0
  const watermarks = periodicWatermarks({ create: () => ({ onPeriodicEmit: () => ++asked }) })
  const { pass, out, gate, subtask, clock } = await reading({ watermarks })
  await pass(199)
  assert.equal(out(), [])
  await pass(1)
  await pass(200)
  assert.equal(out(), ['w1', 'w2'])
  gate.block()
  await pass(1_000)
  assert.is(asked, 2)
  gate.unblock()
  await pass(0)
  assert.equal(out(), ['w3'])
  subtask.cancel()
  subtask.close()
  assert.is(clock.pendingTimers, 0)
})

test('the interval is that of the strategy, else that of the source', async () => {
  const create = () => ({ onPeriodicEmit: () => 1 })
  const ofSource = await reading({
    watermarks: periodicWatermarks({ create }),
    watermarkIntervalMs: 50,
  })
  await ofSource.pass(50)
  assert.equal(ofSource.out(), ['w1'])
  const ofStrategy = await reading({
    watermarks: periodicWatermarks({ create, intervalMs: 30 }),
    watermarkIntervalMs: 50,
  })
  await ofStrategy.pass(30)
  assert.equal(ofStrategy.out(), ['w1'])
})

const aligned = withAlignment(monotonous(), { group: 'g', maxDriftMs: 10, updateIntervalMs: 50 })

test('a split that is too far ahead of its group is not read until the group has caught up', async () => {
  const { split, pass, out, subtask, announced } = await reading({ watermarks: aligned })
  for (const value of [100, 105, 120, 130]) split.give([value])
  await pass(0)
  assert.equal([out(), announced], [[100, 'w99'], [99]])
  subtask.alignTo('another', 1_000)
  subtask.alignTo('g', 88)
  await pass(0)
  assert.equal(out(), [])
  subtask.alignTo('g', 94)
  await pass(0)
  assert.equal(out(), [105, 120, 'w119'])
  assert.equal(announced, [99])
  await pass(50)
  assert.equal(announced, [99, 119])
  subtask.alignTo('g', Infinity)
  await pass(0)
  assert.equal(out(), [130, 'w129'])
})

test('of several splits only those that are ahead wait', async () => {
  const { splits, pass, out, subtask } = await reading({ watermarks: aligned }, 2)
  const [a, b] = splits as [ScriptedSplit, ScriptedSplit]
  subtask.alignTo('g', 0)
  for (const value of [100, 200]) a.give([value])
  for (const value of [1, 2, 3, 50, 60]) b.give([value])
  await pass(0)
  assert.equal(
    out().filter((item) => typeof item === 'number'),
    [100, 1, 2, 3, 50],
  )
})

test('a split that waits for its group is not idle, and has its time to be read afterwards', async () => {
  const both = withAlignment(idleAfter100, { group: 'g', maxDriftMs: 10, updateIntervalMs: 50 })
  const { split, pass, out, subtask, announced } = await reading({ watermarks: both })
  split.give([100])
  await pass(60)
  assert.equal([out(), announced], [[100, 'w99'], [99]])
  await pass(5_000)
  assert.equal(out(), [])
  subtask.alignTo('g', 99)
  await pass(99)
  assert.equal(out(), [])
  await pass(1)
  assert.equal(out(), ['idle'])
  await pass(50)
  assert.equal(announced, [99, Infinity])
})

test('a source that has finished tells nothing more', async () => {
  const { split, pass, assign, announced, subtask } = await reading({ watermarks: aligned })
  subtask.alignTo('g', 1_000)
  split.give([1])
  split.give([2])
  split.give()
  assign()
  await pass(0)
  assert.is(subtask.state, 'finished')
  await pass(1_000)
  assert.equal(announced, [0])
})

test('records without a valid time are skipped where that is the policy', async () => {
  const skipped = { value: 0 }
  const { split, pass, out } = await reading({
    watermarks: monotonous(),
    timestamp: (value: number) => {
      if (value === 3) throw new Error('no time')
      return value === 5 ? Number.NaN : value
    },
    badRecords: badRecordHandler({
      policy: 'skip',
      operatorName: 'source',
      subtaskIndex: 0,
      skipped,
      deadLetters: undefined,
    }),
  })
  split.give([3, 1, 2, 3, 5, 4, 6, 5])
  split.give([5])
  split.give([7])
  await pass(0)
  assert.equal(out(), [1, 2, 4, 6, 7, 'w6'])
  assert.is(skipped.value, 5)
})

test.run()
