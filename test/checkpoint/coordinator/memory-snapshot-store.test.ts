import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { MemorySnapshotStore } from '../../../checkpoint/coordinator/memory-snapshot-store.ts'
import type {
  CheckpointFacts,
  CheckpointMetadata,
  SnapshotStore,
} from '../../../checkpoint/store/snapshot-store.ts'
import { rejects, throwsCode } from '../../runner/expect.ts'

const FACTS: CheckpointFacts = {
  jobName: 'job',
  jobId: 'run',
  fingerprint: '',
  triggeredAt: 1,
  completedAt: 2,
  operators: [],
  coordinator: { next: 3 },
}

async function make(
  store: SnapshotStore,
  id: number,
  kind?: 'savepoint',
): Promise<CheckpointMetadata> {
  const writer = await store.begin(id, kind === undefined ? {} : { kind })
  await writer.put('state', Uint8Array.of(id))
  return writer.complete(FACTS)
}

const ids = async (store: SnapshotStore): Promise<number[]> =>
  (await store.list()).map(({ id }) => id)

test('what was put is read as it was, whatever becomes of the bytes it was put from', async () => {
  const store = new MemorySnapshotStore()
  const writer = await store.begin(1)
  const bytes = Uint8Array.of(1, 2)
  const coordinator = { next: 3 }
  await writer.put('a', [bytes, Uint8Array.of(3)])
  const { parts } = await writer.complete({ ...FACTS, coordinator })
  bytes.fill(9)
  coordinator.next = 9
  const [part] = parts
  assert.ok(part)
  const read = await store.readPart(part, 1)
  assert.equal([...read], [1, 2, 3])
  read.fill(8)
  assert.equal([...(await store.readPart(part, 1))], [1, 2, 3])
  assert.equal((await store.metadata(1)).coordinator, { next: 3 })
  assert.equal(await store.verify(1), [])
})

test('a checkpoint exists when it is complete, and a discarded one never', async () => {
  const store = new MemorySnapshotStore()
  const writer = await store.begin(1)
  await writer.put('a', Uint8Array.of(1))
  assert.equal(await store.list(), [{ state: 'incomplete', id: 1, kind: 'checkpoint' }])
  assert.equal(await store.latest(), { metadata: undefined, skipped: [], incomplete: [1] })
  await writer.discard()
  await writer.discard()
  assert.equal(await store.list(), [])
  await rejects(writer.put('b', Uint8Array.of(1)), { code: 'WRITER_CLOSED' })
  await rejects(store.metadata(1), { code: 'UNKNOWN_CHECKPOINT' })
  assert.is(await store.nextId(), 2, 'an id is never used twice')
})

test('the latest is the newest that is complete, savepoint or not', async () => {
  const store = new MemorySnapshotStore()
  await make(store, 1)
  await make(store, 2, 'savepoint')
  await store.begin(3)
  const { metadata, incomplete } = await store.latest()
  assert.equal([metadata?.id, incomplete], [2, [3]])
})

test('retention keeps the newest checkpoints and all savepoints', async () => {
  const store = new MemorySnapshotStore()
  for (const id of [1, 3, 4]) await make(store, id)
  await make(store, 2, 'savepoint')
  assert.equal(await store.retain(2), [1])
  assert.equal(await ids(store), [2, 3, 4])
  assert.equal(await store.retain(5), [])
  await rejects(store.retain(0), { code: 'INVALID_ARGUMENT' })
})

test('a part that another checkpoint has taken in stays when its own is removed', async () => {
  const store = new MemorySnapshotStore()
  const { parts } = await make(store, 1)
  const [part] = parts
  assert.ok(part)
  const writer = await store.begin(2)
  writer.include(part)
  throwsCode(() => writer.include(part), 'DUPLICATE_PART')
  await store.remove(1)
  await writer.complete(FACTS)
  assert.equal([...(await store.readPart(part, 2))], [1])
  await store.remove(2)
  await rejects(store.readPart(part, 2), { code: 'UNKNOWN_CHECKPOINT' })
  const late = await store.begin(3)
  late.include(part)
  await rejects(late.complete(FACTS), { code: 'MISSING_PART' })
  assert.equal(await ids(store), [])
})

test('misuse is refused by code', async () => {
  const store = new MemorySnapshotStore()
  await make(store, 1)
  await rejects(store.begin(1), { code: 'CHECKPOINT_EXISTS' })
  await rejects(store.begin(0), { code: 'INVALID_ARGUMENT' })
  await rejects(store.remove(7), { code: 'UNKNOWN_CHECKPOINT' })
  const savepoint = await store.begin(2, { kind: 'savepoint' })
  await rejects(store.remove(2), { code: 'CHECKPOINT_OPEN' })
  const [part] = (await store.metadata(1)).parts
  assert.ok(part)
  throwsCode(() => savepoint.include(part), 'FOREIGN_PART')
  await savepoint.put('a', Uint8Array.of(1))
  await rejects(savepoint.put('a', Uint8Array.of(1)), { code: 'DUPLICATE_PART' })
  const unsendable = { ...FACTS, coordinator: () => 1 }
  await rejects(savepoint.complete(unsendable), { code: 'UNSENDABLE_VALUE' })
  await store.close()
  await store.close()
  await rejects(store.begin(3), { code: 'STORE_CLOSED' })
})

test.run()
