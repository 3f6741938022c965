import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readCheckpoint } from '../../../checkpoint/coordinator/checkpoint-contents.ts'
import { rejects } from '../../runner/expect.ts'
import {
  ALL,
  createRig,
  FaultyStore,
  settle,
  SINK_0,
  SINK_1,
  snapshotOf,
  SOURCE,
} from './coordinator-rig.ts'

test('the first checkpoint comes an interval after the start, each next one an interval after the one before', async () => {
  const rig = createRig({ intervalMs: 100 })
  await rig.advance(1000)
  assert.equal(rig.heard(), [])
  rig.coordinator.start()
  await rig.advance(99)
  assert.equal(rig.heard(), [])
  await rig.advance(1)
  assert.equal(rig.heard(), ['trigger 1'])
  await rig.advance(30)
  await rig.pass(1)
  assert.equal(rig.heard(), ['sources 1', 'stored 1', 'commit', 'complete 1'])
  await rig.advance(69)
  assert.equal(rig.heard(), [])
  await rig.advance(1)
  assert.equal(rig.heard(), ['trigger 2'])
  await rig.coordinator.stop()
})

test('one that takes longer than the interval is followed by the next at once, but not before the pause is over', async () => {
  const rig = createRig({ intervalMs: 100, minPauseMs: 40 })
  rig.coordinator.start()
  await rig.advance(100)
  await rig.advance(500)
  await rig.pass(1)
  rig.heard()
  await rig.advance(39)
  assert.equal(rig.heard(), [])
  await rig.advance(1)
  assert.equal(rig.heard(), ['trigger 2'])
  await rig.coordinator.stop()
})

test('without an interval nothing is made that nobody asks for', async () => {
  const rig = createRig()
  rig.coordinator.start()
  await rig.advance(10_000_000)
  assert.equal(rig.heard(), [])
  assert.is(rig.clock.pendingTimers, 0)
})

test('it is in the store before sinks commit, and they have committed before anybody hears of it', async () => {
  let finishCommit = (): void => {}
  const rig = createRig({
    host: { commit: () => new Promise((resolve) => (finishCommit = resolve)) },
  })
  rig.coordinator.start()
  const made = rig.coordinator.checkpoint()
  await settle()
  await rig.pass(1)
  assert.equal(rig.heard(), ['trigger 1', 'sources 1', 'stored 1'])
  finishCommit()
  assert.is((await made).id, 1)
  assert.equal(rig.heard(), ['complete 1'])
})

test('what the writers of all subtasks have prepared is committed in the order of subtasks, once', async () => {
  const rig = createRig()
  rig.coordinator.start()
  void rig.coordinator.checkpoint()
  await settle()
  rig.coordinator.acknowledged(SINK_1, 1, snapshotOf(SINK_1, 'c'))
  rig.coordinator.acknowledged(SINK_0, 1, snapshotOf(SINK_0, 'a', 'b'))
  rig.coordinator.acknowledged(SOURCE, 1, snapshotOf(SOURCE))
  await settle()
  assert.equal(rig.committed, ['a', 'b', 'c'])
  void rig.coordinator.checkpoint()
  await settle()
  await rig.pass(2)
  assert.equal(rig.committed, ['a', 'b', 'c'])
})

test('one that was asked for waits for the one under way, and all who ask meanwhile share it', async () => {
  const rig = createRig({ intervalMs: 100, minPauseMs: 50 })
  rig.coordinator.start()
  await rig.advance(100)
  const first = rig.coordinator.checkpoint()
  assert.is(rig.coordinator.checkpoint(), first)
  const savepoint = rig.coordinator.savepoint()
  await settle()
  assert.equal(rig.heard(), ['trigger 1'])
  await rig.pass(1)
  assert.equal(rig.heard().at(-1), 'trigger 2', 'without a pause')
  await rig.pass(2)
  await rig.pass(3)
  assert.equal([(await first).kind, (await savepoint).kind], ['checkpoint', 'savepoint'])
  await rig.coordinator.stop()
})

test('what is asked for before the start waits for it', async () => {
  const rig = createRig()
  const made = rig.coordinator.checkpoint()
  await settle()
  assert.equal(rig.heard(), [])
  rig.coordinator.start()
  await settle()
  await rig.pass(1)
  assert.is((await made).id, 1)
})

test('a savepoint in another store commits nothing: what it holds is committed with the next checkpoint', async () => {
  const rig = createRig()
  const elsewhere = new FaultyStore()
  await elsewhere.begin(41)
  rig.coordinator.start()
  const made = rig.coordinator.savepoint(elsewhere)
  await settle()
  assert.equal(rig.heard(), ['trigger 42'])
  rig.coordinator.acknowledged(SOURCE, 42, snapshotOf(SOURCE))
  rig.coordinator.acknowledged(SINK_0, 42, snapshotOf(SINK_0, 'a'))
  rig.coordinator.acknowledged(SINK_1, 42, snapshotOf(SINK_1))
  await settle()
  assert.is((await made).id, 42)
  assert.equal(rig.heard(), ['sources 42', 'aborted 42'])
  const stored = await readCheckpoint(elsewhere, 42)
  assert.equal(stored.operators.get('out')?.shares[0]?.sink?.committables, ['a'])
  void rig.coordinator.checkpoint()
  await settle()
  await rig.pass(43)
  assert.equal(rig.committed, ['a'])
})

