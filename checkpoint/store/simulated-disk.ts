/**
 * A disk in memory that does what disks do: it forgets what was not synced when the power goes, keeps half of a write, runs full,
 * and fails. For the simulator and for tests.
 *
 * What a process sees is the cache: each folder's names and each file's bytes. What is on disk lags behind until it is synced. A
 * crash keeps of the rest what `random` says: of the names that were changed in a folder any selection, of the bytes of a file any
 * beginning, with holes of zeros in it. That is more than most file systems do, but no more than they promise.
 */
import type { FileSystem, FolderEntry, NewFile } from './file-system.ts'

/** What happens at a step instead of what was asked for: the machine stops, or the call fails with a code of the system. */
export type DiskFault = 'crash' | 'EIO' | 'ENOSPC'

/** What a crash does with bytes and names that were not synced: all are lost, all are there, or some of them. */
export type CrashLoss = 'all' | 'nothing' | 'some'

/** How the disk behaves. */
export interface DiskOptions {
  /** A number in [0, 1), for crashes that keep some and for torn writes. */
  readonly random: () => number
  /** What happens at a call, counted from 1; undefined: what was asked for. Default: always that. */
  readonly faultAt?: (step: number, call: string) => DiskFault | undefined
  /** Bytes that fit. Default: any number. */
  readonly capacityBytes?: number
}

/** Blocks that are lost or kept as a whole; small, so that small files are torn too. */
const BLOCK_BYTES = 16

interface FileNode {
  readonly kind: 'file'
  cached: Buffer
  synced: Buffer
  /** A sync has failed: the system has dropped the bytes, and later syncs say that all is well. */
  dropped: boolean
}
interface FolderNode {
  readonly kind: 'folder'
  readonly cached: Map<string, Node>
  synced: Map<string, Node>
  /** Changes of names since the last sync. */
  pending: ((names: Map<string, Node>) => void)[]
}
type Node = FileNode | FolderNode

/** See the head of this file. */
export class SimulatedDisk {
  /** Calls so far. */
  steps = 0
  readonly #options: DiskOptions
  #root: FolderNode = newFolder()
  /** Processes that were running at the last crash: their calls have no effect any more. */
  #crashes = 0

  constructor(options: DiskOptions) {
    this.#options = options
  }

