import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import { referencedFiles } from './referenced-files.ts'
import { checkPromises, newBook, openOn, randomFrom, ROOT, text, write } from './store-rig.ts'
import type { Book } from './store-rig.ts'
import type { SnapshotStore } from '../../../checkpoint/store/snapshot-store.ts'

/** Ids of the complete ones. */
async function completeIds(store: SnapshotStore): Promise<number[]> {
  const listings = await store.list()
  return listings.filter(({ state }) => state === 'complete').map(({ id }) => id)
}

/** One more, of new parts and any of the latest. */
async function writeNext(store: SnapshotStore, book: Book, random: () => number): Promise<void> {
  const id = await store.nextId()
  const { metadata } = await store.latest()
  const savepoint = random() < 0.15
  const keep = (metadata?.parts ?? []).map(({ name }) => name).filter(() => random() < 0.6)
  await write(store, book, {
    id,
    kind: savepoint ? 'savepoint' : 'checkpoint',
    put: { [`p${id}`]: text(`p${id}`, 5), [`q${id}`]: '' },
    keep: savepoint ? [] : keep,
    ...(metadata && { from: metadata }),
    discard: random() < 0.15,
  })
}

test('retention and removal never take a part that is still used, and leave none that is not', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = randomFrom(seed)
    const disk = new SimulatedDisk({ random })
    const book = newBook()
    const store = await openOn(disk.mount())
    for (let round = 0; round < 25; round++) {
      await writeNext(store, book, random)
      const action = random()
      if (action < 0.5)
        for (const id of await store.retain(1 + Math.floor(random() * 3))) book.promised.delete(id)
      else if (action < 0.7) {
        const ids = await completeIds(store)
        const id = ids[Math.floor(random() * ids.length)]
        if (id !== undefined) await store.remove(id)
        if (id !== undefined) book.promised.delete(id)
      }
      await checkPromises(store, book)
    }
    const [last] = (await completeIds(store)).slice(-1)
    if (last !== undefined) await store.remove(last)
    await store.close()
    const left = [...disk.contents().keys()].sort()
    assert.equal(left, await referencedFiles(disk.mount()), `seed ${seed}`)
  }
})

test('retention keeps the newest that are complete, and every savepoint', async () => {
  const disk = new SimulatedDisk({ random: randomFrom(1) })
  const book = newBook()
  const store = await openOn(disk.mount())
  for (const id of [1, 3, 4, 5]) await write(store, book, { id, put: { a: text('a', id) } })
  await write(store, book, { id: 6, kind: 'savepoint', put: { a: 'a' } })
  assert.equal(await store.retain(2), [1, 3])
  assert.equal(await completeIds(store), [4, 5, 6])
  assert.equal(await store.retain(2), [])
})

test('a damaged checkpoint goes with those that are older than the retained ones, and does not count as one of them', async () => {
  const disk = new SimulatedDisk({ random: randomFrom(1) })
  const store = await openOn(disk.mount())
  for (const id of [1, 2, 3, 4]) await write(store, newBook(), { id, put: { a: text('a', id) } })
  for (const id of [2, 4]) disk.damage(`${ROOT}/checkpoint-00000${id}/metadata`, Buffer.from('?'))
  assert.equal(await store.retain(2), [])
  assert.equal(await store.retain(1), [1, 2])
  // Nobody can tell which of the older parts 4 consists of, so they stay as long as it does.
  assert.equal(await completeIds(store), [3])
  await write(store, newBook(), { id: 5, put: { a: 'a' } })
  assert.equal(await store.retain(1), [3, 4])
  assert.equal(
    (await store.list()).map(({ id, state }) => `${id} ${state}`),
    ['5 complete'],
  )
})

test('parts that an open checkpoint has included outlive their own', async () => {
  const disk = new SimulatedDisk({ random: randomFrom(1) })
  const book = newBook()
  const store = await openOn(disk.mount())
  const first = await write(store, book, { id: 1, put: { a: 'a1', b: 'b1' } })
  const writer = await store.begin(2)
  for (const part of first?.parts ?? []) if (part.name === 'a') writer.include(part)
  await store.remove(1)
  assert.is([...disk.contents().keys()].filter((path) => path.endsWith('.part')).length, 1)
  await writer.discard()
  assert.is([...disk.contents().keys()].filter((path) => path.endsWith('.part')).length, 0)
})

test.run()
