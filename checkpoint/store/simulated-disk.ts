/**
 * A disk in memory that does what disks do: it forgets what was not synced when the power goes, keeps half of a write, runs full,
 * and fails. For the simulator and for tests.
 *
 * What a process sees is the cache: each folder's names and each file's bytes. What is on disk lags behind until it is synced. A
 * crash keeps of the rest what `random` says: of the names that were changed in a folder any selection, of the bytes of a file any
 * beginning, with holes of zeros in it. That is more than most file systems do, but no more than they promise.
 */
import type { FileSystem, NewFile } from './file-system.ts'
import type { OutputDisk, WritingProcess } from './output-disk.ts'
import {
  change,
  cutOff,
  entriesOf,
  newFile,
  newFolder,
  survivor,
  syncBytes,
  syncNames,
} from './simulated-nodes.ts'
import type { CrashLoss, DiskNode, FileNode, FolderNode } from './simulated-nodes.ts'

/** What happens at a step instead of what was asked for: the machine stops, or the call fails with a code of the system. */
export type DiskFault = 'crash' | 'EIO' | 'ENOSPC'

/** How the disk behaves. */
export interface DiskOptions {
  /** A number in [0, 1), for crashes that keep some and for torn writes. */
  readonly random: () => number
  /** What happens at a call, counted from 1; undefined: what was asked for. Default: always that. */
  readonly faultAt?: (step: number, call: string) => DiskFault | undefined
  /** Bytes that fit. Default: any number. */
  readonly capacityBytes?: number
}

/** Does what a call asks for, or what the disk does in its place. `whenItFails`: what it does nevertheless. */
type Step = <T>(call: string, act: () => T, whenItFails?: () => void) => Promise<T>

/** See the head of this file. */
export class SimulatedDisk {
  /** Calls so far. */
  steps = 0
  readonly #options: DiskOptions
  #root: FolderNode = newFolder()
  /** Processes that were running at the last crash: their calls have no effect any more. */
  #crashes = 0
  #nextFileId = 1

  constructor(options: DiskOptions) {
    this.#options = options
  }

  /** The disk as a process sees it that starts now. After a crash, all its calls fail. */
  mount(): FileSystem {
    return this.#fileSystem(this.#newStep())
  }

  /** The same for the sinks of a process. The clock of this disk counts its calls. */
  mountForOutputs(process: Omit<WritingProcess, 'begunMs'>): OutputDisk {
    return this.#outputDisk(this.#newStep(), { ...process, begunMs: this.steps })
  }

  /** The power goes: what is there afterwards is what a process finds that starts then. */
  crash(loss: CrashLoss): void {
    this.#crashes++
    this.#root = survivor(this.#root, loss, this.#options.random)
  }

