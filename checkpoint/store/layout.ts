/**
 * Where what lies in the directory of a store. `ID` has six digits or more.
 *
 *   checkpoint-ID/          a checkpoint that the job made for itself
 *   savepoint-ID/           one that a user asked for
 *     NAME-HASH.part        a part: NAME is for people, HASH (of the name it was put under) for uniqueness
 *     metadata              written last: what the checkpoint consists of
 *     *.tmp                 a file that is being written
 *   lock-PID-START-HOST     the process that writes here
 *
 * Anything else is nobody's of ours and is left alone. Names differ in more than the case of letters, as some file systems ask.
 */
import { createHash } from 'node:crypto'
import type { CheckpointKind } from './snapshot-store.ts'

/** Name of the file that makes a checkpoint exist. */
export const METADATA_FILE = 'metadata'
/** Ends the name of a file that is being written. */
export const TEMPORARY = '.tmp'

const ID_DIGITS = 6
const HASH_DIGITS = 12
const LONGEST_SHOWN_NAME = 80

/** A folder of a checkpoint, taken apart. */
export interface CheckpointFolder {
  readonly id: number
  readonly kind: CheckpointKind
  /** Its name. */
  readonly folder: string
}

/** Name of the folder of a checkpoint. */
export function folderName(kind: CheckpointKind, id: number): string {
  return `${kind}-${String(id).padStart(ID_DIGITS, '0')}`
}

/** The reverse; undefined for any other name. */
export function parseFolderName(folder: string): CheckpointFolder | undefined {
  const [, kind, digits] = /^(checkpoint|savepoint)-(\d+)$/.exec(folder) ?? []
  const id = Number(digits)
  if ((kind !== 'checkpoint' && kind !== 'savepoint') || !isCheckpointId(id)) return undefined
  return folderName(kind, id) === folder ? { id, kind, folder } : undefined
}

/** Whether it can be the id of a checkpoint: a whole number from 1. */
export function isCheckpointId(id: unknown): id is number {
  return Number.isSafeInteger(id) && Number(id) >= 1
}

/** Name of the file of a part. */
export function partFileName(name: string): string {
  const shown = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, LONGEST_SHOWN_NAME)
  const hash = createHash('sha256').update(name, 'utf16le').digest('hex').slice(0, HASH_DIGITS)
  return `${shown === '' ? 'part' : shown}-${hash}.part`
}

/** Whether this can be the place of a part, relative to the store: never one outside of it. */
export function isPartFile(file: string): boolean {
  const [folder = '', name = '', ...rest] = file.split('/')
  const known = parseFolderName(folder) !== undefined && /^[a-z0-9-]+\.part$/.test(name)
  return known && rest.length === 0
}

/** Whether a file in the folder of a checkpoint is one of ours. */
export function isOwnFile(name: string): boolean {
  return name === METADATA_FILE || /\.(?:part|tmp)$/.test(name)
}
