/** The disk of the machine and the simulated one answer the calls of sinks alike. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type { OutputDisk } from '../../../checkpoint/store/output-disk.ts'
import { nodeOutputDisk } from '../../../connectors/files/node-output-disk.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'
import { rejects } from '../../runner/expect.ts'

/** Hands over a disk and an empty folder on it. */
type Rig = (run: (disk: OutputDisk, folder: string) => Promise<void>) => Promise<void>

const onMachine: Rig = async (run) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-disk-'))
  try {
    await run(nodeOutputDisk, folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const simulated: Rig = async (run) => {
  const disk = new SimulatedDisk({ random: seededRandom(1) })
  const mounted = disk.mountForOutputs({ id: 7, isRunning: () => false })
  await mounted.makeFolder('/folder')
  await run(mounted, '/folder')
}

/** Writes a text into an open file and closes it. */
async function finish(file: Awaited<ReturnType<OutputDisk['open']>>, text: string): Promise<void> {
  await file.write(Buffer.from(text))
  await file.sync()
  await file.close()
}

for (const [name, rig] of [
  ['the machine', onMachine],
  ['the simulator', simulated],
] as const) {
  const test = suite(`output disk of ${name}`)

  test('a file that is opened is empty, and another one keeps its identity under another name', () =>
    rig(async (disk, folder) => {
      const path = `${folder}/a`
      await finish(await disk.open(path), 'twelve bytes')
      const { kind, bytes, identity } = await disk.facts(path)
      assert.equal([kind, bytes], ['file', 12])
      await disk.rename(path, `${folder}/b`)
      assert.is((await disk.facts(`${folder}/b`)).identity, identity)
      await rejects(disk.facts(path), { code: 'ENOENT' })
      await finish(await disk.open(`${folder}/b`), 'x')
      assert.is((await disk.facts(`${folder}/b`)).bytes, 1)
      await disk.syncFolder(folder)
      assert.equal(await disk.entries(folder), [{ name: 'b', kind: 'file' }])
    }))

  test('a file that is opened again is cut off, and written behind that', () =>
    rig(async (disk, folder) => {
      const path = `${folder}/a`
      await rejects(disk.reopen(path, 0), { code: 'ENOENT' })
      assert.equal(await disk.entries(folder), [])
      await finish(await disk.open(path), 'twelve bytes')
      await finish(await disk.reopen(path, 7), '!')
      assert.is((await disk.facts(path)).bytes, 8)
    }))

  test('a copy has the bytes, and takes the place of what is there', () =>
    rig(async (disk, folder) => {
      await rejects(disk.copy(`${folder}/a`, `${folder}/b`), { code: 'ENOENT' })
      await finish(await disk.open(`${folder}/a`), 'short')
      await finish(await disk.open(`${folder}/b`), 'much longer')
      await disk.copy(`${folder}/a`, `${folder}/b`)
      assert.is((await disk.facts(`${folder}/b`)).bytes, 5)
      await disk.removeFile(`${folder}/a`)
      await rejects(disk.removeFile(`${folder}/a`), { code: 'ENOENT' })
    }))

  test('folders are made one by one', () =>
    rig(async (disk, folder) => {
      await rejects(disk.makeFolder(`${folder}/a/b`), { code: 'ENOENT' })
      await rejects(disk.open(`${folder}/a/file`), { code: 'ENOENT' })
      await disk.makeFolder(`${folder}/a`)
      await rejects(disk.makeFolder(`${folder}/a`), { code: 'EEXIST' })
      assert.is((await disk.facts(`${folder}/a`)).kind, 'folder')
      assert.equal(await disk.entries(folder), [{ name: 'a', kind: 'folder' }])
    }))

  test('marks are eight hexadecimal digits, and a process knows when it began', () =>
    rig(async (disk, folder) => {
      const marks = Array.from({ length: 20 }, () => disk.newMark())
      assert.ok(marks.every((mark) => /^[0-9a-f]{8}$/.test(mark)))
      assert.ok(new Set(marks).size > 1)
      const { process } = disk
      assert.is(process.isRunning(process.id), false)
      await finish(await disk.open(`${folder}/a`), 'x')
      assert.ok((await disk.facts(`${folder}/a`)).writtenMs >= process.begunMs)
    }))

  test.run()
}
