import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { monotonous } from '../../../operators/time/watermarks.ts'
import { ScriptedSplit, sourceRig } from './source-rig.ts'
import type { SourceRig } from './source-rig.ts'

const watermarks = monotonous()

async function twoSplits(splitsAtOnce = 2) {
  const rig = sourceRig({ watermarks, splitsAtOnce })
  const [a, b] = [new ScriptedSplit(), new ScriptedSplit()]
  rig.assign('a', a)
  rig.assign('b', b)
  await rig.settle()
  return { rig, a, b }
}

test('a split that waits does not stop the others, and holds back the watermark only', async () => {
  const { rig, a, b } = await twoSplits()
  a.give([10])
  a.give([20])
  await rig.settle()
  assert.equal(rig.out(), [10, 20])
  b.give([15])
  await rig.settle()
  assert.equal(rig.out(), [15, 'w14'])
  a.give([30])
  b.give([31])
  await rig.settle()
  assert.equal(rig.out().at(-1), 'w29')
})

test('splits with batches ready are read in turn', async () => {
  const rig = sourceRig({ watermarks: undefined, splitsAtOnce: 3 })
  for (const name of [100, 200, 300]) {
    const split = new ScriptedSplit()
    for (let i = 0; i < 3; i++) split.give([name + i])
    split.give()
    rig.assign(String(name), split)
  }
  rig.assign()
  await rig.settle()
  const rounds = rig.out().map((value) => Number(value) % 100)
  assert.is(rig.subtask.state, 'finished')
  // The first to be opened may be a round ahead.
  for (let i = 3; i < 9; i++) assert.ok(rounds[i - 3]! <= rounds[i]!)
})

test('a split that has ended is closed, holds back nothing, and makes room for the next', async () => {
  const { rig, a, b } = await twoSplits()
  a.give([100])
  b.give([5])
  await rig.settle()
  assert.equal(rig.out().at(-1), 'w4')
  b.give()
  await rig.settle()
  assert.equal([b.closed, rig.out()], [1, ['w99']])
  const c = new ScriptedSplit()
  rig.assign('c', c)
  await rig.settle()
  a.give([200])
  c.give([150])
  await rig.settle()
  assert.equal(rig.out().at(-1), 'w149')
  rig.assign()
  c.give()
  await rig.settle()
  assert.equal(rig.out(), ['w199'])
  a.give()
  await rig.settle()
  assert.equal(rig.out(), ['wInfinity', 'end'])
})

test('the position of every split that is not at its end can be read, also of one being opened', async () => {
  const { rig, a, b } = await twoSplits(3)
  a.give([1, 2])
  b.give([1])
  await rig.settle()
  const positions = [
    { split: 'a', position: 2 },
    { split: 'b', position: 1 },
  ]
  assert.equal(rig.subtask.positions(), positions)
  rig.assign('c', new Promise(() => {}) as never)
  await rig.settle()
  assert.equal(rig.subtask.positions(), [...positions, { split: 'c', position: undefined }])
})

test('a batch that has come but was not taken is behind the position of its split', async () => {
  const { rig, a } = await twoSplits()
  a.give([1, 2])
  await rig.settle()
  rig.gate.block()
  a.give([3, 4, 5])
  await rig.settle()
  const positionOfA = (): unknown => rig.subtask.positions()[0]?.position
  assert.equal([rig.out(), positionOfA()], [[1, 2], 2])
  rig.gate.unblock()
  await rig.settle()
  assert.equal([rig.out(), positionOfA()], [[3, 4, 5], 5])
})

/** Of three splits that may come at once, the second one comes late, and after `meanwhile`. */
async function gathers(meanwhile: (rig: SourceRig) => Promise<void>): Promise<void> {
  const rig = sourceRig({ watermarks, splitsAtOnce: 3 })
  const a = new ScriptedSplit()
  rig.assign('a', a)
  await rig.settle()
  a.give([100])
  await rig.settle()
  assert.equal(rig.out(), [100])
  await meanwhile(rig)
  const b = new ScriptedSplit()
  rig.assign('b', b)
  await rig.settle()
  b.give([3])
  await rig.settle()
  assert.equal(rig.out(), [3])
  rig.clock.advance(1_000)
  await rig.settle()
  assert.equal(rig.out(), ['w2'])
}

test('watermarks wait for the first splits to be all there, but not for ever', async () => {
  await gathers(() => Promise.resolve())
})

test('a clock that jumps meanwhile does not end the wait for the first splits', async () => {
  await gathers(async (rig) => {
    rig.clock.pass(3_600_000)
    rig.clock.advance(0)
    await rig.settle()
    assert.equal(rig.out(), [])
  })
})

test('cancelled, it closes the readers of all its splits once', async () => {
  const { rig, a, b } = await twoSplits()
  const stuck = new ScriptedSplit()
  stuck.close = () => {
    stuck.closed++
    return new Promise(() => {}) as never
  }
  a.give()
  rig.assign('c', stuck)
  await rig.settle()
  stuck.give()
  await rig.settle()
  rig.subtask.cancel()
  await rig.subtask.abort()
  rig.subtask.close()
  assert.equal([a.closed, b.closed, stuck.closed], [1, 1, 1])
  assert.is(rig.clock.pendingTimers, 0)
})

test.run()
