/**
 * Reads the checkpoints of a directory (see `layout.ts`). Needs no lock and no running system, and changes nothing.
 *
 * Another process may write and remove at the same time: what is gone between two looks counts as not there, not as damaged.
 * Any thread; keeps nothing open.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { FileSystem } from './file-system.ts'
import { folderName, METADATA_FILE, parseFolderName } from './layout.ts'
import type { CheckpointFolder } from './layout.ts'
import { faultInPart, parseMetadata } from './metadata.ts'
import type {
  CheckpointCatalog,
  CheckpointListing,
  CheckpointMetadata,
  Damage,
  LatestCheckpoint,
  StoredPart,
} from './snapshot-store.ts'
import { DamagedCheckpointError, storeError, systemCode } from './store-errors.ts'
import { checksumText, FRAME_BYTES, openStoredFile } from './stored-file.ts'

/** What a system answers where there is no such file: there is none, a folder on the way is none, or it is a folder itself. */
const NO_SUCH_FILE: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'EISDIR']

/** See the head of this file. */
export class DirectoryCatalog implements CheckpointCatalog {
  readonly location: string
  readonly #root: string
  readonly #files: FileSystem

  /** `root`: where it is, `location`: how messages call it. */
  constructor(root: string, location: string, files: FileSystem) {
    this.#root = root
    this.location = location
    this.#files = files
  }

  async list(): Promise<CheckpointListing[]> {
    const listings: CheckpointListing[] = []
    for (const folder of await this.folders()) listings.push(await this.#look(folder))
    return listings
  }

  async metadata(id: number): Promise<CheckpointMetadata> {
    const listing = await this.#find(id)
    switch (listing?.state) {
      case 'complete':
        return listing.metadata
      case 'damaged':
        throw new DamagedCheckpointError(listing.damage, this.location)
      case 'unsupported':
        throw new MillraceError('UNSUPPORTED_FORMAT', listing.reason)
      case 'incomplete':
        throw this.#unknown(id, 'it has no metadata, so it was never completed, or was removed')
      case undefined:
        throw this.#unknown(id, 'there is none with this id')
    }
  }

  async readPart(part: StoredPart, checkpointId: number): Promise<Uint8Array> {
    const fault = faultInPart(part)
    if (fault !== undefined) {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `${this.location}: readPart: expected ${fault.expected}, got ${fault.found}`,
      )
    }
    const { file, bytes, checksum } = part
    const damaged = (expected: string, found: string): DamagedCheckpointError =>
      new DamagedCheckpointError({ checkpointId, file, expected, found }, this.location)
    const stored = await this.#read(file)
    if (stored === undefined) throw damaged(`a file of ${bytes + FRAME_BYTES} bytes`, 'none')
    const opened = openStoredFile('part', stored, `${this.location}/${file}`)
    if ('damage' in opened) throw damaged(opened.damage.expected, opened.damage.found)
    if (opened.content.length !== bytes) {
      throw damaged(`${bytes} bytes of content`, `${opened.content.length} bytes`)
    }
    if (opened.checksum !== checksum) {
      throw damaged(`the checksum ${checksumText(checksum)}`, checksumText(opened.checksum))
    }
    return opened.content
  }

  async verify(id: number): Promise<Damage[]> {
    const damages: Damage[] = []
    try {
      for (const part of (await this.metadata(id)).parts) {
        await this.readPart(part, id).catch((error: unknown) => {
          damages.push(damageOf(error))
        })
      }
    } catch (error) {
      damages.push(damageOf(error))
    }
    // Removed by its owner while it was read: no damage, but none of this id any more.
    if (damages.length > 0 && (await this.#find(id))?.state === 'incomplete')
      await this.metadata(id)
    return damages
  }

  async latest(): Promise<LatestCheckpoint> {
    const skipped: Damage[] = []
    const incomplete: number[] = []
    for (const folder of (await this.folders()).reverse()) {
      const listing = await this.#look(folder)
      switch (listing.state) {
        case 'incomplete':
          incomplete.push(listing.id)
          break
        case 'unsupported':
          // Going on from an older one would be a loss that nobody asked for.
          throw new MillraceError('UNSUPPORTED_FORMAT', listing.reason)
        case 'damaged':
          skipped.push(listing.damage)
          break
        case 'complete': {
          const damages = await this.#verifyIfThere(listing.id)
          if (damages?.length === 0) return { metadata: listing.metadata, skipped, incomplete }
          skipped.push(...(damages ?? []))
        }
      }
    }
    return { metadata: undefined, skipped, incomplete }
  }

  /** The folders of checkpoints, by ascending id, whatever is in them. */
  async folders(): Promise<CheckpointFolder[]> {
    try {
      const entries = await this.#files.entries(this.#root)
      return entries
        .filter(({ kind }) => kind === 'folder')
        .map(({ name }) => parseFolderName(name))
        .filter((folder) => folder !== undefined)
        .sort((a, b) => a.id - b.id || (a.kind < b.kind ? -1 : 1))
    } catch (error) {
      throw storeError(error, `reading ${this.location}`)
    }
  }

  /** What there is with this id; undefined where there is nothing. */
  async #find(id: number): Promise<CheckpointListing | undefined> {
    const folders = (await this.folders()).filter((folder) => folder.id === id)
    let found: CheckpointListing | undefined
    for (const folder of folders) {
      if (found === undefined || found.state === 'incomplete') found = await this.#look(folder)
    }
    return found
  }

  /** Reads the metadata of a checkpoint. */
  async #look({ id, kind, folder }: CheckpointFolder): Promise<CheckpointListing> {
    const file = `${folder}/${METADATA_FILE}`
    const where = `${this.location}/${file}`
    const stored = await this.#read(file)
    if (stored === undefined) return { state: 'incomplete', id, kind }
    const damaged = (expected: string, found: string): CheckpointListing => {
      return { state: 'damaged', id, kind, damage: { checkpointId: id, file, expected, found } }
    }
    try {
      const opened = openStoredFile('metadata', stored, where)
      if ('damage' in opened) return damaged(opened.damage.expected, opened.damage.found)
      const parsed = parseMetadata(opened.content, where)
      if ('damage' in parsed) return damaged(parsed.damage.expected, parsed.damage.found)
      const { metadata } = parsed
      if (metadata.id !== id || metadata.kind !== kind) {
        return damaged(
          `the metadata of ${folder}`,
          `that of ${folderName(metadata.kind, metadata.id)}`,
        )
      }
      return { state: 'complete', id, kind, metadata }
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'UNSUPPORTED_FORMAT') throw error
      return { state: 'unsupported', id, kind, reason: error.message }
    }
  }

  /** The bytes of a file; undefined where there is none. */
  async #read(file: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#files.read(`${this.#root}/${file}`)
    } catch (error) {
      if (NO_SUCH_FILE.includes(systemCode(error))) return undefined
      throw storeError(error, `reading ${this.location}/${file}`)
    }
  }

  /** Undefined when it was removed meanwhile. */
  async #verifyIfThere(id: number): Promise<Damage[] | undefined> {
    try {
      return await this.verify(id)
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'UNKNOWN_CHECKPOINT') return undefined
      throw error
    }
  }

  #unknown(id: number, why: string): MillraceError {
    return new MillraceError('UNKNOWN_CHECKPOINT', `${this.location}: no checkpoint ${id}: ${why}`)
  }
}

/** Throws what is no damage. */
function damageOf(error: unknown): Damage {
  if (error instanceof DamagedCheckpointError) return error.damage
  throw error
}
