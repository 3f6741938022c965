/** What a subtask does between a barrier and its acknowledgement, while its state is being packed. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { valueState } from '../../../checkpoint/state/declare-state.ts'
import type { ValueState } from '../../../checkpoint/state/states.ts'
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import type { ChainElement } from '../../../operators/chain/chain.ts'
import { InputSubtask } from '../../../operators/input-subtask.ts'
import type { PreparedWrites, SinkWriter } from '../../../operators/sink.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import type { ChannelItem } from '../../../runtime/output-channel.ts'
import { testBackend } from '../operator-fakes.ts'
import { subtaskRig } from '../subtask-rig.ts'
import type { RigOptions } from '../subtask-rig.ts'

const KEYS = 5_000
const END = { kind: 'end' } as const

function barrier(checkpointId: number): ChannelItem {
  return { kind: 'barrier', checkpointId }
}

function records(...values: unknown[]): ChannelItem {
  return { values, timestamps: new Float64Array(values.length), length: values.length }
}

/** Counts its records by their value. */
function counter(first: unknown = 0): ChainElement {
  let counts: ValueState<unknown>
  let setKey: (key: number) => void = () => {}
  return {
    name: 'counter',
    operator: {
      open: ({ state }) => {
        counts = state.keyedState('count', valueState<unknown>())
        setKey = (key) => {
          state.setCurrentKey(key)
        }
        for (let key = 0; key < KEYS; key++) {
          setKey(key)
          counts.set(key === 0 ? first : 0)
        }
      },
      processRecord: (value) => {
        setKey(value as number)
        counts.set((counts.get() as number) + 1)
      },
      processWatermark: () => true,
      endInput: () => true,
      close: () => {},
    },
  }
}

function rig(options: RigOptions) {
  const surroundings = subtaskRig({ checkpointMode: 'exactly-once', ...options }, () => subtask)
  const subtask: InputSubtask = new InputSubtask({ ...surroundings.parts, inputChannels: [0] })
  subtask.open()
  subtask.start()
  const give = (...items: ChannelItem[]): void => {
    for (const item of items) subtask.inputs.offer(0, item)
  }
  return { ...surroundings, subtask, give }
}

/** The counts that a snapshot has, other than 0, by key. */
function countsIn(snapshot: SubtaskSnapshot | undefined): Record<string, unknown> {
  const backend = testBackend('counter', new ManualClock(), snapshot?.operators)
  backend.keyedState('count', valueState<number>())
  const shown = [...backend.entries()]
  assert.is(shown.length, KEYS)
  const counted = shown.filter(({ value }) => value !== 0)
  return Object.fromEntries(counted.map(({ key, value }) => [String(key), value]))
}

test('the barrier goes out at once, and records are taken while the state of the barrier is packed', async () => {
  const { give, slot, clock, subtask, transport, snapshots, settle } = rig({
    elements: [counter()],
  })
  give(records(1, 2, 2), barrier(7))
  slot.turn()
  // A slot that is never idle flushes every 5 ms.
  clock.advance(5)
  slot.turn()
  assert.equal(transport.sent, [barrier(7)])
  assert.is(snapshots.size, 0)
  for (let turns = 0; !snapshots.has(7); turns++) {
    assert.ok(turns < 1_000)
    give(records(2, 3, 4_999 - turns))
    slot.turn()
  }
  assert.ok(subtask.metrics().recordsIn > 9, 'taken before it was acknowledged')
  assert.equal(countsIn(snapshots.get(7)), { 1: 1, 2: 2 })
  await settle()
})

test('it packs also when nothing comes', async () => {
  const { give, snapshots, settle } = rig({ elements: [counter()] })
  give(records(1), barrier(7))
  await settle()
  assert.equal(countsIn(snapshots.get(7)), { 1: 1 })
})

