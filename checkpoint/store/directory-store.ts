/**
 * Checkpoints in a directory of the local file system; see `layout.ts` for what lies where.
 *
 * One process writes to a directory at a time (`store-lock.ts`), through one store. What changes the list of checkpoints is done
 * one after the other. Removal takes the metadata first, so that a half-removed checkpoint does not exist, then every file that no
 * metadata refers to; what a crash leaves behind in between is found the same way by the next process.
 */
import { resolve } from 'node:path'
import { MillraceError } from '../../mailbox/errors.ts'
import { DirectoryCatalog } from './directory-catalog.ts'
import { DirectoryWriter } from './directory-writer.ts'
import type { WriterHost } from './directory-writer.ts'
import type { FileSystem } from './file-system.ts'
import { folderName, isCheckpointId, isOwnFile, METADATA_FILE, TEMPORARY } from './layout.ts'
import type { CheckpointFolder } from './layout.ts'
import { nodeFileSystem } from './node-file-system.ts'
import { thisMachine } from './process-table.ts'
import type { ProcessTable } from './process-table.ts'
import type {
  BeginOptions,
  CheckpointCatalog,
  CheckpointListing,
  CheckpointMetadata,
  Damage,
  LatestCheckpoint,
  SnapshotStore,
  StoredPart,
} from './snapshot-store.ts'
import { storeError, systemCode } from './store-errors.ts'
import { acquireLock } from './store-lock.ts'
import type { StoreLock } from './store-lock.ts'

/** How a directory is opened. */
export interface DirectoryStoreOptions {
  /** Default: the file system of the machine. */
  readonly files?: FileSystem
  /** Who may hold the directory. Default: the processes of the machine. */
  readonly processes?: ProcessTable
  /**
   * Whether a lock of another machine is taken over: nobody can tell from here whether its holder lives, so say so only where
   * something else makes sure of it. Default: false.
   */
  readonly takeOver?: boolean
}

/**
 * Opens a directory for writing, and makes it where it is missing. What crashed writes have left is removed by the first `begin`.
 * Errors: `STORE_LOCKED` when another process has it, `STORE_NOT_A_DIRECTORY`, `STORE_NOT_PERMITTED`, `STORE_FULL`, `STORE_FAILED`.
 *
 * @example
 * const store = await openDirectoryStore('checkpoints')
 * const writer = await store.begin(await store.nextId())
 */
export async function openDirectoryStore(
  directory: string,
  options: DirectoryStoreOptions = {},
): Promise<SnapshotStore> {
  const { files = nodeFileSystem, processes = thisMachine, takeOver = false } = options
  const root = rootOf(directory)
  try {
    await files.createFolder(root)
  } catch (error) {
    throw storeError(error, `opening ${directory}`)
  }
  const lock = await acquireLock({ root, location: directory, files, processes, takeOver })
  return new DirectoryStore(root, directory, files, lock)
}

/** Reads the checkpoints of a directory without opening it for writing. */
export function directoryCatalog(
  directory: string,
  { files = nodeFileSystem }: Pick<DirectoryStoreOptions, 'files'> = {},
): CheckpointCatalog {
  return new DirectoryCatalog(rootOf(directory), directory, files)
}

function rootOf(directory: unknown): string {
  // An absolute path: the working directory may change.
  if (typeof directory === 'string' && directory !== '') return resolve(directory)
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `expected the path of a directory, got ${String(directory)}`,
  )
}

/** What the stored metadata refers to. */
interface References {
  readonly files: ReadonlySet<string>
  /** Up to here, files may be referred to by metadata that cannot be read: the highest id of such, 0 without any. */
  readonly unknownBelow: number
}

class DirectoryStore implements SnapshotStore, WriterHost {
  readonly location: string
  readonly root: string
  readonly files: FileSystem
  readonly #catalog: DirectoryCatalog
  readonly #lock: StoreLock
  readonly #open = new Set<DirectoryWriter>()
  #last: Promise<unknown> = Promise.resolve()
  #swept = false
  #closed = false

  constructor(root: string, location: string, files: FileSystem, lock: StoreLock) {
    this.root = root
    this.location = location
    this.files = files
    this.#catalog = new DirectoryCatalog(root, location, files)
    this.#lock = lock
  }

  list(): Promise<CheckpointListing[]> {
    return this.#catalog.list()
  }

  metadata(id: number): Promise<CheckpointMetadata> {
    return this.#catalog.metadata(id)
  }

  readPart(part: StoredPart, checkpointId: number): Promise<Uint8Array> {
    return this.#catalog.readPart(part, checkpointId)
  }

  verify(id: number): Promise<Damage[]> {
    return this.#catalog.verify(id)
  }

  latest(): Promise<LatestCheckpoint> {
    return this.#catalog.latest()
  }

