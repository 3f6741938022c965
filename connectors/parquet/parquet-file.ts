/**
 * Opens Parquet files and tells what is wrong with them. On the coordinator and in subtasks; a file is
 * closed again before a function returns, except by `withFile`'s caller.
 */
import type { FileHandle } from 'node:fs/promises'
import { parquetMetadataAsync } from 'hyparquet'
import type { AsyncBuffer, FileMetaData } from 'hyparquet'
import { MillraceError } from '../../mailbox/errors.ts'
import { inputBytes, openInput, readFully } from '../files/paths.ts'
import { isReadableCodec } from './decompress.ts'

const MAGIC = 'PAR1'
const ENCRYPTED_MAGIC = 'PARE'
/** Magic at both ends and the length of the footer. */
const SMALLEST_FILE_BYTES = 12

/** `DAMAGED_FILE` with what was being read when it showed. */
export function damaged(path: string, what: string, cause?: unknown): MillraceError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new MillraceError('DAMAGED_FILE', `${path} is damaged: ${what}${why}`, { cause })
}

/** Bytes `[start, end)` of an open file. Errors: `DAMAGED_FILE` when the file ends before that. */
export async function readRange(
  file: FileHandle,
  start: number,
  end: number,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.max(0, end - start))
  if ((await readFully(file, bytes, start, path)) < bytes.length) {
    throw damaged(path, `it ends before byte ${end}, where its footer says data stands`)
  }
  return bytes
}

/** The open file as hyparquet wants it. */
export function asyncBufferOf(file: FileHandle, byteLength: number, path: string): AsyncBuffer {
  return {
    byteLength,
    slice: async (start, end = byteLength) =>
      (await readRange(file, start, Math.min(end, byteLength), path)).buffer,
  }
}

/** The footer of a Parquet file, and how long the file was. */
export interface ParquetFooter {
  readonly path: string
  readonly fileBytes: number
  readonly metadata: FileMetaData
}

/**
 * Reads the footer and checks what it says as far as that is possible without reading data.
 *
 * Errors: `FILE_NOT_FOUND`, `FILE_NOT_READABLE`, `NOT_PARQUET`, `DAMAGED_FILE`, `UNSUPPORTED_PARQUET`.
 */
export async function readFooter(path: string): Promise<ParquetFooter> {
  const fileBytes = await inputBytes(path)
  const file = await openInput(path)
  try {
    await checkMagic(file, fileBytes, path)
    let metadata: FileMetaData
    try {
      metadata = await parquetMetadataAsync(asyncBufferOf(file, fileBytes, path))
    } catch (error) {
      throw error instanceof MillraceError
        ? error
        : damaged(path, 'its footer cannot be read', error)
    }
    checkMetadata(metadata, fileBytes, path)
    return { path, fileBytes, metadata }
  } finally {
    await file.close()
  }
}

async function checkMagic(file: FileHandle, fileBytes: number, path: string): Promise<void> {
  const magic = async (at: number): Promise<string> =>
    Buffer.from(await readRange(file, at, at + MAGIC.length, path)).toString('latin1')
  const first = fileBytes < MAGIC.length ? '' : await magic(0)
  if (first === ENCRYPTED_MAGIC) {
    throw new MillraceError(
      'UNSUPPORTED_PARQUET',
      `${path} is encrypted; encrypted Parquet files cannot be read`,
    )
  }
  if (first !== MAGIC) {
    const found =
      fileBytes === 0
        ? 'it is empty'
        : `it starts with ${JSON.stringify(first)} instead of "${MAGIC}"`
    throw new MillraceError('NOT_PARQUET', `${path} is not a Parquet file: ${found}`)
  }
  if (fileBytes < SMALLEST_FILE_BYTES || (await magic(fileBytes - MAGIC.length)) !== MAGIC) {
    throw damaged(
      path,
      `its ${fileBytes} bytes do not end with "${MAGIC}", so it was probably cut off`,
    )
  }
}

function checkMetadata(metadata: FileMetaData, fileBytes: number, path: string): void {
  let rows = 0
  for (const [index, group] of metadata.row_groups.entries()) {
    rows += Number(group.num_rows)
    for (const { meta_data: chunk } of group.columns) {
      if (chunk === undefined)
        throw damaged(path, `row group ${index} has a column without metadata`)
      if (!isReadableCodec(chunk.codec)) {
        throw new MillraceError(
          'UNSUPPORTED_PARQUET',
          `${path} is compressed with ${chunk.codec}, which cannot be read`,
        )
      }
      const { start, end } = chunkRange(chunk)
      if (!(start >= 0 && end >= start && end <= fileBytes)) {
        throw damaged(
          path,
          `column ${chunk.path_in_schema.join('.')} of row group ${index} lies outside the file`,
        )
      }
    }
  }
  if (rows !== Number(metadata.num_rows)) {
    throw damaged(
      path,
      `its footer promises ${metadata.num_rows} rows, its row groups hold ${rows}`,
    )
  }
}

type Chunk = NonNullable<FileMetaData['row_groups'][number]['columns'][number]['meta_data']>

/** Where a column chunk stands in its file: bytes `[start, end)`. */
export function chunkRange(chunk: Chunk): { readonly start: number; readonly end: number } {
  const data = Number(chunk.data_page_offset)
  const dictionary = Number(chunk.dictionary_page_offset ?? 0n)
  // some writers leave 0 instead of leaving it out
  const start = dictionary > 0 && dictionary < data ? dictionary : data
  return { start, end: start + Number(chunk.total_compressed_size) }
}