test('it packs also when there is no room behind it', async () => {
  const { give, slot, gate, snapshots, subtask, settle } = rig({ elements: [counter()] })
  give(records(1), barrier(7))
  slot.turn()
  gate.block()
  give(records(2))
  await settle()
  assert.equal(countsIn(snapshots.get(7)), { 1: 1 })
  assert.is(subtask.metrics().recordsIn, 1)
})

test('a newer checkpoint takes the place of one that is not packed', async () => {
  const { give, slot, snapshots, heard, settle } = rig({ elements: [counter()] })
  give(barrier(7))
  slot.turn()
  give(records(1), barrier(8), records(1))
  await settle()
  assert.equal([...snapshots.keys()], [8])
  assert.is(heard.length, 1)
  assert.match(String(heard[0]?.[1]), /checkpoint 8 came before .* checkpoint 7/)
  assert.equal(countsIn(snapshots.get(8)), { 1: 1 })
})

test('what is packed is handed over before the rest is, and is not in the acknowledgement', async () => {
  const { subtask, give, slot, snapshots, acknowledged, pieces, settle } = rig({
    elements: [counter()],
  })
  give(records(1, 2, 2), barrier(7))
  for (let turns = 0; acknowledged.length === 0; turns++) {
    assert.ok(turns < 1_000)
    slot.turn()
    give(records(turns % KEYS))
  }
  assert.is(subtask.state, 'running')
  assert.ok(pieces.has(7))
  const [{ listsBefore = 0, operators }] = acknowledged as [SubtaskSnapshot]
  assert.ok(listsBefore > 1)
  const whole = snapshots.get(7)
  assert.is(whole?.operators[0]?.groups.length, listsBefore + (operators[0]?.groups.length ?? 0))
  assert.equal(countsIn(whole), { 1: 1, 2: 2 })
  await settle()
})

test('of a newer checkpoint that takes the place of one half of which was handed over, the snapshot is whole', async () => {
  const { give, slot, snapshots, acknowledged, pieces, heard, settle } = rig({
    elements: [counter()],
  })
  give(records(1), barrier(7))
  for (let turns = 0; !pieces.has(7); turns++) {
    assert.ok(turns < 1_000)
    slot.turn()
  }
  assert.is(acknowledged.length, 0)
  give(records(1), barrier(8), records(1))
  await settle()
  assert.equal([...snapshots.keys()], [8])
  assert.equal(
    heard.map(([what]) => what),
    ['declined'],
  )
  assert.equal(countsIn(snapshots.get(8)), { 1: 2 })
})

test('at the end of its input it completes its snapshot first', async () => {
  const { give, snapshots, heard, settle } = rig({ elements: [counter()] })
  give(records(1), barrier(7), records(1), END)
  await settle()
  assert.equal([...snapshots.keys()], [7, 'end'])
  assert.equal(countsIn(snapshots.get(7)), { 1: 1 })
  assert.equal(countsIn(snapshots.get('end')), { 1: 2 })
  assert.equal(heard, [['finished']])
})

test('what sinks have prepared for a checkpoint that is declined goes with the next one', async () => {
  let part = 0
  const writer: SinkWriter<unknown> = {
    write: () => {},
    flush: () => {},
    prepare: async (): Promise<PreparedWrites> => {
      part++
      return { state: part, committables: [`part ${part}`] }
    },
    close: () => {},
  }
  const { give, snapshots, heard, settle, subtask } = rig({
    elements: [counter(() => 0)],
    writer,
  })
  give(barrier(7))
  await settle()
  assert.is(snapshots.size, 0)
  assert.match(String(heard[0]?.[1]), /only plain data can be kept in state/)
  assert.is(subtask.state, 'running')
  // What cannot be packed is replaced.
  give(records(0), barrier(8), END)
  await settle()
  assert.equal(snapshots.get(8)?.sinks, [
    { uid: 'sink uid', state: 2, committables: ['part 1', 'part 2'] },
  ])
  assert.equal(snapshots.get('end')?.sinks, [
    { uid: 'sink uid', state: 3, committables: ['part 3'] },
  ])
})

test.run()
