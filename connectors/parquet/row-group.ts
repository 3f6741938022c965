/**
 * Reads one row group: the bytes of the wanted columns, decoded column by column, made into records batch by batch.
 * In a subtask. Reading from disk yields the thread between columns; decoding one column of one row group does not.
 */
import type { FileHandle } from 'node:fs/promises'
import { parquetScan } from 'hyparquet'
import { MillraceError } from '../../mailbox/errors.ts'
import type { SplitReader } from '../../operators/source.ts'
import { openInput } from '../files/paths.ts'
import type { PlannedColumn } from './column-kind.ts'
import { compressors, prepareCodec } from './decompress.ts'
import { readFlatColumn, type ColumnVector } from './flat-column.ts'
import {
  asyncBufferOf,
  chunkRange,
  damaged,
  readRange,
  type ParquetFooter,
} from './parquet-file.ts'
import { nestedParsers, NotText } from './parsers.ts'
import { asDeclared, type BuildRecords, type RecordBuilders } from './record-builder.ts'

/** What is needed to read a row group. */
export interface RowGroupRequest {
  readonly footer: ParquetFooter
  readonly columns: readonly PlannedColumn[]
  readonly rowGroup: number
  readonly timestamps: 'timestamp' | 'date'
  readonly builders: RecordBuilders
}

/**
 * Decodes the columns of a row group and returns what builds its records.
 *
 * Errors: `FILE_NOT_FOUND`, `FILE_READ_FAILED`, `DAMAGED_FILE`, `UNSUPPORTED_PARQUET` (byte strings that are no text), `NULL_VALUE`, `UNSAFE_INTEGER`.
 */
export async function loadRowGroup(request: RowGroupRequest): Promise<BuildRecords> {
  const { footer, columns, rowGroup, builders } = request
  const file = await openInput(footer.path)
  try {
    const vectors: ColumnVector[] = []
    for (const column of columns) {
      const where = `column ${column.name} of row group ${rowGroup} of ${footer.path}`
      const vector = await readColumn(file, request, column)
      vectors.push(asDeclared(column, vector, where))
    }
    return builders.over(columns, vectors)
  } finally {
    await file.close()
  }
}

async function readColumn(
  file: FileHandle,
  request: RowGroupRequest,
  column: PlannedColumn,
): Promise<ColumnVector> {
  const { path, metadata } = request.footer
  const group = metadata.row_groups[request.rowGroup]
  const rows = Number(group?.num_rows ?? 0)
  try {
    for (const { meta_data: chunk } of group?.columns ?? []) {
      if (chunk?.path_in_schema[0] !== column.name) continue
      await prepareCodec(chunk.codec, Number(chunk.total_uncompressed_size))
    }
    if (column.kind === 'nested') return await readNestedColumn(file, request, column, rows)
    const chunk = group?.columns.find(
      ({ meta_data: found }) =>
        found?.path_in_schema.length === 1 && found.path_in_schema[0] === column.name,
    )?.meta_data
    if (chunk === undefined) throw new Error('the row group does not have it')
    const { start, end } = chunkRange(chunk)
    return readFlatColumn(await readRange(file, start, end, path), chunk, column, rows)
  } catch (error) {
    if (error instanceof MillraceError) throw error
    if (error instanceof NotText) throw notText(column, request, error)
    throw damaged(path, `column ${column.name} of row group ${request.rowGroup}`, error)
  }
}

/** Strings are UTF-8, or the file is damaged; byte strings, and those inside of others, may be anything. */
function notText(
  { name, kind }: PlannedColumn,
  { footer, rowGroup }: RowGroupRequest,
  cause: NotText,
): MillraceError {
  const column = `column ${name} of row group ${rowGroup}`
  if (kind === 'nested' || kind === 'text') {
    const advice =
      kind === 'text' ? 'declare it as bytes' : 'leave it out by naming the others in "columns"'
    return new MillraceError(
      'UNSUPPORTED_PARQUET',
      `${column} of ${footer.path} ${cause.message}; ${advice}`,
      { cause },
    )
  }
  const why = `${column} ${cause.message}; declared as bytes it can be read all the same`
  return damaged(footer.path, why)
}

/** Lists, maps and structs: hyparquet assembles them. */
async function readNestedColumn(
  file: FileHandle,
  request: RowGroupRequest,
  column: PlannedColumn,
  rows: number,
): Promise<ColumnVector> {
  const { path, fileBytes, metadata } = request.footer
  let rowStart = 0
  for (const group of metadata.row_groups.slice(0, request.rowGroup))
    rowStart += Number(group.num_rows)
  const scan = await parquetScan({
    file: asyncBufferOf(file, fileBytes, path),
    metadata,
    columns: [column.name],
    compressors,
    parsers: nestedParsers(request.timestamps),
  })
  const values = await scan.readColumn({ column: column.name, rowStart, rowEnd: rowStart + rows })
  if (values.length !== rows) throw new Error(`has ${values.length} values instead of ${rows}`)
  return { values: Array.from(values, nullsFilledIn), indexes: undefined, hasNulls: true }
}

/** hyparquet leaves undefined where a whole list, map or struct is null. */
function nullsFilledIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullsFilledIn)
  if (typeof value !== 'object' || value === null) return value ?? null
  // dates, bytes and the like stay as they are
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const record = value as Record<string, unknown>
  for (const name of Object.keys(record)) {
    const found = record[name]
    if (found === undefined || typeof found === 'object') record[name] = nullsFilledIn(found)
  }
  return value
}

/** Hands out the records of a loaded row group up to `end` (exclusive); its position is the next row inside the group. */
export class RowGroupReader<T> implements SplitReader<T, number> {
  readonly #build: BuildRecords
  readonly #end: number
  readonly #batchSize: number
  #row: number

  constructor(build: BuildRecords, end: number, batchSize: number, position: number) {
    this.#build = build
    this.#end = end
    this.#batchSize = batchSize
    this.#row = position
  }

  get position(): number {
    return this.#row
  }

  read(): readonly T[] | undefined {
    const start = this.#row
    if (start >= this.#end) return undefined
    const end = Math.min(start + this.#batchSize, this.#end)
    this.#row = end
    // the builder makes what `columns` declares: the one place where the file's types become the user's
    return this.#build(start, end) as T[]
  }
}
