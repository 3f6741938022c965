/**
 * The Parquet source: a split is a row group, or a half of a large one among the last. The enumerator reads the footers on the coordinator and checks
 * the columns; readers decode in their subtasks.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type {
  EnumeratorContext,
  PlainData,
  ReaderContext,
  Source,
  SplitReader,
} from '../../operators/source.ts'
import { columnSpecs, type ColumnSpec, type ColumnTypes, type RecordOf } from '../files/columns.ts'
import { inputPaths, shortName, type InputPaths } from '../files/paths.ts'
import { listEnumerator, restoredList } from '../files/split-list.ts'
import { planColumns } from './column-kind.ts'
import { damaged, readFooter, type ParquetFooter } from './parquet-file.ts'
import { RecordBuilders } from './record-builder.ts'
import { loadRowGroup, RowGroupReader } from './row-group.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/** Which columns to read: a list of names, or names with the types that their values shall have. */
export type ParquetColumns = readonly string[] | ColumnTypes

/** The record that a choice of columns makes. */
export type ParquetRecord<C extends ParquetColumns> = C extends readonly string[]
  ? { [K in C[number]]: PlainData }
  : C extends ColumnTypes
    ? RecordOf<C>
    : never

/** How to read Parquet files. Exactly one of `path` and `paths` is given. */
export interface ParquetSourceOptions<C extends ParquetColumns> extends InputPaths {
  /**
   * The columns to read, in the order of the record's fields. Only these are read from disk.
   * `{ date: 'timestamp', delay: 'number' }` also types the record and is checked against the file before
   * the job runs; `'number?'` allows null. Default: all columns.
   */
  readonly columns?: C
  /**
   * What timestamps and dates become where `columns` does not say it: `'number'`, epoch milliseconds
   * (finer ones are rounded down), or `'date'`, a `Date`. Default: `'number'`, which costs nothing per record.
   */
  readonly timestamps?: 'number' | 'date'
}

/** A row group of a file, or a part of one. */
export interface ParquetSplit {
  readonly path: string
  readonly rowGroup: number
  /** Of the whole row group. */
  readonly rows: number
  /** The rows of the split, as `[start, end)` inside the row group. Default: all. */
  readonly part?: readonly [start: number, end: number]
  /** Size of the file when the job was started: a file that changed since is not read. */
  readonly fileBytes: number
}

/**
 * Reads Parquet files, row group by row group, in the order of the file. Several subtasks read the last row groups in halves where these are
 * large, so that they come to the end at about the same time.
 *
 * Values: timestamps and dates as epoch milliseconds (times without a zone are taken as UTC); 64-bit integers as
 * number where that is exact and as bigint otherwise, or always as what `columns` declares; decimals as the nearest number; strings,
 * enums and unannotated byte strings as string; lists, maps and structs as arrays and objects; null as null. Inside of lists, maps and structs 64-bit
 * integers are always bigints, decimals may differ from the nearest number in the last digit, and byte strings must be text. Where `columns` says `bytes`,
 * strings and byte strings are the bytes that the file has.
 * Compression: snappy, gzip, brotli, zstd, lz4. A row group is decoded in memory.
 *
 * Position: the next row inside the row group. Records share nothing that can be changed.
 *
 * Errors: `INVALID_ARGUMENT` at once; `FILE_NOT_FOUND`, `FILE_NOT_READABLE`, `NOT_PARQUET`, `DAMAGED_FILE`,
 * `UNSUPPORTED_PARQUET`, `UNKNOWN_COLUMN`, `DUPLICATE_COLUMN`, `COLUMN_TYPE_MISMATCH` before the first record; `DAMAGED_FILE`, `FILE_CHANGED`,
 * `UNSUPPORTED_PARQUET` (byte strings that are no text), `NULL_VALUE`, `UNSAFE_INTEGER`, `FILE_READ_FAILED` later.
 *
 * @example
 * const flights = parquetSource({ path: 'flights.parquet', columns: { date: 'timestamp', origin: 'string' } })
 */
export function parquetSource<const C extends ParquetColumns = ColumnTypes>(
  options: ParquetSourceOptions<C>,
): Source<ParquetRecord<C>, ParquetSplit, number> {
  checkOptions(options, ['path', 'paths', 'columns', 'timestamps'], 'parquetSource')
  const paths = inputPaths(options, 'parquetSource')
  const wanted = wantedColumns(options.columns)
  const { timestamps = 'number' } = options
  if (timestamps !== 'number' && timestamps !== 'date') {
    throw invalid(`"timestamps" must be 'number' or 'date', got ${JSON.stringify(timestamps)}`)
  }
  return new ParquetSource(paths, wanted, timestamps === 'date' ? 'date' : 'timestamp')
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `parquetSource: ${message}`)
}

function wantedColumns(columns: unknown): readonly (ColumnSpec | string)[] | undefined {
  if (columns === undefined) return undefined
  if (Array.isArray(columns)) {
    if (columns.length === 0 || columns.some((name) => typeof name !== 'string')) {
      throw invalid('"columns" must name at least one column, each as a string')
    }
    if (new Set(columns).size < columns.length) throw invalid('"columns" names a column twice')
    return [...columns] as string[]
  }
  if (typeof columns !== 'object' || columns === null) {
    throw invalid('"columns" must be a list of names or an object of names and types')
  }
  const allowed = [
    'string',
    'number',
    'boolean',
    'timestamp',
    'date',
    'bigint',
    'bytes',
    'any',
  ] as const
  return columnSpecs(columns as ColumnTypes, allowed, 'parquetSource')
}

