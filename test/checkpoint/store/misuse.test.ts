import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { directoryCatalog, openDirectoryStore } from '../../../checkpoint/store/directory-store.ts'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { CheckpointFacts } from '../../../checkpoint/store/snapshot-store.ts'
import { FACTS, lonely, newBook, openOn, randomFrom, ROOT, write } from './store-rig.ts'

function newDisk(): SimulatedDisk {
  return new SimulatedDisk({ random: randomFrom(1) })
}

/** The code and message of what a call rejects or throws. */
async function failureOf(call: () => unknown): Promise<string> {
  try {
    await call()
    return 'nothing failed'
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return `${code}: ${message}`
  }
}

test('ids are whole numbers from 1, each used once over checkpoints and savepoints', async () => {
  const store = await openOn(newDisk().mount())
  assert.is(await store.nextId(), 1)
  await write(store, newBook(), { id: 7, kind: 'savepoint', put: { a: 'a' } })
  assert.is(await store.nextId(), 8)
  assert.match(await failureOf(() => store.begin(7)), /^CHECKPOINT_EXISTS: .* 7 already/)
  for (const id of [0, -1, 1.5, NaN, 2 ** 53]) {
    assert.match(await failureOf(() => store.begin(id)), /^INVALID_ARGUMENT: .*an id from 1, got/)
  }
})

test('what is not there is unknown, not damaged', async () => {
  const store = await openOn(newDisk().mount())
  const writer = await store.begin(1)
  for (const read of [() => store.metadata(9), () => store.verify(9), () => store.remove(9)]) {
    assert.match(await failureOf(read), /^UNKNOWN_CHECKPOINT: .*checkpoint 9/)
  }
  assert.match(await failureOf(() => store.metadata(1)), /^UNKNOWN_CHECKPOINT: .*never completed/)
  assert.match(await failureOf(() => store.remove(1)), /^CHECKPOINT_OPEN: /)
  await writer.discard()
})

test('an empty store has no latest checkpoint, and a directory that is missing is told', async () => {
  const disk = newDisk()
  const catalog = directoryCatalog(ROOT, { files: disk.mount() })
  assert.match(
    await failureOf(() => catalog.latest()),
    /^STORE_NOT_FOUND: reading .* does not exist/,
  )
  const store = await openOn(disk.mount())
  assert.equal(await store.latest(), { metadata: undefined, skipped: [], incomplete: [] })
})

test('a part is bytes under a name that is used once, and a writer ends once', async () => {
  const store = await openOn(newDisk().mount())
  const writer = await store.begin(1)
  const put = writer.put('a', Buffer.from('a'))
  assert.match(await failureOf(() => writer.put('a', Buffer.from('b'))), /^DUPLICATE_PART: .*'a'/)
  assert.match(await failureOf(() => writer.complete(FACTS)), /^PUT_PENDING: .*1 on their way/)
  const part = await put
  assert.match(await failureOf(() => writer.include(part)), /^DUPLICATE_PART: .*'a'/)
  await writer.complete(FACTS)
  for (const call of [
    () => writer.put('b', Buffer.from('b')),
    () => writer.include(part),
    () => writer.complete(FACTS),
  ]) {
    assert.match(await failureOf(call), /^WRITER_CLOSED: checkpoint-000001 /)
  }
  await writer.discard()
  assert.is((await store.latest()).metadata?.id, 1)

  const other = await store.begin(2)
  for (const [name, content] of [
    ['', Buffer.from('a')],
    ['a', 'text'],
    ['b', [1, 2]],
  ] as [string, Buffer][]) {
    assert.match(await failureOf(() => other.put(name, content)), /^INVALID_ARGUMENT: /)
  }
})

