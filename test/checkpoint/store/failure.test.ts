import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { DiskFault } from '../../../checkpoint/store/simulated-disk.ts'
import type { CheckpointMetadata, SnapshotStore } from '../../../checkpoint/store/snapshot-store.ts'
import { referencedFiles } from './referenced-files.ts'
import {
  catalogOn,
  checkPromises,
  contentOf,
  FACTS,
  newBook,
  openOn,
  randomFrom,
  text,
  write,
} from './store-rig.ts'
import type { Book } from './store-rig.ts'

const CODES = ['STORE_FAILED', 'STORE_FULL', 'CHECKPOINT_IN_DOUBT']

/** A second checkpoint on top of the first; the code of its failure. */
async function tryOne(
  store: SnapshotStore,
  book: Book,
  from: CheckpointMetadata | undefined,
): Promise<string | undefined> {
  try {
    await write(store, book, {
      id: 2,
      put: { a: text('a2', 40) },
      keep: ['base'],
      ...(from && { from }),
    })
    book.promised.delete(1)
    await store.retain(1)
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  }
}

for (const kind of ['EIO', 'ENOSPC'] satisfies DiskFault[]) {
  test(`when any call fails with ${kind}, the checkpoint is there or it is not, and the next one works`, async () => {
    const failures = new Map<string, number>()
    let step = 0
    for (let reached = true; reached;) {
      step++
      let failing = Infinity
      const faultAt = (at: number): DiskFault | undefined => (at === failing ? kind : undefined)
      const disk = new SimulatedDisk({ random: randomFrom(step), faultAt })
      const book = newBook()
      const store = await openOn(disk.mount())
      const first = await write(store, book, {
        id: 1,
        put: { base: text('base', 60), a: text('a1', 20) },
      })
      failing = disk.steps + step
      const code = await tryOne(store, book, first)
      reached = disk.steps >= failing
      failing = Infinity
      if (code !== undefined) {
        assert.ok(CODES.includes(code), code)
        failures.set(code, (failures.get(code) ?? 0) + 1)
      }
      // A rejected `complete` means that it does not exist, unless it says that nobody knows.
      const listed = (await store.list()).some(({ id, state }) => id === 2 && state === 'complete')
      if (code !== 'CHECKPOINT_IN_DOUBT') assert.is(listed, book.promised.has(2), `step ${step}`)
      await checkPromises(store, book)

      const id = await store.nextId()
      await write(store, book, { id, put: { b: text('b', 9) } })
      await store.close()
      disk.crash('all')
      await checkPromises(catalogOn(disk.mount()), book)
    }
    assert.ok(step > 30, `${step} steps`)
    assert.ok(failures.size > 0)
  })
}

test('when the last sync fails and taking the metadata back fails too, the checkpoint is in doubt', async () => {
  let broken = false
  const faultAt = (_: number, call: string): DiskFault | undefined => {
    if (call.startsWith('rename') && call.endsWith('checkpoint-000001/metadata')) broken = true
    else if (broken) return 'EIO'
    return undefined
  }
  const disk = new SimulatedDisk({ random: randomFrom(1), faultAt })
  const store = await openOn(disk.mount())
  const writer = await store.begin(1)
  await writer.put('a', Buffer.from('a'))
  const error = await writer.complete(FACTS).then(
    () => undefined,
    (reason: { code: string; message: string }) => reason,
  )
  assert.is(error?.code, 'CHECKPOINT_IN_DOUBT')
  assert.match(error?.message ?? '', /checkpoint-000001/)
})

test('on a full disk a checkpoint fails as such, leaves the one before, and gives back its room', async () => {
  const disk = new SimulatedDisk({ random: randomFrom(1), capacityBytes: 3000 })
  const book = newBook()
  const store = await openOn(disk.mount())
  await write(store, book, { id: 1, put: { a: text('a', 300) } })
  const before = [...disk.contents().keys()].sort()
  const error = await write(store, book, { id: 2, put: { b: text('b', 2000) } }).then(
    () => undefined,
    (reason: { code: string; retryable: boolean }) => reason,
  )
  assert.is(error?.code, 'STORE_FULL')
  assert.ok(error?.retryable)
  await checkPromises(store, book)
  // Whoever has begun it ends it.
  await store.close()
  const again = await openOn(disk.mount())
  await write(again, book, { id: 3, put: { c: text('c', 300) } })
  await again.close()
  await checkPromises(catalogOn(disk.mount()), book)
  const after = [...disk.contents().keys()].sort()
  assert.equal(after, await referencedFiles(disk.mount()))
  assert.is(after.length, before.length - 1 + 2)
})

test('where a put has failed, complete fails with the same error', async () => {
  let full = true
  const faultAt = (_: number, call: string): DiskFault | undefined =>
    full && call.startsWith('write') ? 'ENOSPC' : undefined
  const disk = new SimulatedDisk({ random: randomFrom(1), faultAt })
  const store = await openOn(disk.mount())
  const writer = await store.begin(1)
  const failure = await writer.put('a', Buffer.from('a')).then(
    () => undefined,
    (error: unknown) => error,
  )
  full = false
  await writer.put('b', Buffer.from('b'))
  assert.is(
    await writer.complete(FACTS).then(
      () => undefined,
      (error: unknown) => error,
    ),
    failure,
  )
  assert.is((await store.latest()).metadata, undefined)
})

test('a storage that cannot be read is no reason to go on from an older checkpoint', async () => {
  let broken = ''
  const faultAt = (_: number, call: string): DiskFault | undefined =>
    broken !== '' && call.startsWith('read ') && call.includes(broken) ? 'EIO' : undefined
  const disk = new SimulatedDisk({ random: randomFrom(1), faultAt })
  const book = newBook()
  const store = await openOn(disk.mount())
  await write(store, book, { id: 1, put: { a: 'old' } })
  await write(store, book, { id: 2, put: { a: 'new' } })
  for (const file of ['checkpoint-000002/metadata', 'checkpoint-000002/a-']) {
    broken = file
    const code = await store.latest().then(
      () => 'resolved',
      (error: { code: string }) => error.code,
    )
    assert.is(code, 'STORE_FAILED', file)
  }
  broken = ''
  const { metadata } = await store.latest()
  assert.equal(metadata && (await contentOf(store, metadata)), { a: 'new' })
})

test.run()
