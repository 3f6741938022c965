/**
 * The form of every file of a checkpoint: it says what it is, how long it is, and proves that nothing of it has changed.
 *
 *   0   8  `MILLRACE`
 *   8   1  what it holds: P a part, M metadata
 *   9   1  version of this form: 1
 *   10  2  zero
 *   12  8  length of the content, little endian
 *   20  n  content
 *   20+n 4 CRC-32 of everything before, little endian
 *
 * The first 20 and the last 4 bytes are the same in every version to come: a file of a later one can be told from a damaged one.
 * CRC-32 finds every change within 32 neighbouring bits for certain and overlooks one in 4 billion of all others; it is meant for
 * disks, not for enemies. It comes from `node:zlib` (Node 20.15 and later), at about eight times the speed of SHA-256.
 */
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../mailbox/errors.ts'

/** The version of the form above. */
export const FILE_FORMAT = 1
/** What a file is longer than its content. */
export const FRAME_BYTES = 24
/** The longest content: what one read brings at once. */
export const MAX_CONTENT_BYTES = 2 ** 31 - 1 - FRAME_BYTES

const HEAD_BYTES = 20
const MAGIC = Buffer.from('MILLRACE', 'latin1')
/** The checksum of more bytes at a time would hold up the thread for more than a millisecond. */
const SLICE_BYTES = 1 << 20
/** A call to the system costs about as much as copying this. */
const GATHERED_BYTES = 1 << 16

const LETTERS = { part: 'P', metadata: 'M' } as const

/** What a file holds. */
export type StoredFileKind = keyof typeof LETTERS

/** Why bytes are no sound file. */
export interface FileDamage {
  readonly expected: string
  readonly found: string
}

/** Bytes that were taken apart: their content, or what is wrong with them. */
export type OpenedFile =
  | { readonly content: Uint8Array; readonly checksum: number }
  | { readonly damage: FileDamage }

/** Takes bytes to where they belong. */
export type ByteWriter = (bytes: Uint8Array) => Promise<void>

/**
 * Writes a file of this form, slice by slice: other work of the thread goes on in between. Resolves to the checksum.
 * Errors: those of `write`, which may use the bytes only until it has settled.
 */
export async function writeStoredFile(
  kind: StoredFileKind,
  pieces: readonly Uint8Array[],
  write: ByteWriter,
): Promise<number> {
  let checksum = 0
  for (const slice of slicesOf([headOf(kind, lengthOf(pieces)), ...pieces])) {
    checksum = crc32(slice, checksum)
    await write(slice)
  }
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(checksum)
  await write(tail)
  return checksum
}

/** Cuts long pieces, and gathers short ones: state comes in as many pieces as there are key groups. A slice is valid until the next. */
function* slicesOf(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  const gathered = Buffer.allocUnsafe(GATHERED_BYTES)
  let used = 0
  for (const piece of pieces) {
    if (used > 0 && used + piece.length > GATHERED_BYTES) {
      yield gathered.subarray(0, used)
      used = 0
    }
    if (piece.length <= GATHERED_BYTES) {
      gathered.set(piece, used)
      used += piece.length
      continue
    }
    for (let start = 0; start < piece.length; start += SLICE_BYTES) {
      yield piece.subarray(start, start + SLICE_BYTES)
    }
  }
  if (used > 0) yield gathered.subarray(0, used)
}

/**
 * Takes the bytes of a file apart. The content is a view of them.
 * Throws `UNSUPPORTED_FORMAT` for a sound file of a later version; `where` goes into its message.
 */
export function openStoredFile(kind: StoredFileKind, bytes: Uint8Array, where: string): OpenedFile {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (file.length < FRAME_BYTES) {
    return damaged(`at least ${FRAME_BYTES} bytes`, `${file.length} bytes`)
  }
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) {
    return damaged("a file that begins with 'MILLRACE'", 'another beginning')
  }
  const length = file.readUInt32LE(12) + file.readUInt32LE(16) * 2 ** 32
  if (length + FRAME_BYTES !== file.length) {
    return damaged(`${length + FRAME_BYTES} bytes, as it says at its beginning`, sizeText(file))
  }
  const stored = file.readUInt32LE(file.length - 4)
  const checksum = crc32(file.subarray(0, -4))
  if (stored !== checksum) {
    return damaged(`the checksum ${checksumText(stored)}`, checksumText(checksum))
  }
  requireKnownFormat(file, where)
  const letter = String.fromCharCode(file[8] ?? 0)
  if (letter !== LETTERS[kind]) return damaged(`a ${kind} file (${LETTERS[kind]})`, letter)
  return { content: file.subarray(HEAD_BYTES, -4), checksum }
}

/** A checksum as messages show it: eight hexadecimal digits. */
export function checksumText(checksum: number): string {
  return checksum.toString(16).padStart(8, '0')
}

/** Bytes of all pieces together. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

function headOf(kind: StoredFileKind, length: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  MAGIC.copy(head)
  head.write(LETTERS[kind], 8, 'latin1')
  head[9] = FILE_FORMAT
  head.writeUInt32LE(length % 2 ** 32, 12)
  head.writeUInt32LE(Math.floor(length / 2 ** 32), 16)
  return head
}

/** Comes after the checksum: a version that was damaged is no later version. */
function requireKnownFormat(file: Buffer, where: string): void {
  const format = file[9] ?? 0
  if (format <= FILE_FORMAT && format > 0) return
  throw new MillraceError(
    'UNSUPPORTED_FORMAT',
    `${where}: expected a file format up to ${FILE_FORMAT}, found ${format}: a later version of Millrace has written it`,
  )
}

function damaged(expected: string, found: string): OpenedFile {
  return { damage: { expected, found } }
}

function sizeText(file: Buffer): string {
  return `${file.length} bytes`
}
