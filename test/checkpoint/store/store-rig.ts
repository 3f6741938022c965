/**
 * A store on a disk in memory, a life of a store as one script, and what must be true after it was interrupted.
 */
import * as assert from 'uvu/assert'

import { directoryCatalog, openDirectoryStore } from '../../../checkpoint/store/directory-store.ts'
import type { FileSystem } from '../../../checkpoint/store/file-system.ts'
import type { ProcessTable } from '../../../checkpoint/store/process-table.ts'
import type { SimulatedDisk } from '../../../checkpoint/store/simulated-disk.ts'
import type {
  CheckpointCatalog,
  CheckpointFacts,
  CheckpointMetadata,
  SnapshotStore,
} from '../../../checkpoint/store/snapshot-store.ts'

export const ROOT = '/data/checkpoints'

export const FACTS: CheckpointFacts = {
  jobName: 'flights',
  jobId: 'job-1',
  fingerprint: 'a1b2',
  triggeredAt: 1000,
  completedAt: 1200,
  operators: [{ uid: 'count', name: 'count', task: 1, parallelism: 2, maxParallelism: 128 }],
  coordinator: { splits: [{ path: 'a.csv', offset: 12n }], since: new Date(7) },
}

/** A generator of numbers in [0, 1) that gives the same ones for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The table of a process that is the only one alive. */
export function lonely(pid: number): ProcessTable {
  return {
    self: { pid, start: 1, host: 'machine' },
    isAlive: ({ pid: other }) => other === pid,
  }
}

let pids = 0

/** Opens the store as a new process; those before it are dead. */
export function openOn(files: FileSystem): Promise<SnapshotStore> {
  return openDirectoryStore(ROOT, { files, processes: lonely(++pids) })
}

export function catalogOn(files: FileSystem): CheckpointCatalog {
  return directoryCatalog(ROOT, { files })
}

/** Every part's content, by name. */
export type Content = Readonly<Record<string, string>>

/** What the script knows: what a checkpoint holds, and what it has been told of it. */
export interface Book {
  /** What every checkpoint that was begun must hold where it exists. */
  readonly contents: Map<number, Content>
  /** Those that were completed and never asked to be removed: they must exist. */
  readonly promised: Set<number>
  /** Those whose `complete` has not been called: they must not exist. */
  readonly unfinished: Set<number>
}

export function newBook(): Book {
  return { contents: new Map(), promised: new Set(), unfinished: new Set() }
}

/** Writes one checkpoint: `put` is new, `keep` are names of parts of `from`. */
export interface Step {
  readonly id: number
  readonly kind?: 'checkpoint' | 'savepoint'
  readonly put?: Content
  readonly keep?: readonly string[]
  readonly from?: CheckpointMetadata
  readonly discard?: boolean
}

/** Writes a checkpoint and keeps book. */
export async function write(
  store: SnapshotStore,
  book: Book,
  { id, kind = 'checkpoint', put = {}, keep = [], from, discard = false }: Step,
): Promise<CheckpointMetadata | undefined> {
  const kept = (from?.parts ?? []).filter(({ name }) => keep.includes(name))
  const before = from === undefined ? {} : (book.contents.get(from.id) ?? {})
  book.unfinished.add(id)
  book.contents.set(id, {
    ...put,
    ...Object.fromEntries(kept.map(({ name }) => [name, before[name] ?? ''])),
  })
  const writer = await store.begin(id, { kind })
  for (const part of kept) writer.include(part)
  await Promise.all(Object.entries(put).map(([name, text]) => writer.put(name, piecesOf(text))))
  if (discard) {
    await writer.discard()
    return undefined
  }
  book.unfinished.delete(id)
  const metadata = await writer.complete(FACTS)
  book.promised.add(id)
  return metadata
}

/** Runs everything a store can do, with parts shared over several checkpoints. */
export async function liveALife(files: FileSystem, book: Book): Promise<void> {
  const store = await openOn(files)
  const first = await write(store, book, {
    id: await store.nextId(),
    put: { base: text('base', 100), a: text('a1', 40), b: '' },
  })
  const second = await write(store, book, {
    id: 2,
    put: { a: text('a2', 40) },
    keep: ['base', 'b'],
    ...(first && { from: first }),
  })
  await write(store, book, { id: 3, put: { a: text('lost', 30) }, discard: true })
  await write(store, book, { id: 4, kind: 'savepoint', put: { all: text('all', 120) } })
  book.promised.delete(1)
  await store.retain(1)
  const fifth = await write(store, book, {
    id: 5,
    put: { c: text('c5', 20) },
    keep: ['base', 'a'],
    ...(second && { from: second }),
  })
  book.promised.delete(2)
  await store.retain(1)
  book.promised.delete(4)
  await store.remove(4)
  await write(store, book, { id: 6, put: {}, keep: ['base', 'c'], ...(fifth && { from: fifth }) })
  await store.close()
}

/** Lives a life that ends at a step; false where it was over before. */
export async function crashAt(disk: SimulatedDisk, step: number, book: Book): Promise<boolean> {
  try {
    await liveALife(disk.mount(), book)
    return false
  } catch (error) {
    assert.ok(disk.steps >= step, `failed before the crash: ${String(error)}`)
    return true
  }
}

export function text(word: string, times: number): string {
  return `${word} `.repeat(times)
}

/** As several pieces, as state comes. */
function piecesOf(content: string): Uint8Array[] {
  const bytes = Buffer.from(content)
  return [bytes.subarray(0, 7), bytes.subarray(7)]
}

/** What a checkpoint holds, read back. */
export async function contentOf(
  catalog: CheckpointCatalog,
  { id, parts }: CheckpointMetadata,
): Promise<Content> {
  const content: Record<string, string> = {}
  for (const part of parts) {
    content[part.name] = Buffer.from(await catalog.readPart(part, id)).toString()
  }
  return content
}

/** All promises of the store that hold at any time, also after a crash in the middle of anything. */
export async function checkPromises(catalog: CheckpointCatalog, book: Book): Promise<void> {
  const listings = await catalog.list().catch((error: { code?: string }) => {
    if (error.code !== 'STORE_NOT_FOUND') throw error
    return undefined
  })
  if (listings === undefined) {
    assert.is(book.promised.size, 0, 'the directory is lost')
    return
  }
  const complete = listings.filter(({ state }) => state === 'complete').map(({ id }) => id)
  for (const { id, state } of listings) {
    assert.ok(state === 'complete' || state === 'incomplete', `checkpoint ${id} is ${state}`)
  }
  for (const id of book.promised) assert.ok(complete.includes(id), `checkpoint ${id} is lost`)
  for (const id of complete) {
    assert.not.ok(book.unfinished.has(id), `checkpoint ${id} was never completed`)
    assert.equal(await catalog.verify(id), [], `checkpoint ${id}`)
    const metadata = await catalog.metadata(id)
    assert.equal(await contentOf(catalog, metadata), book.contents.get(id), `checkpoint ${id}`)
    const { triggeredAt, operators, coordinator } = metadata
    const { triggeredAt: at, operators: all, coordinator: known } = FACTS
    assert.equal(
      { triggeredAt, operators, coordinator },
      { triggeredAt: at, operators: all, coordinator: known },
    )
  }
  const { metadata, skipped } = await catalog.latest()
  assert.equal(skipped, [], 'a crash damages nothing')
  assert.is(metadata?.id, complete.at(-1), 'the latest is the newest that is complete')
}