test('a savepoint includes nothing of others, and nobody includes what is not there', async () => {
  const disk = newDisk()
  const store = await openOn(disk.mount())
  const first = await write(store, newBook(), { id: 1, put: { a: 'a' } })
  const [part] = first!.parts
  const savepoint = await store.begin(2, { kind: 'savepoint' })
  assert.match(await failureOf(() => savepoint.include(part!)), /^FOREIGN_PART: savepoint-000002/)
  await savepoint.discard()

  for (const file of ['../secret', '/etc/passwd', 'checkpoint-000001/../x.part', 'other/a.part']) {
    const writer = await store.begin(await store.nextId())
    assert.match(await failureOf(() => writer.include({ ...part!, file })), /^INVALID_ARGUMENT: /)
    await writer.discard()
  }
  for (const wrong of [{ bytes: 2 }, { checksum: 1 }, { file: 'checkpoint-000001/b.part' }]) {
    const writer = await store.begin(await store.nextId())
    writer.include({ ...part!, ...wrong })
    assert.match(await failureOf(() => writer.complete(FACTS)), /^MISSING_PART: /)
  }
  const writer = await store.begin(await store.nextId())
  writer.include(part!)
  disk.damage(`${ROOT}/${part!.file}`, undefined)
  assert.match(await failureOf(() => writer.complete(FACTS)), /^MISSING_PART: .*'a'/)
})

test('facts of another form are refused before anything is written', async () => {
  const disk = newDisk()
  const store = await openOn(disk.mount())
  const [operator] = FACTS.operators
  const wrong: [Partial<Record<keyof CheckpointFacts, unknown>>, RegExp][] = [
    [{ jobName: undefined }, /"jobName", a text, got undefined/],
    [{ fingerprint: 7 }, /"fingerprint", a text, got 7/],
    [{ triggeredAt: NaN }, /"triggeredAt", a number/],
    [{ operators: [{ ...operator, parallelism: 129 }] }, /'count'.*from 1 to 128, got 129/],
    [{ operators: [{ ...operator, maxParallelism: 32769 }] }, /'count'.*from 1 to 32768/],
    [{ operators: [operator, operator] }, /different uids, got 'count' twice/],
    [{ coordinator: () => 1 }, /^UNSENDABLE_VALUE/],
  ]
  for (const [facts, message] of wrong) {
    const writer = await store.begin(await store.nextId())
    const failure = await failureOf(() =>
      writer.complete({ ...FACTS, ...facts } as CheckpointFacts),
    )
    assert.match(failure, message)
  }
  await store.close()
  assert.is(disk.contents().size, 0)
})

test('a store that was closed takes no more calls, and its open checkpoint is gone', async () => {
  const disk = newDisk()
  const store = await openOn(disk.mount())
  const writer = await store.begin(1)
  await writer.put('a', Buffer.from('a'))
  await store.close()
  await store.close()
  assert.is(disk.contents().size, 0)
  assert.match(await failureOf(() => store.begin(2)), /^STORE_CLOSED: /)
  assert.match(await failureOf(() => writer.complete(FACTS)), /^WRITER_CLOSED: /)
})

test('one process at a time has a directory; the lock of a dead one is taken over, that of another machine only when asked', async () => {
  const files = newDisk().mount()
  const open = (pid: number, alive: readonly number[], host = 'machine', takeOver = false) =>
    openDirectoryStore(ROOT, {
      files,
      takeOver,
      processes: { self: { pid, start: 1, host }, isAlive: (other) => alive.includes(other.pid) },
    })
  const first = await open(1, [1])
  assert.match(await failureOf(() => open(1, [1])), /^STORE_LOCKED: .*this process itself/)
  assert.match(
    await failureOf(() => open(2, [1, 2])),
    /^STORE_LOCKED: .*process 1 .*lock-1-1-machine/,
  )
  assert.match(await failureOf(() => open(2, [], 'Other')), /^STORE_LOCKED: .*machine 'machine'/)
  await first.close()
  await open(2, [1, 2])
  const third = await open(3, [1, 3])
  await third.close()
  await open(4, [4])
  const fifth = await open(5, [5], 'other', true)
  await fifth.close()
  assert.equal(await files.entries(ROOT), [])
})

test('of several processes that come at once at most one gets the directory', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const files = newDisk().mount()
    const pids = [1, 2, 3]
    const opened = await Promise.allSettled(
      pids.map((pid) =>
        openDirectoryStore(ROOT, {
          files,
          processes: { ...lonely(pid), isAlive: () => true },
        }),
      ),
    )
    assert.ok(opened.filter(({ status }) => status === 'fulfilled').length <= 1)
  }
})

test.run()
