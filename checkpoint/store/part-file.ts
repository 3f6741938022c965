/**
 * Writes the files of a checkpoint so that a name never stands for half of a file: under a temporary name, synced, renamed.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { FileSystem, NewFile } from './file-system.ts'
import { partFileName, TEMPORARY } from './layout.ts'
import type { PartContent, StoredPart } from './snapshot-store.ts'
import { storeError, systemCode } from './store-errors.ts'
import { lengthOf, MAX_CONTENT_BYTES, writeStoredFile } from './stored-file.ts'
import type { StoredFileKind } from './stored-file.ts'

/** Where the parts of a checkpoint go. */
export interface PartTarget {
  /** The directory of the store. */
  readonly root: string
  /** The folder of the checkpoint in it. */
  readonly folder: string
  readonly files: FileSystem
}

/**
 * Writes a part. Resolves when its bytes are on disk; its name is once the checkpoint is complete.
 * Errors: `INVALID_ARGUMENT`, `DUPLICATE_PART` while another call writes a part of this name, `STORE_FULL`,
 * `STORE_NOT_PERMITTED`, `STORE_NOT_FOUND` when the checkpoint was discarded meanwhile, `STORE_FAILED`.
 */
export async function writePart(
  { root, folder, files }: PartTarget,
  name: string,
  content: PartContent,
): Promise<StoredPart> {
  const pieces = piecesOf(name, content)
  const file = `${folder}/${partFileName(name)}`
  const checksum = await storeFile(files, `${root}/${file}`, { kind: 'part', pieces, what: name })
  return { name, file, bytes: lengthOf(pieces), checksum }
}

/** What goes into a file. */
export interface FileContent {
  readonly kind: StoredFileKind
  readonly pieces: readonly Uint8Array[]
  /** How messages call it. */
  readonly what: string
}

/** Writes and syncs a file, then gives it its name. Resolves to its checksum. Leaves nothing behind when it fails. */
export async function storeFile(
  files: FileSystem,
  path: string,
  { kind, pieces, what }: FileContent,
): Promise<number> {
  const temporary = `${path}${TEMPORARY}`
  const file = await createTemporary(files, temporary, what)
  try {
    let checksum: number
    try {
      checksum = await writeStoredFile(kind, pieces, (bytes) => file.write(bytes))
      // A sync that failed once says nothing when it is tried again: the file is thrown away.
      await file.sync()
    } finally {
      await file.close()
    }
    await files.rename(temporary, path)
    return checksum
  } catch (error) {
    await files.removeFile(temporary).catch(() => undefined)
    throw storeError(error, `writing ${path}`)
  }
}

async function createTemporary(files: FileSystem, path: string, what: string): Promise<NewFile> {
  try {
    return await files.create(path)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw storeError(error, `creating ${path}`)
    throw new MillraceError('DUPLICATE_PART', `'${what}' is being written already: ${path}`)
  }
}

function piecesOf(name: unknown, content: unknown): readonly Uint8Array[] {
  if (typeof name !== 'string' || name === '') {
    throw new MillraceError('INVALID_ARGUMENT', `expected a name for a part, got ${String(name)}`)
  }
  const pieces: unknown = content instanceof Uint8Array ? [content] : content
  if (!Array.isArray(pieces) || !pieces.every((piece) => piece instanceof Uint8Array)) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `part '${name}': expected a Uint8Array or a list of them, got ${typeof content}`,
    )
  }
  const length = lengthOf(pieces)
  if (length > MAX_CONTENT_BYTES) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `part '${name}': expected at most ${MAX_CONTENT_BYTES} bytes, got ${length}: cut it into several parts`,
    )
  }
  return pieces
}
