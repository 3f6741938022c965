/** What a subtask does after a restore, while most of its state is still to be made. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { valueState } from '../../../checkpoint/state/declare-state.ts'
import type { OperatorSnapshot } from '../../../checkpoint/state/snapshot.ts'
import type { StateBackend } from '../../../checkpoint/state/state-backend.ts'
import type { ValueState } from '../../../checkpoint/state/states.ts'
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import type { ChainElement } from '../../../operators/chain/chain.ts'
import { StateRestore } from '../../../operators/checkpointing/state-restore.ts'
import { InputSubtask } from '../../../operators/input-subtask.ts'
import { ManualClock } from '../../../runtime/manual-clock.ts'
import type { ChannelItem } from '../../../runtime/output-channel.ts'
import { ListPart } from '../../checkpoint/state/state-rig.ts'
import { testBackend } from '../operator-fakes.ts'
import { subtaskRig } from '../subtask-rig.ts'

const KEYS = 5_000

/** An operator that counts its records by their value, up from what was restored; and its state, once it is open. */
function counter() {
  let backend: StateBackend | undefined
  let counts: ValueState<number>
  const element: ChainElement = {
    name: 'counter',
    operator: {
      open: ({ state }) => {
        backend = state
        counts = state.keyedState('count', valueState<number>())
      },
      processRecord: (value) => {
        backend?.setCurrentKey(value as number)
        counts.set((counts.get() ?? 0) + 1)
      },
      processWatermark: () => true,
      endInput: () => true,
      close: () => {},
    },
  }
  return { element, isRestoring: () => backend?.restoring === true }
}

/** All keys, each counted as often as its number says. */
function stored(): OperatorSnapshot {
  const backend = testBackend('counter', new ManualClock())
  const counts = backend.keyedState('count', valueState<number>())
  for (let key = 0; key < KEYS; key++) {
    backend.setCurrentKey(key)
    counts.set(key)
  }
  return backend.snapshot()
}

function rig(operator: OperatorSnapshot) {
  const restored: SubtaskSnapshot = {
    operators: [operator],
    sinks: [],
    channels: [],
    watermark: 0,
    finished: false,
  }
  const { element, isRestoring } = counter()
  const surroundings = subtaskRig(
    { elements: [element], checkpointMode: 'exactly-once', restored },
    () => subtask,
  )
  const subtask: InputSubtask = new InputSubtask({ ...surroundings.parts, inputChannels: [0] })
  subtask.open()
  subtask.start()
  const give = (...items: ChannelItem[]): void => {
    for (const item of items) subtask.inputs.offer(0, item)
  }
  return { ...surroundings, subtask, give, isRestoring }
}

function records(...values: number[]): ChannelItem {
  return { values, timestamps: new Float64Array(values.length), length: values.length }
}

/** How often each key was counted beyond its number. */
function countedIn(snapshot: SubtaskSnapshot | undefined): Record<string, number> {
  const backend = testBackend('counter', new ManualClock(), snapshot?.operators)
  backend.keyedState('count', valueState<number>())
  const shown = [...backend.entries()]
  assert.is(shown.length, KEYS)
  const more = shown.map(({ key, value }) => [String(key), Number(value) - Number(key)] as const)
  return Object.fromEntries(more.filter(([, count]) => count !== 0))
}

test('records are taken before all is restored, and find what was stored for them', async () => {
  const { give, slot, subtask, snapshots, isRestoring, settle } = rig(stored())
  let turns = 0
  for (; isRestoring(); turns++) {
    assert.ok(turns < 1_000)
    give(records(4_999 - turns))
    slot.turn()
    assert.is(subtask.metrics().recordsIn, turns + 1)
  }
  assert.ok(turns > 3, 'in more than one piece')
  give(records(7, 7), { kind: 'end' })
  await settle()
  const taken = Array.from({ length: turns }, (_, turn) => [String(4_999 - turn), 1])
  assert.equal(countedIn(snapshots.get('end')), { ...Object.fromEntries(taken), 7: 2 })
})

test('it restores the rest also when nothing comes, and rests then', async () => {
  const { slot, isRestoring, settle } = rig(stored())
  assert.ok(isRestoring())
  await settle()
  assert.not.ok(isRestoring())
  assert.not.ok(slot.turn())
})

test('a barrier goes out at once, and its snapshot has what was there', async () => {
  const { give, slot, clock, transport, snapshots, isRestoring, settle } = rig(stored())
  give(records(3), { kind: 'barrier', checkpointId: 7 }, records(3, 4))
  slot.turn()
  clock.advance(5)
  slot.turn()
  assert.equal(transport.sent.at(-1), { kind: 'barrier', checkpointId: 7 })
  assert.ok(isRestoring())
  await settle()
  assert.equal(countedIn(snapshots.get(7)), { 3: 1 })
  assert.not.ok(isRestoring())
})

test('what cannot be restored fails the subtask, also where no record needs it', async () => {
  const backend = testBackend('counter', new ManualClock())
  const part = new ListPart('count', 'value')
  part.payloads.push([1, [1]], [2, 'no fields'])
  backend.registerKeyed(part)
  const { settle, heard, subtask, isRestoring } = rig(backend.snapshot())
  assert.ok(isRestoring())
  await settle()
  assert.is(subtask.state, 'failed')
  const [what, error] = heard[0] ?? []
  assert.is(what, 'failed')
  assert.match(String(error), "state 'count': the snapshot is damaged: expected an array of fields")
})

test('it takes one step first, then two, then four, and stops when its time is over', () => {
  const clock = new ManualClock()
  let left = 20
  let lasts = 0
  const restore = new StateRestore({
    get restoring() {
      return left > 0
    },
    restoreStep: () => {
      left--
      clock.advance(lasts)
    },
  })
  const lefts: number[] = []
  for (let turn = 0; turn < 3; turn++) {
    restore.goOn(clock)
    lefts.push(left)
  }
  assert.equal(lefts, [19, 17, 13])
  lasts = 1
  restore.goOn(clock)
  assert.is(left, 11)
  assert.not.ok(restore.isDone)
  lasts = 0
  restore.goOn(clock)
  assert.is(left, 0)
  assert.ok(restore.isDone)
})

test.run()
