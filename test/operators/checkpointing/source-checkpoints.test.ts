/** Checkpoints of a source: where barriers go, and that a restored one reads exactly the rest. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { asyncOperator } from '../../../operators/async/async-operator.ts'
import { ScriptedSplit, sourceRig } from '../source/source-rig.ts'
import { arraySource, recordsOf, toTheEnd } from './array-source-rig.ts'
import type { ArrayOptions } from './array-source-rig.ts'
import { memory, remembered } from './memory.ts'

test('the barrier goes behind the records of the batches that were taken, and the positions say which', async () => {
  const rig = sourceRig({ splitsAtOnce: 2 })
  const a = new ScriptedSplit()
  rig.assign('a', a)
  rig.assign('b', new ScriptedSplit())
  await rig.settle()
  a.give([1, 2])
  await rig.settle()
  rig.subtask.triggerCheckpoint(4)
  a.give([3])
  await rig.settle()
  assert.equal(rig.out(), [[1, 2], 'barrier', [3]].flat())
  assert.equal(rig.snapshots.get(4), {
    operators: [],
    source: {
      uid: 'source uid',
      received: 2,
      open: [
        { split: 'a', position: 2 },
        { split: 'b', position: 0 },
      ],
    },
    sinks: [],
    channels: [],
    watermark: -Infinity,
    finished: false,
  })
})

test('in the middle of a batch it waits for its end', async () => {
  const { subtask, settle, channel, transport, snapshots } = arraySource({
    splits: [[Array.from({ length: 1_500 }, (_, i) => i), [5_000]]],
    credits: 1,
  })
  await settle()
  subtask.triggerCheckpoint(1)
  await settle()
  assert.is(snapshots.size, 0)
  channel.grant(100)
  await settle()
  assert.equal(
    transport.sent.map((item) => ('kind' in item ? item.kind : item.length)).slice(0, 5),
    [512, 512, 476, 'watermark', 'barrier'],
  )
  assert.equal(snapshots.get(1)?.source?.open, [{ split: 0, position: 1 }])
  assert.is(snapshots.get(1)?.watermark, 1_498)
})

/** A source that is held up in the middle of its first batch, and whose barriers may overtake. */
async function heldUp() {
  const out = { edge: 'out', fromSubtask: 0, toSubtask: 0, overtakable: true }
  const rig = arraySource({
    splits: [[Array.from({ length: 1_500 }, (_, i) => i), [5_000]]],
    credits: 1,
    channelState: { codec: 'columns', inputs: [], outputs: [out] },
  })
  await rig.settle()
  /** Sizes of batches and kinds of events. */
  const shapes = () => rig.transport.sent.map((item) => ('kind' in item ? item.kind : item.length))
  return { ...rig, shapes }
}

/** Records in flight, and whether it is known which split is read on where. */
function partOf(snapshot: SubtaskSnapshot | undefined): unknown[] {
  const { channels, source, watermark } = snapshot!
  const batches = channels.flatMap((channel) => channel.batches)
  return [batches.map(({ length }) => length), batches.at(-1)?.marks, source?.open, watermark]
}

const BEHIND_THE_BATCH = [
  [512, 476],
  [{ kind: 'watermark', timestamp: 1_498 }],
  [{ split: 0, position: 1 }],
  1_498,
]

test('where barriers overtake, a source ends its batch without room and does not wait', async () => {
  const { subtask, settle, channel, shapes, snapshots } = await heldUp()
  subtask.triggerCheckpoint(1, 0)
  await settle()
  assert.equal(shapes(), [512, 'barrier'])
  assert.equal(partOf(snapshots.get(1)), BEHIND_THE_BATCH)
  channel.grant(100)
  await settle()
  assert.equal(shapes().slice(2, 5), [512, 476, 'watermark'])
})

test('with a timeout it waits for room until the time is up', async () => {
  const { subtask, settle, clock, shapes, snapshots } = await heldUp()
  subtask.triggerCheckpoint(1, 100)
  clock.advance(99)
  await settle()
  assert.equal([shapes(), snapshots.size], [[512], 0])
  clock.advance(1)
  await settle()
  assert.equal(shapes(), [512, 'barrier'])
  assert.equal(partOf(snapshots.get(1)), BEHIND_THE_BATCH)
})

test('of several checkpoints that are due the newest is made; older ones have no effect', async () => {
  const rig = sourceRig({})
  rig.subtask.triggerCheckpoint(1)
  rig.subtask.triggerCheckpoint(3)
  rig.subtask.triggerCheckpoint(2)
  await rig.settle()
  rig.subtask.triggerCheckpoint(3)
  await rig.settle()
  assert.equal([[...rig.snapshots.keys()], rig.out()], [[3], ['barrier']])
})

test('with an asynchronous operator that is full it does not wait', async () => {
  const operator = asyncOperator({
    fn: () => new Promise(() => {}),
    flat: false,
    order: 'ordered',
    capacity: 2,
    timeoutMs: undefined,
    onTimeout: undefined,
    retry: undefined,
  })
  const { subtask, settle, transport, snapshots } = arraySource({
    splits: [[[1, 2], [3]]],
    elements: [{ name: 'async', operator }],
  })
  await settle()
  subtask.triggerCheckpoint(1)
  await settle()
  assert.equal(snapshots.get(1)?.source?.open, [{ split: 0, position: 1 }])
  assert.equal(transport.sent, [{ kind: 'barrier', checkpointId: 1 }])
})

