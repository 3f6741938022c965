/**
 * Files and folders of a simulated disk: what a process sees of each, what is on disk, and what a crash leaves of it.
 */
import type { FolderEntry } from './file-system.ts'

/** What a crash does with bytes and names that were not synced: all are lost, all are there, or some of them. */
export type CrashLoss = 'all' | 'nothing' | 'some'

/** Blocks that are lost or kept as a whole; small, so that small files are torn too. */
const BLOCK_BYTES = 16

/** A file. */
export interface FileNode {
  readonly kind: 'file'
  /** Different for each file of a disk; it stays when the file is renamed, and over crashes. */
  readonly id: number
  /** What a process sees. */
  cached: Buffer
  synced: Buffer
  /** So many bytes at the begin are the same in both: all of `synced`, unless the file was cut off since. */
  shared: number
  /** A sync has failed: the system has dropped the bytes, and later syncs say that all is well. */
  dropped: boolean
  /** When it was written last, by the clock of the disk. */
  writtenMs: number
}

/** A folder. */
export interface FolderNode {
  readonly kind: 'folder'
  /** What a process sees. */
  readonly cached: Map<string, DiskNode>
  synced: Map<string, DiskNode>
  /** Changes of names since the last sync. */
  pending: ((names: Map<string, DiskNode>) => void)[]
}

/** What a name stands for. */
export type DiskNode = FileNode | FolderNode

/** An empty folder. */
export function newFolder(): FolderNode {
  return { kind: 'folder', cached: new Map(), synced: new Map(), pending: [] }
}

/** A file; `bytes`, default none, are on disk. */
export function newFile(id: number, bytes: Buffer = Buffer.alloc(0)): FileNode {
  const { length } = bytes
  return {
    kind: 'file',
    id,
    cached: bytes,
    synced: bytes,
    shared: length,
    dropped: false,
    writtenMs: 0,
  }
}

/** Changes names in a folder, but not on disk. */
export function change(folder: FolderNode, apply: (names: Map<string, DiskNode>) => void): void {
  apply(folder.cached)
  folder.pending.push(apply)
}

/** The names in a folder are on disk. */
export function syncNames(folder: FolderNode): void {
  folder.synced = new Map(folder.cached)
  folder.pending = []
}

/** The bytes of a file are on disk, if the system still has them. */
export function syncBytes(file: FileNode): void {
  if (file.dropped) return
  file.synced = file.cached
  file.shared = file.synced.length
}

/** Keeps so many bytes of a file, but not on disk. */
export function cutOff(file: FileNode, bytes: number): void {
  file.cached = file.cached.subarray(0, bytes)
  file.shared = Math.min(file.shared, bytes)
  // What had been dropped is cut off too.
  if (bytes <= file.synced.length) file.dropped = false
}

/** What is in a folder, for a process. */
export function entriesOf(folder: FolderNode): FolderEntry[] {
  return [...folder.cached].map(([name, { kind }]) => ({ name, kind }))
}

/** What is left of a folder after a crash, with all that is in it. */
export function survivor(folder: FolderNode, loss: CrashLoss, random: () => number): FolderNode {
  const names = new Map(folder.synced)
  for (const apply of folder.pending) {
    if (loss === 'nothing' || (loss === 'some' && random() < 0.5)) apply(names)
  }
  const left = newFolder()
  for (const [name, node] of names) {
    const kept =
      node.kind === 'folder'
        ? survivor(node, loss, random)
        : newFile(node.id, survivingBytes(node, loss, random))
    left.cached.set(name, kept)
    left.synced.set(name, kept)
  }
  return left
}

function survivingBytes(file: FileNode, loss: CrashLoss, random: () => number): Buffer {
  const { cached, synced, shared } = file
  if (loss === 'nothing') return cached
  if (loss === 'all' || synced === cached) return synced
  if (shared < synced.length && random() < 0.5) return synced
  const longer = cached.length - shared
  const end = random() < 0.5 ? cached.length : shared + Math.floor(random() * longer)
  const bytes = Buffer.from(cached.subarray(0, end))
  for (let start = shared; start < end; start += BLOCK_BYTES) {
    if (random() < 0.25) bytes.fill(0, start, Math.min(start + BLOCK_BYTES, end))
  }
  return bytes
}