/** A file with the number of rows of each row group. */
interface RowGroups {
  readonly path: string
  readonly fileBytes: number
  readonly rows: readonly number[]
  /** So many of the last ones are read in halves. Default: none, as in checkpoints of earlier versions. */
  readonly halved?: number
}

/** Row groups of fewer rows are not read in halves: the columns of the whole row group are decoded for each. */
const HALVED_ROWS = 65_536

class ParquetSource<T> implements Source<T, ParquetSplit, number> {
  readonly name: string
  readonly #paths: readonly string[]
  readonly #wanted: readonly (ColumnSpec | string)[] | undefined
  readonly #timestamps: 'timestamp' | 'date'
  readonly #builders = new RecordBuilders()
  /** Footers by path: the subtasks of one thread share them, and every split of a file needs its footer. */
  readonly #footers = new Map<string, Promise<ParquetFooter>>()

  constructor(
    paths: readonly string[],
    wanted: readonly (ColumnSpec | string)[] | undefined,
    timestamps: 'timestamp' | 'date',
  ) {
    this.name = shortName('parquet', paths)
    this.#paths = paths
    this.#wanted = wanted
    this.#timestamps = timestamps
  }

  async enumerate({ restored, parallelism }: EnumeratorContext) {
    const progress = restoredList<readonly RowGroups[]>(restored, 'parquetSource') ?? {
      kind: 'parquetSource',
      facts: withHalves(await this.#rowGroups(), parallelism),
      given: 0,
    }
    const recordsExpected = progress.facts.reduce(
      (sum, { rows }) => rows.reduce((ofFile, ofGroup) => ofFile + ofGroup, sum),
      0,
    )
    return listEnumerator(progress.facts.flatMap(splitsOf), { recordsExpected, progress })
  }

  async #rowGroups(): Promise<RowGroups[]> {
    const files: RowGroups[] = []
    for (const path of this.#paths) {
      const { metadata, fileBytes } = await readFooter(path)
      planColumns(metadata, path, this.#wanted, this.#timestamps)
      const rows = metadata.row_groups.map(({ num_rows: rowsOfGroup }) => Number(rowsOfGroup))
      files.push({ path, fileBytes, rows })
    }
    return files
  }

  async open(
    split: ParquetSplit,
    context: ReaderContext,
    position?: number,
  ): Promise<SplitReader<T, number>> {
    const footer = await this.#footer(split)
    const columns = planColumns(footer.metadata, split.path, this.#wanted, this.#timestamps)
    const group = footer.metadata.row_groups[split.rowGroup]
    if (group === undefined || Number(group.num_rows) !== split.rows) {
      throw damaged(split.path, `its row group ${split.rowGroup} does not have ${split.rows} rows`)
    }
    const [start, end] = split.part ?? [0, split.rows]
    const from = position ?? start
    if (!Number.isSafeInteger(from) || from < start || from > end) {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `${this.name}: position ${from} is outside of rows ${start} to ${end} of row group ${split.rowGroup}`,
      )
    }
    const build = await loadRowGroup({
      footer,
      columns,
      rowGroup: split.rowGroup,
      timestamps: this.#timestamps,
      builders: this.#builders,
    })
    return new RowGroupReader<T>(build, end, context.batchSize, from)
  }

  async #footer(split: ParquetSplit): Promise<ParquetFooter> {
    let reading = this.#footers.get(split.path)
    if (reading === undefined) {
      reading = readFooter(split.path)
      this.#footers.set(split.path, reading)
      // a failure is not kept: a restarted job may find the file repaired
      reading.catch(() => this.#footers.delete(split.path))
    }
    const footer = await reading
    if (footer.fileBytes !== split.fileBytes) {
      this.#footers.delete(split.path)
      throw new MillraceError(
        'FILE_CHANGED',
        `${split.path} had ${split.fileBytes} bytes when the job started and has ${footer.fileBytes} now`,
      )
    }
    return footer
  }
}

/** The splits of one file, in order. */
function splitsOf({ path, fileBytes, rows: ofGroups, halved = 0 }: RowGroups): ParquetSplit[] {
  return ofGroups.flatMap((rows, rowGroup): ParquetSplit[] => {
    const whole = { path, rowGroup, rows, fileBytes }
    if (rowGroup < ofGroups.length - halved || rows < HALVED_ROWS) return [whole]
    const middle = Math.ceil(rows / 2)
    return [
      { ...whole, part: [0, middle] },
      { ...whole, part: [middle, rows] },
    ]
  })
}

/**
 * Of the last file as many row groups as there are subtasks are read in halves: with whole ones, all subtasks would wait for the last by half of a
 * row group on average.
 */
function withHalves(files: readonly RowGroups[], parallelism: number): readonly RowGroups[] {
  const last = files.at(-1)
  if (parallelism === 1 || last === undefined) return files
  return [...files.slice(0, -1), { ...last, halved: parallelism }]
}
