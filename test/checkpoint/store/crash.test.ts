import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { CrashLoss } from '../../../checkpoint/store/simulated-disk.ts'
import { referencedFiles } from './referenced-files.ts'
import {
  catalogOn,
  checkPromises,
  liveALife,
  newBook,
  openOn,
  randomFrom,
  text,
  write,
} from './store-rig.ts'
import type { Book } from './store-rig.ts'

const LOSSES: readonly CrashLoss[] = ['all', 'nothing', 'some', 'some']

/** Lives a life that ends at a step; false where it was over before. */
async function crashAt(step: number, disk: SimulatedDisk, book: Book): Promise<boolean> {
  try {
    await liveALife(disk.mount(), book)
    return false
  } catch (error) {
    assert.ok(disk.steps >= step, `failed before the crash: ${String(error)}`)
    return true
  }
}

test('a life without a crash keeps every promise and leaves nothing behind', async () => {
  const disk = new SimulatedDisk({ random: randomFrom(1) })
  const book = newBook()
  await liveALife(disk.mount(), book)
  await checkPromises(catalogOn(disk.mount()), book)
  assert.equal([...book.promised], [5, 6])
  assert.equal([...disk.contents().keys()].sort(), await referencedFiles(disk.mount()))
})

test('after a crash at any step the latest checkpoint is the new one or the one before, and reads back equal', async () => {
  let step = 0
  for (let crashed = true; crashed;) {
    step++
    for (const [seed, loss] of LOSSES.entries()) {
      const faultAt = (at: number): 'crash' | undefined => (at === step ? 'crash' : undefined)
      const disk = new SimulatedDisk({ random: randomFrom(step * 100 + seed), faultAt })
      const book = newBook()
      crashed = await crashAt(step, disk, book)
      disk.crash(loss)
      await checkPromises(catalogOn(disk.mount()), book)

      const store = await openOn(disk.mount())
      const id = await store.nextId()
      const { metadata } = await store.latest()
      await write(store, book, {
        id,
        put: { again: text('again', 9) },
        keep: metadata?.parts.map(({ name }) => name) ?? [],
        ...(metadata && { from: metadata }),
      })
      await checkPromises(store, book)
      assert.is((await store.latest()).metadata?.id, id)
      await store.close()
      assert.equal([...disk.contents().keys()].sort(), await referencedFiles(disk.mount()))
    }
  }
  assert.ok(step > 100, `${step} steps`)
})

test('crashes one after the other, also while the next process cleans up, break no promise', async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomFrom(seed)
    let crash = 0
    const faultAt = (at: number): 'crash' | undefined => (at === crash ? 'crash' : undefined)
    const disk = new SimulatedDisk({ random, faultAt })
    const book = newBook()
    crash = 1 + Math.floor(random() * 150)
    await crashAt(crash, disk, book)
    for (let round = 0; round < 4; round++) {
      crash = 0
      disk.crash('some')
      await checkPromises(catalogOn(disk.mount()), book)
      crash = disk.steps + 1 + Math.floor(random() * 60)
      try {
        const store = await openOn(disk.mount())
        const id = 10 + round * 2
        await write(store, book, { id, put: { a: text('a', id) } })
        const removed = await store.list()
        for (const old of removed) if (old.id < id) book.promised.delete(old.id)
        await store.retain(1)
        await write(store, book, { id: id + 1, put: { a: text('a', id) } })
      } catch (error) {
        assert.ok(disk.steps >= crash, `seed ${seed}: failed before the crash: ${String(error)}`)
      }
    }
    crash = 0
    disk.crash('some')
    await checkPromises(catalogOn(disk.mount()), book)
  }
})

test.run()
