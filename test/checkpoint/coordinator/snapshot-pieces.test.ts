/** Snapshots of subtasks that come in pieces: joined in the checkpoint to which they belong, or dropped with it. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SnapshotPieces } from '../../../checkpoint/coordinator/snapshot-pieces.ts'
import { readSubtasks } from '../../../checkpoint/coordinator/subtask-chain.ts'
import type {
  KeyGroupSnapshot,
  OperatorSnapshot,
  SnapshotPiece,
} from '../../../checkpoint/state/snapshot.ts'
import type { SubtaskSnapshot } from '../../../checkpoint/subtask-snapshot.ts'
import { rejects, throwsCode } from '../../runner/expect.ts'
import { createRig, settle, SINK_0, SINK_1, snapshotOf, SOURCE } from './coordinator-rig.ts'

function list(keyGroup: number, ...bytes: number[]): KeyGroupSnapshot {
  return { keyGroup, entries: 1, bytes: Uint8Array.from(bytes) }
}

function piece(...groups: KeyGroupSnapshot[]): SnapshotPiece {
  return { uid: 'out', groups }
}

function operatorOf(...groups: KeyGroupSnapshot[]): OperatorSnapshot {
  return { format: 2, uid: 'out', maxParallelism: 128, keyed: [], groups, operator: [] }
}

/** What a sink contributes whose operator has these lists besides `listsBefore` that came before. */
function restOf(listsBefore: number, ...groups: KeyGroupSnapshot[]): SubtaskSnapshot {
  return { ...snapshotOf(SINK_0, 'written'), operators: [operatorOf(...groups)], listsBefore }
}

type Rig = ReturnType<typeof createRig>

/** The key groups and bytes that a stored checkpoint has of the first subtask of the sink. */
async function stored({ store }: Rig, id: number): Promise<unknown> {
  const subtasks = await readSubtasks(store, await store.metadata(id))
  const own = subtasks.find(({ name }) => name.taskId === 1 && name.subtaskIndex === 0)
  return own?.snapshot.operators[0]?.groups.map(({ keyGroup, bytes }) => [keyGroup, ...bytes])
}

/** A rig whose coordinator has been asked for a checkpoint. */
async function begun(rig: Rig = createRig({ tolerableFailures: 9 })) {
  rig.coordinator.start()
  const made = rig.coordinator.checkpoint()
  await settle()
  return { rig, made }
}

test('a contribution has what came before it, in the order of key groups, and in one of them as it was packed', () => {
  const pieces = new SnapshotPieces()
  pieces.add(SINK_0, [piece(list(5, 1), list(2, 2))])
  pieces.add(SINK_1, [piece(list(4, 9))])
  pieces.add(SINK_0, [piece(list(9, 3))])
  const { operators, listsBefore } = pieces.join(SINK_0, restOf(3, list(5, 4), list(1, 5)))
  assert.equal(operators, [operatorOf(list(1, 5), list(2, 2), list(5, 1), list(5, 4), list(9, 3))])
  assert.is(listsBefore, undefined, 'it is not stored')
})

test('pieces of several operators go to their own', () => {
  const pieces = new SnapshotPieces()
  pieces.add(SINK_0, [piece(list(1, 1)), { uid: 'other', groups: [list(2, 2)] }])
  const other = { ...operatorOf(), uid: 'other' }
  const rest = { ...restOf(2), operators: [operatorOf(), other] }
  assert.equal(pieces.join(SINK_0, rest).operators, [
    operatorOf(list(1, 1)),
    { ...other, groups: [list(2, 2)] },
  ])
})

test('a contribution of which a piece is missing, or to which one more came, is refused', () => {
  for (const listsBefore of [1, 3]) {
    const pieces = new SnapshotPieces()
    pieces.add(SINK_0, [piece(list(1, 1), list(2, 2))])
    throwsCode(() => pieces.join(SINK_0, restOf(listsBefore)), 'INCOMPLETE_SNAPSHOT')
  }
  throwsCode(() => new SnapshotPieces().join(SINK_0, restOf(1)), 'INCOMPLETE_SNAPSHOT')
})