  /** Changes a file behind the back of all; `undefined` removes it. */
  damage(path: string, content: Uint8Array | undefined): void {
    const { folder, name } = this.#parentOf(path)
    for (const names of [folder.cached, folder.synced]) {
      if (content === undefined) names.delete(name)
      else names.set(name, newFile(this.#nextFileId++, Buffer.from(content)))
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

  #newStep(): Step {
    const born = this.#crashes
    return async (call, act, whenItFails) => {
      if (born !== this.#crashes) throw systemError('ECRASHED', call)
      const fault = this.#options.faultAt?.(++this.steps, call)
      if (fault === undefined) return act()
      if (fault === 'crash') this.#crashes++
      // Whether it took effect before the power went is anybody's guess.
      if (fault === 'crash' && this.#options.random() < 0.5) act()
      else whenItFails?.()
      throw systemError(fault === 'crash' ? 'ECRASHED' : fault, call)
    }
  }

  #fileSystem(step: Step): FileSystem {
    return {
      ...this.#common(step),
      read: (path) => step(`read ${path}`, () => Buffer.from(this.#file(path).cached)),
      create: (path) =>
        step(`create ${path}`, () => {
          const { folder, name } = this.#parentOf(path)
          if (folder.cached.has(name)) throw systemError('EEXIST', path)
          return this.#openFile(this.#add(folder, name), path, step)
        }),
      createFolder: (path) => step(`createFolder ${path}`, () => this.#createFolder(path)),
      removeFolder: (path) =>
        step(`removeFolder ${path}`, () => {
          if (this.#folder(path).cached.size > 0) throw systemError('ENOTEMPTY', path)
          const { folder, name } = this.#parentOf(path)
          change(folder, (names) => names.delete(name))
        }),
    }
  }

  #common(step: Step): Pick<FileSystem, 'entries' | 'rename' | 'removeFile' | 'syncFolder'> {
    return {
      entries: (path) => step(`entries ${path}`, () => entriesOf(this.#folder(path))),
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
      syncFolder: (path) =>
        step(`syncFolder ${path}`, () => {
          syncNames(this.#folder(path))
        }),
    }
  }

  #outputDisk(step: Step, process: WritingProcess): OutputDisk {
    const open = (path: string): NewFile => {
      const { folder, name } = this.#parentOf(path)
      const known = folder.cached.has(name) ? this.#file(path) : undefined
      if (known !== undefined) cutOff(known, 0)
      return this.#openFile(known ?? this.#add(folder, name), path, step)
    }
    return {
      process,
      newMark: () => {
        const number = Math.floor(this.#options.random() * 2 ** 32)
        return number.toString(16).padStart(8, '0')
      },
      ...this.#common(step),
      facts: (path) =>
        step(`facts ${path}`, () => {
          const node = this.#node(path)
          if (node.kind === 'folder') {
            return { kind: node.kind, bytes: 0, identity: '', writtenMs: 0 }
          }
          const { kind, id, cached, writtenMs } = node
          return { kind, bytes: cached.length, identity: String(id), writtenMs }
        }),
      realPath: (path) =>
        step(`realPath ${path}`, () => {
          this.#node(path)
          return path
        }),
      open: (path) => step(`create ${path}`, () => open(path)),
      reopen: (path, bytes) =>
        step(`reopen ${path}`, () => {
          const file = this.#file(path)
          cutOff(file, bytes)
          return this.#openFile(file, path, step)
        }),
      copy: async (from, to) => {
        const { bytes, file } = await step(`create ${to}`, () => {
          return { bytes: this.#file(from).cached, file: open(to) }
        })
        await file.write(bytes)
      },
      makeFolder: (path) =>
        step(`createFolder ${path}`, () => {
          const { folder, name } = this.#parentOf(path)
          if (folder.cached.has(name)) throw systemError('EEXIST', path)
          const made = newFolder()
          change(folder, (names) => names.set(name, made))
        }),
    }
  }

  /** A new file, whose name is not on disk. */
  #add(folder: FolderNode, name: string): FileNode {
    const file = newFile(this.#nextFileId++)
    change(folder, (names) => names.set(name, file))
    return file
  }

  #openFile(file: FileNode, path: string, step: Step): NewFile {
    const append = (bytes: Uint8Array): void => {
      file.cached = Buffer.concat([file.cached, bytes])
      file.writtenMs = this.steps
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
            syncBytes(file)
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

  #folder(path: string): FolderNode {
    const node = this.#node(path)
    if (node.kind === 'file') throw systemError('ENOTDIR', path)
    return node
  }

  #file(path: string): FileNode {
    const node = this.#node(path)
    if (node.kind === 'folder') throw systemError('EISDIR', path)
    return node
  }

  #parentOf(path: string): { readonly folder: FolderNode; readonly name: string } {
    const names = namesOf(path)
    const name = names.pop() ?? ''
    return { folder: this.#folder(names.join('/')), name }
  }

  #node(path: string): DiskNode {
    const node = this.#find(namesOf(path))
    if (node === undefined) throw systemError('ENOENT', path)
    return node
  }

  #find(names: readonly string[]): DiskNode | undefined {
    let node: DiskNode | undefined = this.#root
    for (const name of names) {
      if (node?.kind !== 'folder') return undefined
      node = node.cached.get(name)
    }
    return node
  }
}

function namesOf(path: string): string[] {
  return path.split(/[/\\]/).filter((name) => name !== '')
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
