import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { CrashLoss } from '../../../checkpoint/store/simulated-nodes.ts'
import { referencedFiles } from './referenced-files.ts'
import {
  catalogOn,
  checkPromises,
  crashAt,
  liveALife,
  newBook,
  openOn,
  randomFrom,
  text,
  write,
} from './store-rig.ts'

const LOSSES: readonly CrashLoss[] = ['all', 'nothing', 'some']

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
      crashed = await crashAt(disk, step, book)
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

test.run()
