/**
 * Checkpoints in memory: for jobs without a directory, which restart by themselves but do not outlive their process, and for the
 * simulator. Bytes are copied when they are put, so nothing that is done to them later reaches the store.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { folderName, isCheckpointId, partFileName } from '../store/layout.ts'
import { createMetadata, parseMetadata } from '../store/metadata.ts'
import type {
  BeginOptions,
  CheckpointFacts,
  CheckpointKind,
  CheckpointListing,
  CheckpointMetadata,
  CheckpointWriter,
  Damage,
  LatestCheckpoint,
  PartContent,
  SnapshotStore,
  StoredPart,
} from '../store/snapshot-store.ts'

/** What writers share with their store. */
interface Shelf {
  /** By the file that `StoredPart` names. */
  readonly files: Map<string, Uint8Array>
  readonly complete: Map<number, CheckpointMetadata>
  readonly open: Map<number, MemoryWriter>
}

/** A store that begins empty and ends with its process. All promises settle in the next microtask. */
export class MemorySnapshotStore implements SnapshotStore {
  readonly location = 'memory'
  readonly #shelf: Shelf = { files: new Map(), complete: new Map(), open: new Map() }
  #highestId = 0
  #closed = false

  async list(): Promise<CheckpointListing[]> {
    const { complete, open } = this.#shelf
    const listings: CheckpointListing[] = [
      ...[...complete.values()].map((metadata) => {
        return { state: 'complete', id: metadata.id, kind: metadata.kind, metadata } as const
      }),
      ...[...open.values()].map(({ id, kind }) => ({ state: 'incomplete', id, kind }) as const),
    ]
    return listings.sort((a, b) => a.id - b.id)
  }

  async metadata(id: number): Promise<CheckpointMetadata> {
    const metadata = this.#shelf.complete.get(id)
    if (metadata === undefined) throw unknown(id)
    return metadata
  }

  async readPart(part: StoredPart, checkpointId: number): Promise<Uint8Array> {
    const bytes = this.#shelf.files.get(part.file)
    if (bytes !== undefined) return new Uint8Array(bytes)
    throw new MillraceError(
      'UNKNOWN_CHECKPOINT',
      `memory: checkpoint ${checkpointId} has no ${part.file}, it was removed`,
    )
  }

  async verify(id: number): Promise<Damage[]> {
    await this.metadata(id)
    return []
  }