test('subtasks that have finished are no obstacle: their last snapshot is in every later checkpoint', async () => {
  const rig = createRig()
  rig.coordinator.start()
  rig.coordinator.subtaskFinished(SINK_0, snapshotOf(SINK_0, 'last'))
  for (const id of [1, 2]) {
    void rig.coordinator.checkpoint()
    await settle()
    rig.acknowledge(id, SOURCE, SINK_1)
    await settle()
    const share = (await readCheckpoint(rig.store, id)).operators.get('out')?.shares[0]
    assert.is(share?.finished, true)
    assert.equal(share?.sink?.committables, id === 1 ? ['last'] : [])
  }
  assert.equal(rig.committed, ['last'])
})

test('a subtask that finishes during a checkpoint completes it, and one that acknowledged before commits its rest with the next', async () => {
  const rig = createRig()
  rig.coordinator.start()
  void rig.coordinator.checkpoint()
  await settle()
  rig.coordinator.acknowledged(SINK_0, 1, snapshotOf(SINK_0, 'a'))
  rig.coordinator.subtaskFinished(SINK_0, snapshotOf(SINK_0, 'b'))
  rig.coordinator.subtaskFinished(SOURCE, snapshotOf(SOURCE))
  rig.coordinator.subtaskFinished(SINK_1, snapshotOf(SINK_1, 'c'))
  await settle()
  assert.equal(rig.committed, ['a', 'c'])
  await rig.coordinator.complete()
  assert.equal(rig.committed, ['a', 'c', 'b'])
})

test('the states of enumerators are taken when the last source acknowledges, whatever the others do', async () => {
  const rig = createRig()
  rig.coordinator.start()
  void rig.coordinator.checkpoint()
  await settle()
  rig.acknowledge(1, SINK_0)
  assert.equal(rig.heard(), ['trigger 1'])
  rig.acknowledge(1, SOURCE)
  assert.equal(rig.heard(), ['sources 1'], 'in the same call')
  assert.equal(rig.progress, [[{ uid: 'in', subtaskIndex: 0, received: 3 }]])
  rig.acknowledge(1, SINK_1)
  await settle()
  const { operators } = await readCheckpoint(rig.store, 1)
  assert.equal(operators.get('in')?.enumerator?.state, { next: 1 })
})

test('the end of a job makes a last checkpoint and commits it, and none follows', async () => {
  const rig = createRig({ intervalMs: 100 })
  rig.coordinator.start()
  await rejects(rig.coordinator.complete(), { code: 'SUBTASKS_UNFINISHED', message: /0\/0, 1\/0/ })
  for (const name of ALL)
    rig.coordinator.subtaskFinished(name, snapshotOf(name, `last ${name.subtaskIndex}`))
  const last = await rig.coordinator.complete()
  assert.is(last?.id, 1)
  assert.equal(rig.heard(), ['sources 1', 'stored 1', 'commit last 0 last 1', 'complete 1'])
  await rig.advance(1000)
  assert.equal(rig.heard(), [])
  assert.is(rig.clock.pendingTimers, 0)
  await rejects(rig.coordinator.checkpoint(), { code: 'CHECKPOINT_FAILED', message: /jobStopped/ })
})

test('without a store the end of a job commits what all subtasks have prepared', async () => {
  const rig = createRig({ withoutStore: true, intervalMs: 100 })
  rig.coordinator.start()
  await rig.advance(1000)
  await rejects(rig.coordinator.checkpoint(), { code: 'CHECKPOINTS_OFF' })
  await rejects(rig.coordinator.savepoint(), { code: 'CHECKPOINTS_OFF' })
  for (const name of ALL) rig.coordinator.subtaskFinished(name, snapshotOf(name, 'x'))
  assert.is(await rig.coordinator.complete(), undefined)
  assert.equal(rig.heard(), ['commit x x'])
})

test('when all sources have finished, no checkpoint is begun that nobody would let in', async () => {
  const rig = createRig({ intervalMs: 100 })
  rig.coordinator.start()
  rig.coordinator.subtaskFinished(SOURCE, snapshotOf(SOURCE))
  await rig.advance(10_000)
  assert.equal(rig.heard(), [])
})

test('the newest checkpoints are kept, savepoints besides, and older ones are removed when a new one is committed', async () => {
  const rig = createRig({ keep: 2 })
  rig.coordinator.start()
  for (let id = 1; id <= 4; id++) {
    void (id === 2 ? rig.coordinator.savepoint() : rig.coordinator.checkpoint())
    await settle()
    await rig.pass(id)
  }
  assert.equal(
    (await rig.store.list()).map(({ id }) => id),
    [2, 3, 4],
  )
  assert.equal(rig.heard().slice(-3), ['commit', 'complete 4', 'removed 1'])
})

test('ids go on where the store has ended, so that a second attempt repeats none', async () => {
  const rig = createRig()
  await (await rig.store.begin(8)).discard()
  rig.coordinator.start()
  void rig.coordinator.checkpoint()
  await settle()
  assert.equal(rig.heard(), ['trigger 9'])
})

test('the history tells of what is under way and of what was', async () => {
  const rig = createRig()
  rig.coordinator.start()
  void rig.coordinator.checkpoint()
  await settle()
  await rig.advance(20)
  rig.acknowledge(1, SOURCE)
  const [now] = rig.coordinator.history.summary().recent
  assert.equal(now, {
    id: 1,
    kind: 'checkpoint',
    state: 'underWay',
    triggeredAt: 1_000_000,
    durationMs: undefined,
    bytes: undefined,
    recordsInFlight: undefined,
    acknowledged: 1,
    subtasks: 3,
    reason: undefined,
  })
  rig.acknowledge(1, SINK_0, SINK_1)
  await settle()
  const { completed, recent } = rig.coordinator.history.summary()
  const { parts } = await rig.store.metadata(1)
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  assert.equal([completed, recent[0]?.durationMs, recent[0]?.bytes], [1, 20, bytes])
})

test.run()
