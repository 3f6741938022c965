/**
 * One checkpoint while it is written to a directory.
 *
 *   open ──complete──▶ completing ──▶ closed
 *     └────────────discard──────────────▲
 *
 * Order on the way to existence, each step on disk before the next: parts (in any order), their names, the metadata, its name.
 * On the thread of the store that has begun it.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { FileSystem } from './file-system.ts'
import { folderName, METADATA_FILE } from './layout.ts'
import { createMetadata, faultInPart } from './metadata.ts'
import { storeFile, writePart } from './part-file.ts'
import type {
  CheckpointFacts,
  CheckpointKind,
  CheckpointMetadata,
  CheckpointWriter,
  PartContent,
  StoredPart,
} from './snapshot-store.ts'
import { storeError, systemCode } from './store-errors.ts'

/** What a writer needs of its store. */
export interface WriterHost {
  /** The directory of the store. */
  readonly root: string
  readonly files: FileSystem
  /** Runs `action` while nothing else changes the list of checkpoints. */
  exclusively<T>(action: () => Promise<T>): Promise<T>
  /** Throws `MISSING_PART` unless all these files are there and belong to complete checkpoints. */
  requireStored(parts: readonly StoredPart[]): Promise<void>
  /** The writer is no longer open. */
  closed(writer: DirectoryWriter): void
  /** Removes what nothing refers to. */
  sweep(): Promise<void>
}

/** See the head of this file. */
export class DirectoryWriter implements CheckpointWriter {
  readonly id: number
  readonly kind: CheckpointKind
  readonly folder: string
  readonly #host: WriterHost
  /** By name; undefined while it is written. */
  readonly #parts = new Map<string, StoredPart | undefined>()
  /** Why the first `put` that failed did. */
  #failure: { readonly error: unknown } | undefined
  readonly #pending = new Set<Promise<StoredPart>>()
  #state: 'open' | 'completing' | 'closed' = 'open'

  constructor(host: WriterHost, id: number, kind: CheckpointKind) {
    this.#host = host
    this.id = id
    this.kind = kind
    this.folder = folderName(kind, id)
  }

  async put(name: string, content: PartContent): Promise<StoredPart> {
    this.#requireOpen()
    this.#requireNew(name)
    this.#parts.set(name, undefined)
    const { root, files } = this.#host
    const written = writePart({ root, folder: this.folder, files }, name, content)
    this.#pending.add(written)
    try {
      const part = await written
      this.#parts.set(name, part)
      return part
    } catch (error) {
      this.#failure ??= { error }
      throw error
    } finally {
      this.#pending.delete(written)
    }
  }

  include(part: StoredPart): void {
    this.#requireOpen()
    const fault = faultInPart(part)
    if (fault !== undefined) {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `${this.folder}: include: expected ${fault.expected}, got ${fault.found}`,
      )
    }
    if (this.kind === 'savepoint') {
      throw new MillraceError(
        'FOREIGN_PART',
        `${this.folder}: a savepoint stands alone, it cannot include ${part.file}`,
      )
    }
    this.#requireNew(part.name)
    const { name, file, bytes, checksum } = part
    this.#parts.set(name, { name, file, bytes, checksum })
  }

  async complete(facts: CheckpointFacts): Promise<CheckpointMetadata> {
    this.#requireOpen()
    if (this.#pending.size > 0) {
      throw new MillraceError(
        'PUT_PENDING',
        `${this.folder}: complete: expected every put to have settled, got ${this.#pending.size} on their way`,
      )
    }
    this.#state = 'completing'
    try {
      return await this.#host.exclusively(() => this.#complete(facts))
    } catch (error) {
      const inDoubt = error instanceof MillraceError && error.code === 'CHECKPOINT_IN_DOUBT'
      if (!inDoubt) await this.#removeFiles()
      throw error
    } finally {
      this.#close()
    }
  }

  async discard(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closed'
    await Promise.allSettled(this.#pending)
    await this.#removeFiles()
    this.#close()
  }

  /** Files that must stay as long as this is open. */
  *includedFiles(): Generator<string> {
    for (const part of this.#parts.values()) if (part !== undefined) yield part.file
  }

  async #complete(facts: CheckpointFacts): Promise<CheckpointMetadata> {
    if (this.#failure !== undefined) throw this.#failure.error
    const { root, files } = this.#host
    const parts = [...this.#parts.values()].filter((part) => part !== undefined)
    const { metadata, bytes } = createMetadata({ id: this.id, kind: this.kind, parts }, facts)
    await this.#host.requireStored(parts.filter(({ file }) => !file.startsWith(`${this.folder}/`)))
    const path = `${root}/${this.folder}`
    try {
      await files.syncFolder(path)
    } catch (error) {
      throw storeError(error, `syncing ${path}`)
    }
    try {
      const content = { kind: 'metadata', pieces: [bytes], what: METADATA_FILE } as const
      await storeFile(files, `${path}/${METADATA_FILE}`, content)
      await files.syncFolder(path)
    } catch (error) {
      await this.#withdraw(path, error)
      throw storeError(error, `syncing ${path}`)
    }
    return metadata
  }

  /** The metadata may have got its name before the failure: makes sure that it has none. */
  async #withdraw(path: string, cause: unknown): Promise<void> {
    const { files } = this.#host
    try {
      await files.removeFile(`${path}/${METADATA_FILE}`).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error
      })
      await files.syncFolder(path)
    } catch {
      throw new MillraceError(
        'CHECKPOINT_IN_DOUBT',
        `${path}: writing its metadata failed, and so did taking it back: it may or may not be found after a restart`,
        { cause },
      )
    }
  }

  /** Best effort: the next sweep gets what is left. */
  async #removeFiles(): Promise<void> {
    await this.#host
      .exclusively(async () => {
        this.#close()
        await this.#host.sweep()
      })
      .catch(() => undefined)
  }

  #close(): void {
    this.#state = 'closed'
    this.#host.closed(this)
  }

  #requireOpen(): void {
    if (this.#state === 'open') return
    throw new MillraceError('WRITER_CLOSED', `${this.folder} was completed or discarded already`)
  }

  #requireNew(name: string): void {
    if (!this.#parts.has(name)) return
    throw new MillraceError('DUPLICATE_PART', `${this.folder} has a part '${name}' already`)
  }
}