  async nextId(): Promise<number> {
    return ((await this.#catalog.folders()).at(-1)?.id ?? 0) + 1
  }

  begin(id: number, { kind = 'checkpoint' }: BeginOptions = {}): Promise<DirectoryWriter> {
    return this.#change(async () => {
      if (!isCheckpointId(id)) {
        throw this.#error('INVALID_ARGUMENT', `expected an id from 1, got ${String(id)}`)
      }
      if ((await this.#catalog.folders()).some((folder) => folder.id === id)) {
        throw this.#error('CHECKPOINT_EXISTS', `there is a checkpoint ${id} already`)
      }
      // Makes room first, where a crashed write has filled the disk.
      if (!this.#swept) await this.sweep()
      const writer = new DirectoryWriter(this, id, kind)
      await this.#doOrFail(`making ${writer.folder}`, () =>
        this.files.createFolder(`${this.root}/${writer.folder}`),
      )
      this.#open.add(writer)
      return writer
    })
  }

  remove(id: number): Promise<void> {
    return this.#change(async () => {
      const folders = (await this.#catalog.folders()).filter((folder) => folder.id === id)
      if (folders.length === 0) {
        throw this.#error('UNKNOWN_CHECKPOINT', `there is no checkpoint ${id}`)
      }
      if ([...this.#open].some((writer) => writer.id === id)) {
        throw this.#error('CHECKPOINT_OPEN', `checkpoint ${id} is being written`)
      }
      for (const folder of folders) await this.#removeMetadata(folder)
      await this.sweep()
    })
  }

  retain(count: number): Promise<number[]> {
    return this.#change(async () => {
      if (!isCheckpointId(count)) {
        throw this.#error('INVALID_ARGUMENT', `retain: expected at least 1, got ${String(count)}`)
      }
      const listings = (await this.list()).filter(({ kind }) => kind === 'checkpoint')
      const complete = listings.filter(({ state }) => state === 'complete')
      const oldestKept = complete.at(-count)?.id ?? 0
      const removed = listings.filter(
        ({ state, id }) => id < oldestKept && (state === 'complete' || state === 'damaged'),
      )
      for (const { id, kind } of removed) {
        await this.#removeMetadata({ id, kind, folder: folderName(kind, id) })
      }
      if (removed.length > 0) await this.sweep()
      return removed.map(({ id }) => id)
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([...this.#open].map((writer) => writer.discard()))
    await this.#last
    await this.#lock.release()
  }

  exclusively<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action)
    this.#last = result.catch(() => undefined)
    return result
  }

  closed(writer: DirectoryWriter): void {
    this.#open.delete(writer)
  }

  async requireStored(parts: readonly StoredPart[]): Promise<void> {
    if (parts.length === 0) return
    const known = new Map<string, StoredPart>()
    for (const part of completeParts(await this.list())) known.set(part.file, part)
    const there = new Set<string>()
    for (const folder of new Set(parts.map(({ file }) => file.split('/')[0] ?? ''))) {
      for (const file of await this.#entries(folder)) there.add(file)
    }
    for (const { name, file, bytes, checksum } of parts) {
      const stored = known.get(file)
      if (stored?.bytes === bytes && stored.checksum === checksum && there.has(file)) continue
      throw this.#error('MISSING_PART', `part '${name}': no complete checkpoint has ${file}`)
    }
  }

  /** Removes files that nothing refers to, and folders that are empty then. In an exclusive action only. */
  async sweep(): Promise<void> {
    const listings = await this.list()
    const references = this.#references(listings)
    const open = new Set([...this.#open].map(({ folder }) => folder))
    for (const { id, kind, state } of listings) {
      const folder = folderName(kind, id)
      if (open.has(folder)) continue
      // What is damaged or of a later version is not ours to judge.
      const readable = state === 'complete' || state === 'incomplete'
      if (readable) await this.#sweepFolder({ id, kind, folder }, references)
    }
    this.#swept = true
  }

  async #sweepFolder({ id, folder }: CheckpointFolder, references: References): Promise<void> {
    const files = await this.#entries(folder)
    let left = files.length
    for (const file of files) {
      const name = file.slice(folder.length + 1)
      const needed =
        references.files.has(file) ||
        !isOwnFile(name) ||
        (id < references.unknownBelow && !name.endsWith(TEMPORARY)) ||
        name === METADATA_FILE
      if (needed) continue
      await this.#doOrFail(`removing ${file}`, () => this.files.removeFile(`${this.root}/${file}`))
      left--
    }
    if (left > 0) return
    await this.#doOrFail(`removing ${folder}`, () =>
      this.files.removeFolder(`${this.root}/${folder}`),
    )
  }

  /** Afterwards the checkpoint does not exist, come what may: its parts may go. */
  async #removeMetadata({ folder }: CheckpointFolder): Promise<void> {
    const path = `${this.root}/${folder}`
    await this.#doOrFail(`removing ${folder}`, async () => {
      await this.files.removeFile(`${path}/${METADATA_FILE}`).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error
      })
      await this.files.syncFolder(path)
    })
  }

  #references(listings: readonly CheckpointListing[]): References {
    const files = new Set<string>()
    for (const { file } of completeParts(listings)) files.add(file)
    for (const writer of this.#open) for (const file of writer.includedFiles()) files.add(file)
    const unknownBelow = listings
      .filter(({ state }) => state === 'damaged' || state === 'unsupported')
      .reduce((highest, { id }) => Math.max(highest, id), 0)
    return { files, unknownBelow }
  }

  /** Relative to the store. */
  async #entries(folder: string): Promise<string[]> {
    const path = `${this.root}/${folder}`
    const entries = await this.#doOrFail(`reading ${folder}`, () => this.files.entries(path))
    return entries.map(({ name }) => `${folder}/${name}`)
  }

  #change<T>(action: () => Promise<T>): Promise<T> {
    return this.exclusively(() => {
      if (this.#closed) throw this.#error('STORE_CLOSED', 'the store was closed')
      return action()
    })
  }

  async #doOrFail<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      throw storeError(error, `${this.location}: ${what}`)
    }
  }

  #error(code: string, message: string): MillraceError {
    return new MillraceError(code, `${this.location}: ${message}`)
  }
}

function* completeParts(listings: readonly CheckpointListing[]): Generator<StoredPart> {
  for (const listing of listings) if (listing.state === 'complete') yield* listing.metadata.parts
}
