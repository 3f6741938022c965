import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { openStoredFile } from '../../../checkpoint/store/stored-file.ts'
import { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import {
  catalogOn,
  contentOf,
  newBook,
  openOn,
  randomFrom,
  ROOT,
  text,
  write,
} from './store-rig.ts'
import type { Book, Content } from './store-rig.ts'

/** Two checkpoints that share the part `base`, and one of another job's past before them. */
async function twoCheckpoints(): Promise<{ disk: SimulatedDisk; book: Book }> {
  const disk = new SimulatedDisk({ random: randomFrom(1) })
  const book = newBook()
  const store = await openOn(disk.mount())
  await write(store, book, { id: 1, put: { old: text('old', 3) } })
  const second = await write(store, book, { id: 2, put: { base: text('base', 9), a: 'a2' } })
  await write(store, book, {
    id: 3,
    put: { a: 'a3', empty: '' },
    keep: ['base'],
    ...(second && { from: second }),
  })
  await store.close()
  return { disk, book }
}

/** What a reader gets, and which files it was warned of. */
async function readLatest(
  disk: SimulatedDisk,
): Promise<{ id: number | undefined; content: Content | undefined; named: string[] }> {
  const catalog = catalogOn(disk.mount())
  const { metadata, skipped, incomplete } = await catalog.latest()
  const named = skipped.map(({ file }) => file)
  for (const id of incomplete) named.push(`checkpoint-00000${id}/metadata`)
  const content = metadata && (await contentOf(catalog, metadata))
  return { id: metadata?.id, content, named }
}

/** Which checkpoint is the newest that does not need a file. */
function newestWithout(file: string): number {
  if (file.startsWith('checkpoint-000003/')) return 2
  if (file.startsWith('checkpoint-000002/base')) return 1
  return 3
}

/** All files of all checkpoints, relative to the store. */
function filesOf(disk: SimulatedDisk): [string, Buffer][] {
  return [...disk.contents()]
    .filter(([path]) => path.includes('/checkpoint-'))
    .map(([path, bytes]) => [path.slice(ROOT.length + 1), bytes])
}

/** Does something to each file in turn, and checks that every reader is safe from it. */
async function sabotage(
  change: (bytes: Buffer, random: () => number) => Iterable<Buffer | undefined>,
): Promise<number> {
  const { disk, book } = await twoCheckpoints()
  const random = randomFrom(7)
  let damages = 0
  for (const [file, sound] of filesOf(disk)) {
    for (const bytes of change(sound, random)) {
      disk.damage(`${ROOT}/${file}`, bytes)
      const { id, content, named } = await readLatest(disk)
      const what = `${file}: ${bytes?.toString('hex') ?? 'removed'}`
      assert.is(id, newestWithout(file), what)
      assert.equal(content, book.contents.get(id ?? 0), what)
      if (id !== 3) assert.ok(named.includes(file), `${what}: named ${named.join(', ')}`)
      damages++
    }
    disk.damage(`${ROOT}/${file}`, sound)
    assert.is((await readLatest(disk)).id, 3)
  }
  return damages
}

test('a file that is cut at any length never gives a wrong result and is named', async () => {
  const count = await sabotage(function* cut(bytes) {
    for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length)
  })
  assert.ok(count > 500, `${count} damages`)
})

test('a file with any byte changed never gives a wrong result and is named', async () => {
  await sabotage(function* flip(bytes, random) {
    for (let at = 0; at < bytes.length; at++) {
      for (const bits of [1 << Math.floor(random() * 8), 0xff]) {
        const flipped = Buffer.from(bytes)
        flipped[at] = (flipped[at] ?? 0) ^ bits
        yield flipped
      }
    }
  })
})

test('a file that was removed, emptied with zeros, made longer or replaced by another is named', async () => {
  const { disk } = await twoCheckpoints()
  const others = filesOf(disk).map(([, bytes]) => bytes)
  await sabotage(function* replace(bytes) {
    yield undefined
    yield Buffer.alloc(bytes.length)
    yield Buffer.concat([bytes, Buffer.of(0)])
    yield Buffer.concat([bytes, bytes])
    for (const other of others) if (!other.equals(bytes)) yield other
  })
})

test('every part of a damaged checkpoint is found by verify, and reading it says what was expected and found', async () => {
  const { disk } = await twoCheckpoints()
  const catalog = catalogOn(disk.mount())
  const { parts } = await catalog.metadata(3)
  for (const { file } of parts) disk.damage(`${ROOT}/${file}`, Buffer.from('something else'))
  const damages = await catalog.verify(3)
  assert.equal(
    damages.map(({ file }) => file),
    parts.map(({ file }) => file),
  )
  const [part] = parts
  const error = await catalog.readPart(part!, 3).then(
    () => undefined,
    (reason: { code: string; message: string }) => reason,
  )
  assert.is(error?.code, 'DAMAGED_CHECKPOINT')
  assert.is(
    error?.message,
    `${ROOT}: checkpoint 3 is damaged: ${part!.file}: expected at least 24 bytes, found 14 bytes`,
  )
})

test('a file of a later version is refused as such, and nothing older is taken in its place', async () => {
  const { disk } = await twoCheckpoints()
  const path = `${ROOT}/checkpoint-000003/metadata`
  const bytes = Buffer.from(disk.contents().get(path)!)
  bytes[9] = 2
  bytes.writeUInt32LE(checksumOf(bytes), bytes.length - 4)
  disk.damage(path, bytes)
  const catalog = catalogOn(disk.mount())
  assert.is((await catalog.list()).at(-1)?.state, 'unsupported')
  for (const read of [() => catalog.latest(), () => catalog.metadata(3)]) {
    const code = await read().then(
      () => 'resolved',
      (error: { code: string }) => error.code,
    )
    assert.is(code, 'UNSUPPORTED_FORMAT')
  }
})

test('the next process leaves a damaged checkpoint, and the parts it may need, as they are', async () => {
  const { disk } = await twoCheckpoints()
  const owner = await openOn(disk.mount())
  await owner.remove(2)
  await owner.close()
  disk.damage(`${ROOT}/checkpoint-000003/metadata`, Buffer.from('rubbish'))
  const before = [...disk.contents().keys()].sort()
  // Its part that only 3 has referred to.
  assert.ok(before.some((path) => path.includes('checkpoint-000002/base')))
  const store = await openOn(disk.mount())
  await (await store.begin(4)).discard()
  await store.close()
  assert.equal([...disk.contents().keys()].sort(), before)
})

/** The checksum that the bytes should have, as the reader tells it. */
function checksumOf(bytes: Buffer): number {
  const opened = openStoredFile('metadata', bytes, 'here')
  assert.ok('damage' in opened)
  return Number.parseInt(opened.damage.found, 16)
}

test.run()
