import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFolder } from '../../../checkpoint/store/make-folder.ts'
import type { OutputDisk } from '../../../checkpoint/store/output-disk.ts'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'
import { rejects } from '../../runner/expect.ts'

const DEEPEST = '/a/b/c/d'
const PATHS = ['/a', '/a/b', '/a/b/c', DEEPEST]

/** Whether there is a folder of this name. */
async function isThere(disk: OutputDisk, path: string): Promise<boolean> {
  return disk.facts(path).then(
    ({ kind }) => kind === 'folder',
    () => false,
  )
}

test('whatever attempts before have begun, and wherever they ended, a folder that was made survives the loss of all that was not synced', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ path: fc.constantFrom(...PATHS), calls: fc.nat({ max: 12 }) })),
      fc.constantFrom(...PATHS),
      async (attempts, path) => {
        let callsLeft = Infinity
        const disk = new SimulatedDisk({
          random: seededRandom(1),
          faultAt: () => (callsLeft-- > 0 ? undefined : 'EIO'),
        })
        const mounted = disk.mountForOutputs({ id: 1, isRunning: () => false })
        for (const attempt of attempts) {
          callsLeft = attempt.calls
          await makeFolder(attempt.path, mounted).catch(() => undefined)
        }
        callsLeft = Infinity
        await makeFolder(path, mounted)
        disk.crash('all')
        const after = disk.mountForOutputs({ id: 2, isRunning: () => false })
        assert.ok(await isThere(after, path))
      },
    ),
  ))

test('several may make the same folders at the same time', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  const mounted = disk.mountForOutputs({ id: 1, isRunning: () => false })
  await Promise.all([DEEPEST, '/a/b', DEEPEST].map((path) => makeFolder(path, mounted)))
  disk.crash('all')
  assert.ok(await isThere(disk.mountForOutputs({ id: 2, isRunning: () => false }), DEEPEST))
})

test('a folder whose parent may not be read is taken as it is', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  const mounted = disk.mountForOutputs({ id: 1, isRunning: () => false })
  await makeFolder('/a/b', mounted)
  const denied = Object.assign(new Error('permission denied'), { code: 'EACCES' })
  const refusing = { ...mounted, syncFolder: () => Promise.reject(denied) }
  await makeFolder('/a/b', refusing)
  // The name of a new one must be on disk.
  await rejects(makeFolder('/a/b/c', refusing), { code: 'EACCES' })
})

test('a path through a file is no folder', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  const mounted = disk.mountForOutputs({ id: 1, isRunning: () => false })
  await mounted.open('/file')
  await rejects(makeFolder('/file', mounted), { code: 'EEXIST', message: /\/file is not a folder/ })
})

test.run()