  async latest(): Promise<LatestCheckpoint> {
    const complete = [...this.#shelf.complete.values()].sort((a, b) => b.id - a.id)
    const metadata = complete[0]
    const incomplete = [...this.#shelf.open.keys()].filter((id) => id > (metadata?.id ?? 0))
    return { metadata, skipped: [], incomplete: incomplete.sort((a, b) => b - a) }
  }

  async begin(id: number, { kind = 'checkpoint' }: BeginOptions = {}): Promise<CheckpointWriter> {
    this.#requireOpen()
    requireCount(id, 'begin: expected an id')
    const { complete, open } = this.#shelf
    if (complete.has(id) || open.has(id)) {
      throw new MillraceError('CHECKPOINT_EXISTS', `memory: there is a checkpoint ${id} already`)
    }
    const writer = new MemoryWriter(this.#shelf, id, kind, () => {
      this.#sweep()
    })
    open.set(id, writer)
    this.#highestId = Math.max(this.#highestId, id)
    return writer
  }

  /** More than any id that there ever was. */
  async nextId(): Promise<number> {
    return this.#highestId + 1
  }

  async remove(id: number): Promise<void> {
    this.#requireOpen()
    if (this.#shelf.open.has(id)) {
      throw new MillraceError('CHECKPOINT_OPEN', `memory: checkpoint ${id} is being written`)
    }
    if (!this.#shelf.complete.delete(id)) throw unknown(id)
    this.#sweep()
  }

  async retain(count: number): Promise<number[]> {
    this.#requireOpen()
    requireCount(count, 'retain: expected a number of checkpoints')
    const ids = [...this.#shelf.complete.values()]
      .filter(({ kind }) => kind === 'checkpoint')
      .map(({ id }) => id)
      .sort((a, b) => a - b)
    const removed = ids.slice(0, -count)
    for (const id of removed) this.#shelf.complete.delete(id)
    this.#sweep()
    return removed
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#shelf.open.values()].map((writer) => writer.discard()))
  }

  /** Removes the bytes that nothing refers to. */
  #sweep(): void {
    const { files, complete, open } = this.#shelf
    const used = new Set<string>()
    for (const { parts } of complete.values()) for (const { file } of parts) used.add(file)
    for (const writer of open.values()) for (const { file } of writer.parts()) used.add(file)
    for (const file of files.keys()) if (!used.has(file)) files.delete(file)
  }

  #requireOpen(): void {
    if (this.#closed) throw new MillraceError('STORE_CLOSED', 'memory: the store was closed')
  }
}

class MemoryWriter implements CheckpointWriter {
  readonly id: number
  readonly kind: CheckpointKind
  readonly #shelf: Shelf
  readonly #sweep: () => void
  readonly #parts = new Map<string, StoredPart>()
  #closed = false

  constructor(shelf: Shelf, id: number, kind: CheckpointKind, sweep: () => void) {
    this.id = id
    this.kind = kind
    this.#shelf = shelf
    this.#sweep = sweep
  }

  parts(): Iterable<StoredPart> {
    return this.#parts.values()
  }

  async put(name: string, content: PartContent): Promise<StoredPart> {
    this.#requireNew(name)
    const pieces = content instanceof Uint8Array ? [content] : content
    const bytes = Buffer.concat(pieces)
    const file = `${folderName(this.kind, this.id)}/${partFileName(name)}`
    // Nothing can flip a bit here, so there is nothing to check.
    const part = { name, file, bytes: bytes.length, checksum: 0 }
    this.#shelf.files.set(file, bytes)
    this.#parts.set(name, part)
    return part
  }

  include(part: StoredPart): void {
    this.#requireNew(part.name)
    if (this.kind === 'savepoint') {
      const message = `memory: savepoint ${this.id} stands alone, it cannot include ${part.file}`
      throw new MillraceError('FOREIGN_PART', message)
    }
    this.#parts.set(part.name, part)
  }

  async complete(facts: CheckpointFacts): Promise<CheckpointMetadata> {
    this.#requireOpen()
    try {
      for (const { name, file } of this.#parts.values()) {
        if (this.#shelf.files.has(file)) continue
        const message = `memory: part '${name}': no complete checkpoint has ${file}`
        throw new MillraceError('MISSING_PART', message)
      }
      const parts = [...this.#parts.values()]
      const { bytes } = createMetadata({ id: this.id, kind: this.kind, parts }, facts)
      // Read back, so that it shares nothing with what it was made of.
      const parsed = parseMetadata(bytes, `memory: checkpoint ${this.id}`)
      if (!('metadata' in parsed)) {
        const { expected, found } = parsed.damage
        throw new MillraceError('INVALID_ARGUMENT', `memory: expected ${expected}, got ${found}`)
      }
      this.#shelf.complete.set(this.id, parsed.metadata)
      return parsed.metadata
    } finally {
      this.#close()
    }
  }

  async discard(): Promise<void> {
    if (!this.#closed) this.#close()
  }

  #close(): void {
    this.#closed = true
    this.#shelf.open.delete(this.id)
    this.#sweep()
  }

  #requireNew(name: string): void {
    this.#requireOpen()
    if (!this.#parts.has(name)) return
    const message = `memory: checkpoint ${this.id} has a part '${name}' already`
    throw new MillraceError('DUPLICATE_PART', message)
  }

  #requireOpen(): void {
    if (!this.#closed) return
    const message = `memory: checkpoint ${this.id} was completed or discarded already`
    throw new MillraceError('WRITER_CLOSED', message)
  }
}

function requireCount(value: number, what: string): void {
  if (isCheckpointId(value)) return
  throw new MillraceError('INVALID_ARGUMENT', `memory: ${what} from 1, got ${String(value)}`)
}

function unknown(id: number): MillraceError {
  return new MillraceError('UNKNOWN_CHECKPOINT', `memory: there is no checkpoint ${id}`)
}
