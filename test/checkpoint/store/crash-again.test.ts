import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import {
  catalogOn,
  checkPromises,
  crashAt,
  newBook,
  openOn,
  randomFrom,
  text,
  write,
} from './store-rig.ts'

test('crashes one after the other, also while the next process cleans up, break no promise', async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomFrom(seed)
    let crash = 0
    const faultAt = (at: number): 'crash' | undefined => (at === crash ? 'crash' : undefined)
    const disk = new SimulatedDisk({ random, faultAt })
    const book = newBook()
    crash = 1 + Math.floor(random() * 150)
    await crashAt(disk, crash, book)
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
