import { spawn } from 'node:child_process'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

import { directoryCatalog, openDirectoryStore } from '../../../checkpoint/store/directory-store.ts'
import { nodeFileSystem } from '../../../checkpoint/store/node-file-system.ts'
import { thisMachine } from '../../../checkpoint/store/process-table.ts'
import { checkPromises, contentOf, newBook, randomFrom, text, write } from './store-rig.ts'

const test = suite<{ root: string }>('on the real file system', { root: '' })

test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'millrace-store-'))
})
test.after.each(({ root }) => {
  rmSync(root, { recursive: true, force: true })
})

async function codeOf(call: () => Promise<unknown>): Promise<string> {
  return call().then(
    () => 'resolved',
    (error: { code: string }) => error.code,
  )
}

test('checkpoints are written, shared, read back and removed', async ({ root }) => {
  const directory = join(root, 'a', 'b')
  const book = newBook()
  const store = await openDirectoryStore(directory)
  const first = await write(store, book, { id: 1, put: { base: text('base', 500_000), a: 'a1' } })
  await write(store, book, {
    id: 2,
    put: { a: 'a2' },
    keep: ['base'],
    ...(first && { from: first }),
  })
  await write(store, book, { id: 3, put: { a: 'a2' }, discard: true })
  await checkPromises(store, book)
  book.promised.delete(1)
  assert.equal(await store.retain(1), [1])
  await checkPromises(directoryCatalog(directory), book)
  await store.close()
  assert.equal(readdirSync(directory).sort(), ['checkpoint-000001', 'checkpoint-000002'])
  assert.equal(
    readdirSync(join(directory, 'checkpoint-000001')).map((name) => name.replace(/-.*\./, '.')),
    ['base.part'],
  )
})

test('files of other people are left alone', async ({ root }) => {
  writeFileSync(join(root, 'notes.txt'), 'mine')
  const store = await openDirectoryStore(root)
  await write(store, newBook(), { id: 1, put: { a: 'a' } })
  writeFileSync(join(root, 'checkpoint-000001', 'README'), 'mine, too')
  await store.remove(1)
  await store.close()
  assert.equal(readdirSync(root).sort(), ['checkpoint-000001', 'notes.txt'])
  assert.equal(readdirSync(join(root, 'checkpoint-000001')), ['README'])
})

test('a part that was cut is found, and the checkpoint before is taken', async ({ root }) => {
  const book = newBook()
  const store = await openDirectoryStore(root)
  await write(store, book, { id: 1, put: { a: text('old', 9) } })
  const second = await write(store, book, { id: 2, put: { a: text('new', 9) } })
  const file = second!.parts[0]!.file
  truncateSync(join(root, file), 40)
  const { metadata, skipped } = await store.latest()
  assert.equal(metadata && (await contentOf(store, metadata)), book.contents.get(1))
  assert.equal(skipped, [
    { checkpointId: 2, file, expected: '60 bytes, as it says at its beginning', found: '40 bytes' },
  ])
  await store.close()
})

test('a directory that cannot be one is told', async ({ root }) => {
  const file = join(root, 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'below')]) {
    assert.is(await codeOf(() => openDirectoryStore(path)), 'STORE_NOT_A_DIRECTORY')
  }
  assert.is(await codeOf(() => directoryCatalog(join(root, 'none')).list()), 'STORE_NOT_FOUND')
  assert.is(await codeOf(() => directoryCatalog(file).list()), 'STORE_NOT_A_DIRECTORY')
  assert.is(await codeOf(async () => openDirectoryStore('')), 'INVALID_ARGUMENT')
})

test('a second store on the same directory is refused until the first is closed', async ({
  root,
}) => {
  const store = await openDirectoryStore(root)
  assert.is(await codeOf(() => openDirectoryStore(root)), 'STORE_LOCKED')
  await store.close()
  await (await openDirectoryStore(root)).close()
})

test('the process table knows the living from the dead', () => {
  const { self } = thisMachine
  assert.ok(thisMachine.isAlive(self))
  assert.ok(thisMachine.isAlive({ ...self, start: 0 }))
  assert.not.ok(thisMachine.isAlive({ pid: 2 ** 30, start: 0, host: self.host }))
  // The same number, but another process: only where the system tells when it began.
  if (self.start > 0) assert.not.ok(thisMachine.isAlive({ ...self, start: self.start + 1 }))
})

test('the calls answer with the codes of the system', async ({ root }) => {
  const files = nodeFileSystem
  const file = join(root, 'file')
  const opened = await files.create(file)
  await opened.write(Buffer.from('one'))
  await opened.write(Buffer.from(' two'))
  await opened.sync()
  await opened.close()
  assert.is(readFileSync(file, 'utf8'), 'one two')
  assert.is(await codeOf(() => files.create(file)), 'EEXIST')
  assert.is(await codeOf(() => files.entries(join(root, 'none'))), 'ENOENT')
  assert.is(await codeOf(() => files.entries(file)), 'ENOTDIR')
  assert.is(await codeOf(() => files.read(join(root, 'none'))), 'ENOENT')
  assert.is(await codeOf(() => files.removeFile(join(root, 'none'))), 'ENOENT')
  assert.is(await codeOf(() => files.removeFolder(root)), 'ENOTEMPTY')
  await files.rename(file, join(root, 'other'))
  assert.equal(await files.entries(root), [{ name: 'other', kind: 'file' }])
})

test('a process that is killed at random moments leaves its latest checkpoint whole to the next one', async ({
  root,
}) => {
  const random = randomFrom(5)
  let promised = 0
  for (let kill = 0; kill < 8; kill++) {
    promised = Math.max(promised, await writeAndKill(root, 1 + Math.floor(random() * 12)))
    const catalog = directoryCatalog(root)
    const { metadata, skipped } = await catalog.latest()
    assert.equal(skipped, [])
    assert.ok(metadata !== undefined && metadata.id >= promised, `${promised} was promised`)
    const { id, filling, shared } = await contentOf(catalog, metadata)
    assert.is(id, String(metadata.id))
    assert.ok(filling?.startsWith(`${metadata.id}x`) && filling.endsWith('x'))
    assert.ok(Number(shared?.replace(/^x+/, '')) <= metadata.id)
  }
})

/** Lets a process write until it has printed so many ids, kills it, and resolves to the last id it had printed. */
async function writeAndKill(root: string, lines: number): Promise<number> {
  const main = fileURLToPath(new URL('./fixtures/writer-process.js', import.meta.url))
  const child = spawn(process.execPath, [main, root], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    printed += more
    if (printed.split('\n').length > lines) child.kill('SIGKILL')
  })
  await new Promise((resolve) => child.on('close', resolve))
  const ids = printed.split('\n').slice(0, -1)
  assert.ok(ids.length >= lines, 'it ended by itself')
  return Number(ids.at(-1))
}

test.run()
