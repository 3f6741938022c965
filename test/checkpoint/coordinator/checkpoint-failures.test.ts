import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { CheckpointError } from '../../../checkpoint/coordinator/checkpoint-failure.ts'
import { rejects } from '../../runner/expect.ts'
import { ALL, createRig, settle, SINK_0, SINK_1, snapshotOf, SOURCE } from './coordinator-rig.ts'
import type { Fault } from './coordinator-rig.ts'

type Rig = ReturnType<typeof createRig>

/** The code of the error that has failed the job, and its cause's reason. */
function jobFailure({ failures }: Rig): unknown[] {
  return failures.map((error) => {
    const { code, cause } = error as { code: string; cause?: { reason?: string } }
    return cause?.reason === undefined ? code : `${code} ${cause.reason}`
  })
}

test('one that takes too long is given up: who waits for its barriers is told, and the next one may begin', async () => {
  const rig = createRig({ intervalMs: 100, timeoutMs: 1000, tolerableFailures: 1 })
  rig.coordinator.start()
  await rig.advance(100)
  rig.acknowledge(1, SOURCE, SINK_1)
  await rig.advance(999)
  assert.equal(rig.heard(), ['trigger 1', 'sources 1'])
  rig.clock.advance(1)
  assert.equal(rig.heard(), ['aborted 1'], 'at once')
  await settle()
  await rig.advance(0)
  assert.equal(rig.heard(), ['trigger 2'])
  assert.equal(
    (await rig.store.list()).map(({ id }) => id),
    [2],
    'nothing of it is left in the store',
  )
  const [first] = rig.coordinator.history.summary().recent
  assert.equal([first?.state, first?.reason, first?.acknowledged], ['failed', 'timedOut', 2])
  await rig.coordinator.stop()
})

test('more failures in a row than are tolerated fail the job, naming the last', async () => {
  for (const tolerableFailures of [0, 1, 2]) {
    const rig = createRig({ intervalMs: 100, timeoutMs: 50, tolerableFailures })
    rig.coordinator.start()
    for (let failure = 0; failure < tolerableFailures; failure++) await rig.advance(150)
    assert.equal(jobFailure(rig), [])
    for (let turn = 0; turn < 10; turn++) await rig.advance(50)
    assert.equal(jobFailure(rig), ['TOO_MANY_FAILED_CHECKPOINTS timedOut'])
    assert.is(rig.coordinator.history.summary().failed, tolerableFailures + 1)
    assert.is(rig.clock.pendingTimers, 0, 'nothing more is made')
  }
})

test('one that completes ends the row of failures', async () => {
  const rig = createRig({ intervalMs: 100, timeoutMs: 50, tolerableFailures: 1 })
  rig.coordinator.start()
  for (let id = 1; id <= 6; id++) {
    while (!rig.heard().includes(`trigger ${id}`)) await rig.advance(10)
    if (id % 2 === 0) await rig.pass(id)
    else await rig.advance(50)
  }
  assert.equal(jobFailure(rig), [])
  const { completed, failed } = rig.coordinator.history.summary()
  assert.equal([completed, failed], [3, 3])
  await rig.coordinator.stop()
})

test('a failure of one that was asked for is told to who asked, and does not count', async () => {
  const rig = createRig()
  rig.coordinator.start()
  const made = rig.coordinator.checkpoint()
  await settle()
  rig.coordinator.declined(SINK_0, 1, new Error('a function in the state'))
  const message =
    /checkpoint 1 was not completed \(declined\): subtask 1\/0: a function in the state/
  await rejects(made, { code: 'CHECKPOINT_FAILED', message })
  assert.equal(jobFailure(rig), [])
  rig.coordinator.declined(SINK_1, 1, new Error('too late to matter'))
})

test('every step that fails has its reason, and leaves nothing in the store', async () => {
  const refuse = (): never => {
    throw new Error('no')
  }
  const cases: readonly [string, Parameters<typeof createRig>[0], Fault | undefined][] = [
    ['storeFailed', {}, 'begin'],
    ['storeFailed', {}, 'put'],
    ['storeFailed', {}, 'complete'],
    ['triggerFailed', { host: { trigger: refuse } }, undefined],
    ['enumeratorFailed', { host: { sourcesAcknowledged: refuse } }, undefined],
  ]
  for (const [reason, options, fault] of cases) {
    const rig = createRig(options)
    rig.store.fault = fault
    rig.coordinator.start()
    const made = rig.coordinator.checkpoint()
    await settle()
    if (fault !== 'begin') await rig.pass(1)
    await rejects(made, (error) => (error as CheckpointError).reason === reason)
    assert.equal(await rig.store.list(), [], String(fault))
    assert.is(rig.clock.pendingTimers, 0)
  }
})

test('a contribution that is no plain data declines the checkpoint', async () => {
  const rig = createRig()
  rig.coordinator.start()
  const made = rig.coordinator.checkpoint()
  await settle()
  rig.coordinator.acknowledged(
    SINK_0,
    1,
    snapshotOf(SINK_0, () => 1),
  )
  await rejects(made, (error) => (error as CheckpointError).reason === 'declined')
})

test('a checkpoint that may or may not be found after a crash fails the job, however many are tolerated', async () => {
  const rig = createRig({ intervalMs: 100, tolerableFailures: 100 })
  rig.coordinator.start()
  rig.store.fault = 'inDoubt'
  await rig.advance(100)
  await rig.pass(1)
  assert.equal(jobFailure(rig), ['CHECKPOINT_IN_DOUBT'])
  assert.equal(rig.heard().at(-1), 'failJob')
})

