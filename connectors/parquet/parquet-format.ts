/**
 * The Parquet format for sinks: which columns a file has, and the checks of what is written into them. The bytes are made by
 * `hyparquet-writer`.
 */
import type { SchemaElement } from 'hyparquet'
import { MillraceError } from '../../mailbox/errors.ts'
import {
  columnSpecs,
  type ColumnSpec,
  type ColumnTypes,
  type RecordOf,
  type RequiredColumnType,
} from '../files/columns.ts'
import type { BulkFormat } from '../files/record-format.ts'
import { ParquetEncoder, type ParquetColumn } from './parquet-encoder.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/** Some 25 ms of encoding for seven columns, in which the slot does nothing else; groups ten times as long save a tenth of the bytes. */
const DEFAULT_ROW_GROUP_ROWS = 5_000

const TYPES = ['string', 'number', 'boolean', 'timestamp', 'date', 'bigint', 'bytes'] as const
type WrittenType = (typeof TYPES)[number]

/** How Parquet is written. */
export interface ParquetFormatOptions<C extends ColumnTypes> {
  /** The fields to write and their types, in this order, as in `parquetSource`; `'number?'` may be null or missing. Other fields are left out. */
  readonly columns: C
  /** How pages are compressed. Default: `snappy`. */
  readonly compression?: 'snappy' | 'gzip' | 'none'
  /**
   * Rows of a row group, which waits in memory and is then encoded at once: more of them make smaller files, and longer pauses.
   * Default: 5,000.
   */
  readonly rowGroupRows?: number
}

/**
 * The format of Parquet files, for the folder sink. A file ends at each checkpoint, since none can be gone on with: choose the interval
 * of checkpoints with that in mind.
 *
 * Values: strings as UTF-8; numbers as doubles; timestamps (epoch milliseconds) and dates as instants in UTC with milliseconds;
 * bigints as 64-bit integers; bytes as they are. `parquetSource` with the same columns reads the same records.
 *
 * Errors: `INVALID_ARGUMENT` at once; `NOT_PARQUET_RECORD` (a record that is no object, or a field that is not of the column's type),
 * when it is written.
 *
 * @example
 * const columns = { origin: 'string', delay: 'number?' } as const
 * const flights = fileSink({ directory: 'out', format: parquet({ columns }) })
 */
export function parquet<const C extends ColumnTypes>(
  options: ParquetFormatOptions<C>,
): BulkFormat<RecordOf<C>> {
  checkOptions(options, ['columns', 'compression', 'rowGroupRows'], 'parquet')
  const { columns, compression = 'snappy', rowGroupRows = DEFAULT_ROW_GROUP_ROWS } = options
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) {
    throw invalid('"columns" must be an object of names and types')
  }
  const specs = columnSpecs(columns, TYPES, 'parquet')
  const codec = codecOf(compression)
  if (!Number.isSafeInteger(rowGroupRows) || rowGroupRows < 1) {
    throw invalid(
      `"rowGroupRows" must be a whole number of at least 1, got ${String(rowGroupRows)}`,
    )
  }
  const layout = { columns: specs.map(columnOf), schema: schemaOf(specs), codec, rowGroupRows }
  return {
    name: 'parquet',
    extension: '.parquet',
    bulkEncoder: () => new ParquetEncoder<RecordOf<C>>(layout),
  }
}

function codecOf(compression: unknown): 'SNAPPY' | 'GZIP' | 'UNCOMPRESSED' {
  if (compression === 'snappy') return 'SNAPPY'
  if (compression === 'gzip') return 'GZIP'
  if (compression === 'none') return 'UNCOMPRESSED'
  throw invalid(`"compression" must be 'snappy', 'gzip' or 'none', got ${String(compression)}`)
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `parquet: ${message}`)
}

const INSTANT = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MILLIS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
} as const

const PHYSICAL: Readonly<Record<WrittenType, Omit<SchemaElement, 'name'>>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  timestamp: INSTANT,
  date: INSTANT,
  bigint: { type: 'INT64' },
  bytes: { type: 'BYTE_ARRAY' },
}

function schemaOf(specs: readonly ColumnSpec[]): SchemaElement[] {
  const leaves = specs.map(({ name, type, nullable }): SchemaElement => ({
    name,
    repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
    ...PHYSICAL[writtenType(type)],
  }))
  return [{ name: 'record', num_children: leaves.length }, ...leaves]
}

function columnOf({ name, type, nullable }: ColumnSpec): ParquetColumn {
  return { name, type, nullable, accepts: ACCEPTS[writtenType(type)] }
}

function writtenType(type: RequiredColumnType): WrittenType {
  if (type === 'any') throw invalid('a column cannot have the type "any"')
  return type
}

const ACCEPTS: Readonly<Record<WrittenType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  timestamp: (value) => Number.isSafeInteger(value),
  date: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  bigint: (value) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  bytes: (value) => value instanceof Uint8Array,
}
