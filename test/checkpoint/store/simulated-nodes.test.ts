import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { CrashLoss } from '../../../checkpoint/store/simulated-nodes.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'

/** What is left of `twelve bytes`, on disk, which was cut off behind 6 and gone on with as `twelve!`. */
async function afterCrash(loss: CrashLoss, seed: number): Promise<string | undefined> {
  const disk = new SimulatedDisk({ random: seededRandom(seed) })
  const mounted = disk.mountForOutputs({ id: 1, isRunning: () => false })
  const file = await mounted.open('/file')
  await file.write(Buffer.from('twelve bytes'))
  await file.sync()
  await mounted.syncFolder('/')
  const again = await mounted.reopen('/file', 6)
  await again.write(Buffer.from('!'))
  disk.crash(loss)
  return disk.contents().get('/file')?.toString()
}

test('that a file was cut off is lost with what was written behind it', async () => {
  assert.is(await afterCrash('all', 1), 'twelve bytes')
  assert.is(await afterCrash('nothing', 1), 'twelve!')
})

test('some of what was not synced may stay: the cut, and a part of what follows, or zeros in its place', async () => {
  const found = new Set<string | undefined>()
  for (let seed = 0; seed < 200; seed++) found.add(await afterCrash('some', seed))
  const possible = ['twelve', 'twelve bytes', 'twelve!', 'twelve\0']
  assert.equal(found, new Set(possible))
})

test('a sync that has failed loses what was written before it, unless it is written anew', async () => {
  let faults = 1
  const disk = new SimulatedDisk({
    random: seededRandom(1),
    faultAt: (_, call) => (call === 'sync /file' && faults-- > 0 ? 'EIO' : undefined),
  })
  const mounted = disk.mountForOutputs({ id: 1, isRunning: () => false })
  const file = await mounted.open('/file')
  await file.write(Buffer.from('lost'))
  await file.sync().catch(() => undefined)
  await file.sync()
  await mounted.syncFolder('/')
  const anew = await mounted.open('/file')
  disk.crash('all')
  assert.is(disk.contents().get('/file')?.toString(), '')
  await anew.sync().then(
    () => assert.unreachable('the process is dead'),
    () => undefined,
  )
})

test.run()