test('a commit that fails fails the job with its error; the checkpoint stays, to be committed again', async () => {
  const broken = new Error('the table is gone')
  const rig = createRig({ host: { commit: () => Promise.reject(broken) } })
  rig.coordinator.start()
  const made = rig.coordinator.checkpoint()
  await settle()
  await rig.pass(1)
  await rejects(made, (error) => error === broken)
  assert.equal(rig.failures, [broken])
  assert.equal(rig.heard(), ['trigger 1', 'sources 1', 'stored 1', 'failJob'])
})

test('old checkpoints that cannot be removed are no reason to fail', async () => {
  const rig = createRig()
  rig.coordinator.start()
  rig.store.fault = 'retain'
  const made = rig.coordinator.checkpoint()
  await settle()
  await rig.pass(1)
  assert.is((await made).id, 1)
  assert.is(rig.coordinator.history.summary().retentionFailures, 1)
})

test('acknowledgements that come too late are counted, and what their sinks have prepared goes into the next checkpoint', async () => {
  const rig = createRig({ timeoutMs: 50 })
  rig.coordinator.start()
  rig.coordinator.checkpoint().catch(() => {})
  await settle()
  rig.coordinator.acknowledged(SINK_0, 1, snapshotOf(SINK_0, 'in time'))
  await rig.advance(50)
  rig.coordinator.acknowledged(SINK_1, 1, snapshotOf(SINK_1, 'late'))
  rig.coordinator.acknowledged(SOURCE, 1, snapshotOf(SOURCE))
  void rig.coordinator.checkpoint()
  await settle()
  rig.coordinator.acknowledged(SOURCE, 2, snapshotOf(SOURCE))
  rig.coordinator.acknowledged(SINK_1, 2, snapshotOf(SINK_1, 'new'))
  rig.coordinator.acknowledged(SINK_0, 2, snapshotOf(SINK_0))
  await settle()
  assert.equal(rig.committed, ['in time', 'late', 'new'])
  assert.is(rig.coordinator.history.summary().lateAcknowledgements, 2)
})

test('a repeated acknowledgement commits nothing twice', async () => {
  const rig = createRig()
  rig.coordinator.start()
  void rig.coordinator.checkpoint()
  await settle()
  rig.coordinator.acknowledged(SINK_0, 1, snapshotOf(SINK_0, 'a'))
  rig.coordinator.acknowledged(SINK_0, 1, snapshotOf(SINK_0, 'a'))
  rig.acknowledge(1, SOURCE, SINK_1)
  await settle()
  rig.coordinator.acknowledged(SINK_0, 1, snapshotOf(SINK_0, 'a'))
  void rig.coordinator.checkpoint()
  await settle()
  await rig.pass(2)
  assert.equal(rig.committed, ['a'])
  assert.is(rig.coordinator.history.summary().lateAcknowledgements, 2)
})

test('one that runs out of time because all sources have finished does not count against the job', async () => {
  const rig = createRig({ intervalMs: 100, timeoutMs: 50 })
  rig.coordinator.start()
  await rig.advance(100)
  rig.coordinator.subtaskFinished(SOURCE, snapshotOf(SOURCE))
  await rig.advance(1000)
  assert.equal(jobFailure(rig), [])
  assert.is(rig.coordinator.history.summary().recent[0]?.reason, 'sourcesFinished')
})

test('the end of the attempt gives up what is under way and what waits', async () => {
  const rig = createRig()
  rig.coordinator.start()
  const underWay = rig.coordinator.checkpoint()
  await settle()
  const waiting = rig.coordinator.savepoint()
  const stopped = rig.coordinator.stop()
  assert.equal(rig.heard(), ['trigger 1', 'aborted 1'])
  await stopped
  for (const asked of [underWay, waiting, rig.coordinator.checkpoint()]) {
    await rejects(asked, (error) => (error as CheckpointError).reason === 'jobStopped')
  }
  await rig.coordinator.stop()
  assert.equal(await rig.store.list(), [])
  assert.is(rig.clock.pendingTimers, 0)
  assert.equal(rig.failures, [])
})

test('a checkpoint whose metadata is being written when the attempt ends is committed and told before all is quiet', async () => {
  const rig = createRig()
  rig.coordinator.start()
  const made = rig.coordinator.checkpoint()
  await settle()
  rig.acknowledge(1, ...ALL)
  // The parts are written in the next microtasks, the metadata behind them.
  for (let turn = 0; turn < 100 && !rig.heard().includes('stored 1'); turn++) {
    await Promise.resolve()
  }
  await rig.coordinator.stop()
  assert.equal(rig.heard(), ['commit', 'complete 1'])
  assert.is((await made).id, 1)
})

test('a last checkpoint that fails leaves the end of the job uncommitted', async () => {
  const rig = createRig()
  rig.coordinator.start()
  for (const name of ALL) rig.coordinator.subtaskFinished(name, snapshotOf(name, 'x'))
  rig.store.fault = 'complete'
  await rejects(rig.coordinator.complete(), { code: 'CHECKPOINT_FAILED', message: /STORE_FULL/ })
  assert.equal(rig.committed, [])
})

test.run()