  /** The disk as a process sees it that starts now. After a crash, all its calls fail. */
  mount(): FileSystem {
    const born = this.#crashes
    const step = (call: string): void => {
      if (born !== this.#crashes) throw systemError('ECRASHED', call)
    }
    return this.#fileSystem(step)
  }

  /** The power goes: what is there afterwards is what a process finds that starts then. */
  crash(loss: CrashLoss): void {
    this.#crashes++
    const keep = (): boolean => {
      return loss === 'nothing' || (loss === 'some' && this.#options.random() < 0.5)
    }
    this.#root = this.#survivor(this.#root, keep, loss)
  }

  /** Changes a file behind the back of all; `undefined` removes it. */
  damage(path: string, content: Uint8Array | undefined): void {
    const { folder, name } = this.#parentOf(path)
    for (const names of [folder.cached, folder.synced]) {
      if (content === undefined) names.delete(name)
      else
        names.set(name, {
          ...newFile(),
          cached: Buffer.from(content),
          synced: Buffer.from(content),
        })
    }
  }

  /** The paths of all files, with their bytes. */
  contents(): Map<string, Buffer> {
    const found = new Map<string, Buffer>()
    const visit = (folder: FolderNode, path: string): void => {
      for (const [name, node] of folder.cached) {
        if (node.kind === 'file') found.set(`${path}/${name}`, node.cached)
        else visit(node, `${path}/${name}`)
      }
    }
    visit(this.#root, '')
    return found
  }

  #fileSystem(alive: (call: string) => void): FileSystem {
    /** Counts a call; `act` is what it does, where it does it. */
    const step = async <T>(call: string, act: () => T, whenItFails?: () => void): Promise<T> => {
      alive(call)
      const fault = this.#options.faultAt?.(++this.steps, call)
      if (fault === undefined) return act()
      if (fault === 'crash') this.#crashes++
      // Whether it took effect before the power went is anybody's guess.
      if (fault === 'crash' && this.#options.random() < 0.5) act()
      else whenItFails?.()
      throw systemError(fault === 'crash' ? 'ECRASHED' : fault, call)
    }
    return {
      entries: (path) => step(`entries ${path}`, () => entriesOf(this.#folder(path))),
      read: (path) => step(`read ${path}`, () => Buffer.from(this.#file(path).cached)),
      create: (path) =>
        step(`create ${path}`, () => {
          const { folder, name } = this.#parentOf(path)
          if (folder.cached.has(name)) throw systemError('EEXIST', path)
          const file = newFile()
          change(folder, (names) => names.set(name, file))
          return this.#newFile(file, path, step)
        }),
      createFolder: (path) => step(`createFolder ${path}`, () => this.#createFolder(path)),
      rename: (from, to) =>
        step(`rename ${from} ${to}`, () => {
          const node = this.#file(from)
          const source = this.#parentOf(from)
          const target = this.#parentOf(to)
          if (source.folder !== target.folder) throw systemError('EXDEV', to)
          change(source.folder, (names) => {
            names.delete(source.name)
            names.set(target.name, node)
          })
        }),
      removeFile: (path) =>
        step(`removeFile ${path}`, () => {
          this.#file(path)
          const { folder, name } = this.#parentOf(path)
          change(folder, (names) => names.delete(name))
        }),
      removeFolder: (path) =>
        step(`removeFolder ${path}`, () => {
          if (this.#folder(path).cached.size > 0) throw systemError('ENOTEMPTY', path)
          const { folder, name } = this.#parentOf(path)
          change(folder, (names) => names.delete(name))
        }),
      syncFolder: (path) =>
        step(`syncFolder ${path}`, () => {
          syncNames(this.#folder(path))
        }),
    }
  }

  #newFile(
    file: FileNode,
    path: string,
    step: <T>(call: string, act: () => T, whenItFails?: () => void) => Promise<T>,
  ): NewFile {
    const append = (bytes: Uint8Array): void => {
      file.cached = Buffer.concat([file.cached, bytes])
    }
    const partOf = (bytes: Uint8Array): Uint8Array => {
      return bytes.subarray(0, Math.floor(this.#options.random() * (bytes.length + 1)))
    }
    return {
      write: (bytes) =>
        step(
          `write ${path}`,
          () => {
            const room = this.#roomBytes()
            append(bytes.length <= room ? bytes : bytes.subarray(0, room))
            if (bytes.length > room) throw systemError('ENOSPC', path)
          },
          () => append(partOf(bytes)),
        ),
      sync: () =>
        step(
          `sync ${path}`,
          () => {
            if (!file.dropped) file.synced = file.cached
          },
          () => {
            file.dropped = true
          },
        ),
      close: () => step(`close ${path}`, () => undefined),
    }
  }

  #roomBytes(): number {
    let room = this.#options.capacityBytes ?? Infinity
    if (room === Infinity) return room
    for (const { length } of this.contents().values()) room -= length
    return room
  }

  /** In the cache and on disk at once. */
  #createFolder(path: string): void {
    let folder = this.#root
    for (const name of namesOf(path)) {
      const found = folder.cached.get(name)
      if (found?.kind === 'file') throw systemError('EEXIST', path)
      const next = found ?? newFolder()
      folder.cached.set(name, next)
      syncNames(folder)
      folder = next
    }
  }

  #survivor(folder: FolderNode, keep: () => boolean, loss: CrashLoss): FolderNode {
    const names = new Map(folder.synced)
    for (const apply of folder.pending) if (keep()) apply(names)
    const survivor = newFolder()
    for (const [name, node] of names) {
      const kept =
        node.kind === 'folder' ? this.#survivor(node, keep, loss) : this.#survivingFile(node, loss)
      survivor.cached.set(name, kept)
      survivor.synced.set(name, kept)
    }
    return survivor
  }

  #survivingFile({ cached, synced }: FileNode, loss: CrashLoss): FileNode {
    let bytes = loss === 'nothing' ? cached : synced
    if (loss === 'some' && synced !== cached) {
      const { random } = this.#options
      const longer = cached.length - synced.length
      const end = random() < 0.5 ? cached.length : synced.length + Math.floor(random() * longer)
      bytes = Buffer.from(cached.subarray(0, end))
      for (let start = synced.length; start < end; start += BLOCK_BYTES) {
        if (random() < 0.25) bytes.fill(0, start, Math.min(start + BLOCK_BYTES, end))
      }
    }
    return { ...newFile(), cached: bytes, synced: bytes }
  }

  #folder(path: string): FolderNode {
    const node = this.#find(namesOf(path))
    if (node === undefined) throw systemError('ENOENT', path)
    if (node.kind === 'file') throw systemError('ENOTDIR', path)
    return node
  }

  #file(path: string): FileNode {
    const node = this.#find(namesOf(path))
    if (node === undefined) throw systemError('ENOENT', path)
    if (node.kind === 'folder') throw systemError('EISDIR', path)
    return node
  }

  #parentOf(path: string): { readonly folder: FolderNode; readonly name: string } {
    const names = namesOf(path)
    const name = names.pop() ?? ''
    return { folder: this.#folder(names.join('/')), name }
  }

  #find(names: readonly string[]): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of names) {
      if (node?.kind !== 'folder') return undefined
      node = node.cached.get(name)
    }
    return node
  }
}

function newFolder(): FolderNode {
  return { kind: 'folder', cached: new Map(), synced: new Map(), pending: [] }
}

function newFile(): FileNode {
  const empty = Buffer.alloc(0)
  return { kind: 'file', cached: empty, synced: empty, dropped: false }
}

function change(folder: FolderNode, apply: (names: Map<string, Node>) => void): void {
  apply(folder.cached)
  folder.pending.push(apply)
}

function syncNames(folder: FolderNode): void {
  folder.synced = new Map(folder.cached)
  folder.pending = []
}

function entriesOf(folder: FolderNode): FolderEntry[] {
  return [...folder.cached].map(([name, { kind }]) => ({ name, kind }))
}

function namesOf(path: string): string[] {
  return path.split(/[/\\]/).filter((name) => name !== '')
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