test('a contribution without pieces is taken as it is, and others that came for it are not in it', () => {
  const pieces = new SnapshotPieces()
  pieces.add(SINK_0, [piece(list(1, 1))])
  const snapshot = snapshotOf(SINK_0)
  assert.is(pieces.join(SINK_0, snapshot), snapshot)
})

test('a checkpoint is stored with the pieces that came before the acknowledgements', async () => {
  const { rig, made } = await begun()
  rig.coordinator.packed(SINK_0, 1, [piece(list(3, 1), list(4, 2))])
  rig.acknowledge(1, SOURCE, SINK_1)
  rig.coordinator.packed(SINK_0, 1, [piece(list(0, 3))])
  rig.coordinator.acknowledged(SINK_0, 1, restOf(3, list(7, 4)))
  await made
  assert.equal(await stored(rig, 1), [
    [0, 3],
    [3, 1],
    [4, 2],
    [7, 4],
  ])
  await rig.coordinator.stop()
})

test('pieces of a checkpoint that was broken off are not in the next one', async () => {
  const { rig, made } = await begun()
  rig.coordinator.packed(SINK_0, 1, [piece(list(3, 1))])
  rig.coordinator.declined(SINK_0, 1, new Error('broken off'))
  await rejects(made, { code: 'CHECKPOINT_FAILED', message: /broken off/ })
  const next = rig.coordinator.checkpoint()
  await settle()
  // On its way when the first one was given up.
  rig.coordinator.packed(SINK_0, 1, [piece(list(4, 1))])
  rig.coordinator.packed(SINK_0, 2, [piece(list(5, 2))])
  rig.acknowledge(2, SOURCE, SINK_1)
  rig.coordinator.acknowledged(SINK_0, 2, restOf(1))
  await next
  assert.equal(await stored(rig, 2), [[5, 2]])
  await rig.coordinator.stop()
})

test('pieces of a subtask that begins again are not in the next checkpoint', async () => {
  const { rig, made } = await begun()
  rig.coordinator.packed(SINK_0, 1, [piece(list(3, 1))])
  const held = rig.coordinator.hold([SINK_0])
  await rejects(made, { code: 'CHECKPOINT_FAILED', message: /begins again/ })
  await held
  rig.coordinator.release()
  const next = rig.coordinator.checkpoint()
  await settle()
  rig.acknowledge(2, SOURCE, SINK_1)
  rig.coordinator.acknowledged(SINK_0, 2, restOf(0, list(6, 1)))
  await next
  assert.equal(await stored(rig, 2), [[6, 1]])
  await rig.coordinator.stop()
})

test('a checkpoint with a contribution of which something was lost fails, and what its sinks have prepared goes with the next', async () => {
  const { rig, made } = await begun()
  rig.coordinator.packed(SINK_0, 1, [piece(list(3, 1))])
  rig.acknowledge(1, SOURCE, SINK_1)
  rig.coordinator.acknowledged(SINK_0, 1, restOf(2))
  await rejects(made, {
    code: 'CHECKPOINT_FAILED',
    message: /\(declined\): subtask 1\/0: expected 2 lists of state .* got 1/,
  })
  assert.equal(await rig.store.list(), [])
  const next = rig.coordinator.checkpoint()
  await settle()
  await rig.pass(2)
  await next
  assert.equal(rig.committed, ['written'])
  await rig.coordinator.stop()
})

test('a contribution that comes too late needs no pieces: what its sinks have prepared goes with the next', async () => {
  const { rig, made } = await begun()
  rig.coordinator.packed(SINK_0, 1, [piece(list(3, 1))])
  rig.coordinator.declined(SINK_1, 1, new Error('no'))
  await rejects(made, { code: 'CHECKPOINT_FAILED' })
  rig.coordinator.acknowledged(SINK_0, 1, restOf(1))
  const next = rig.coordinator.checkpoint()
  await settle()
  await rig.pass(2)
  await next
  assert.equal(rig.committed, ['written'])
  await rig.coordinator.stop()
})

test.run()
