import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { MemorySnapshotStore } from '../../../checkpoint/coordinator/memory-snapshot-store.ts'
import { rejects } from '../../runner/expect.ts'
import { createRig, settle } from './coordinator-rig.ts'

test('a savepoint to stop with is copied into the own store, committed, and the last', async () => {
  const rig = createRig({ intervalMs: 100 })
  rig.coordinator.start()
  const elsewhere = new MemorySnapshotStore()
  const stopping = rig.coordinator.stopWithSavepoint(elsewhere)
  const behind = rig.coordinator.checkpoint()
  await settle()
  assert.equal(rig.heard(), ['trigger 1 as the last'])
  await rig.pass(1)
  assert.is((await stopping).kind, 'savepoint')
  await rejects(behind, { code: 'CHECKPOINT_FAILED' })
  const heard = rig.heard().join(', ')
  assert.match(heard, /stored 1, commit, complete 1/)
  const { metadata } = await rig.store.latest()
  assert.is(metadata?.kind, 'checkpoint')
  await rig.advance(1_000)
  assert.equal(rig.heard(), [], 'nothing is triggered any more')
})

test('when the own store does not take the copy, nothing is committed and the job goes on', async () => {
  const rig = createRig()
  rig.coordinator.start()
  const stopping = rig.coordinator.stopWithSavepoint(new MemorySnapshotStore())
  await settle()
  rig.store.fault = 'complete'
  await rig.pass(1)
  await rejects(stopping, { code: 'CHECKPOINT_FAILED', message: /its copy in/ })
  assert.not.ok(rig.heard().some((event) => event.startsWith('commit') || event === 'failJob'))
  const next = rig.coordinator.checkpoint()
  await settle()
  await rig.pass(2)
  assert.is((await next).id, 2)
})

test('without any store there is nothing to stop with', async () => {
  const rig = createRig({ withoutStore: true })
  rig.coordinator.start()
  await rejects(rig.coordinator.stopWithSavepoint(), { code: 'CHECKPOINTS_OFF' })
})

test.run()