test('at its end it is passed over; its last contribution says what it had received', async () => {
  const { subtask, settle, transport, snapshots } = arraySource({ splits: [[[1]], [[2]]] })
  await settle()
  subtask.triggerCheckpoint(1)
  await settle()
  assert.equal([...snapshots.keys()], ['end'])
  assert.equal(snapshots.get('end')?.source, { uid: 'source uid', received: 2, open: [] })
  assert.equal(transport.sent.slice(-2), [
    { kind: 'watermark', timestamp: Infinity },
    { kind: 'end' },
  ])
})

test('a position that is not plain data declines the checkpoint', async () => {
  const rig = sourceRig({})
  const split = new ScriptedSplit()
  Object.assign(split, { position: { seek: () => 0 } })
  rig.assign('a', split)
  await rig.settle()
  rig.subtask.triggerCheckpoint(1)
  await rig.settle()
  assert.equal([rig.heard[0]?.[0], rig.subtask.state], ['declined', 'running'])
  assert.match(String(rig.heard[0]?.[1]), /'source' \(subtask 0\).*position.*function/)
})

test('restored: open splits at their positions first, and before their records the watermark', async () => {
  const restored: SubtaskSnapshot = {
    operators: [],
    source: {
      uid: 'source uid',
      received: 2,
      open: [
        { split: 1, position: 1 },
        { split: 0, position: undefined },
      ],
    },
    sinks: [],
    channels: [],
    watermark: 25,
    finished: false,
  }
  const splits = [[[10]], [[20], [21]], [[30]]]
  const { settle, opened, transport } = arraySource({ splits, restored })
  await settle()
  assert.equal(opened, [
    [1, 1],
    [0, undefined],
    [2, undefined],
  ])
  assert.equal(transport.sent[0], { kind: 'watermark', timestamp: 25 })
  assert.equal(recordsOf(transport.sent), [21, 10, 30])
})

test('restored splits that nobody has opened yet are in the next checkpoint', async () => {
  const open = [
    { split: 'a', position: 3 },
    { split: 'b', position: undefined },
  ]
  const restored: SubtaskSnapshot = {
    operators: [],
    source: { uid: 'source uid', received: 0, open },
    sinks: [],
    channels: [],
    watermark: -Infinity,
    finished: false,
  }
  const rig = sourceRig({ restored })
  rig.subtask.triggerCheckpoint(1)
  await rig.settle()
  assert.equal(rig.snapshots.get(1)?.source, { uid: 'source uid', received: 0, open })
})

const batches = fc.array(
  fc.array(fc.oneof({ weight: 5, arbitrary: fc.nat(9_999) }, fc.constant('bad')), { maxLength: 4 }),
  { maxLength: 4 },
)
const shape = fc.record({
  splits: fc.array(batches, { maxLength: 4 }),
  splitsAtOnce: fc.integer({ min: 1, max: 3 }),
  waits: fc.boolean(),
  steps: fc.array(fc.nat(20), { maxLength: 40 }),
  credits: fc.constantFrom(1, 2, 1_000),
})

test('whenever it is made: what came before the barrier and what a restored source reads are all records, each once', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ splits, splitsAtOnce, waits, steps, credits }) => {
      const told: [run: number, seen: number, record: unknown][] = []
      const run = (number: number, more: Partial<ArrayOptions>) => {
        const rig = arraySource({
          splits,
          splitsAtOnce,
          waits,
          elements: [memory().element],
          badRecords: (record) => told.push([number, rig.snapshots.size, record]),
          ...more,
        })
        return rig
      }
      const first = run(1, { credits })
      for (const step of steps) {
        const count = first.slot.countSteps()
        if (count === 0) await Promise.resolve()
        else first.slot.performStep(step % count)
      }
      first.subtask.triggerCheckpoint(1)
      first.channel.grant(1_000)
      await toTheEnd(first)
      const snapshot = first.snapshots.get(1)
      const { sent } = first.transport
      const barrier = sent.findIndex((item) => 'kind' in item && item.kind === 'barrier')
      const before = recordsOf(barrier < 0 ? sent : sent.slice(0, barrier))
      const all = splits.flat(2)
      const numbers = all.filter((line) => typeof line === 'number')
      if (snapshot === undefined) {
        assert.equal([barrier, before.length], [-1, numbers.length])
        return
      }
      assert.equal(remembered(snapshot), before)

      const second = run(2, { restored: snapshot })
      await toTheEnd(second)
      const both = [...before, ...recordsOf(second.transport.sent)]
      assert.equal(both.map(Number).sort(ascending), numbers.map(Number).sort(ascending))
      const bad = told.filter(([number, seen]) => number === 2 || seen === 0)
      assert.is(bad.length, all.length - numbers.length)
    }),
    { numRuns: 150 },
  )
})

function ascending(a: number, b: number): number {
  return a - b
}

test.run()
