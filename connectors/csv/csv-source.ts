/**
 * The CSV source: a split is a file, because only reading from the start tells which line breaks are inside quotes.
 */
import Papa from 'papaparse'

import { MillraceError } from '../../mailbox/errors.ts'
import type { Source } from '../../operators/source.ts'
import { columnSpecs, type ColumnSpec, type ColumnTypes, type RecordOf } from '../files/columns.ts'
import { Follower, followOptions, type FollowOptions } from '../files/follow.ts'
import {
  filesWithBytes,
  inputPaths,
  shortName,
  type FileWithBytes,
  type InputPaths,
} from '../files/paths.ts'
import { listEnumerator, restoredList } from '../files/split-list.ts'
import { CsvReader } from './csv-reader.ts'
import { CSV_TYPES } from './csv-values.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/** Which columns to read: a list of names, all of them text, or names and types. */
export type CsvColumns = readonly string[] | ColumnTypes

/** The record that a choice of columns makes. */
export type CsvRecord<C extends CsvColumns> = C extends readonly string[]
  ? { [K in C[number]]: string }
  : C extends ColumnTypes
    ? RecordOf<C>
    : never

/** How to read CSV files. Exactly one of `path` and `paths` is given. */
export interface CsvSourceOptions<C extends CsvColumns> extends InputPaths {
  /**
   * The columns to read, in the order of the record's fields, e.g. `{ at: 'timestamp', price: 'number?' }`. Types: string,
   * number, boolean, timestamp (epoch milliseconds), date, bigint; with a question mark behind it an empty field is null.
   * Default: all columns, as text.
   */
  readonly columns?: C
  /** Whether the first record names the columns. Default: true. Without it, `columns` says what the fields are, in order. */
  readonly header?: boolean
  /** What separates fields: one ASCII character. Default: a comma. */
  readonly delimiter?: string
  /** Reads on when the files grow, as with `jsonLinesSource`; a record counts when its line break is there. Default: false. */
  readonly follow?: boolean | FollowOptions
}

/** One file. */
export type CsvSplit = FileWithBytes

/**
 * Reads CSV files as RFC 4180 describes them, in UTF-8: quoted fields may hold delimiters, quotes (doubled) and line breaks.
 * Every record must have as many fields as the header; empty lines are skipped; a byte order mark is accepted; lines end with
 * `\n` or with `\r\n`, the same throughout a file.
 *
 * Values: numbers as JavaScript reads them; booleans `true`, `false` (in any case), `1`, `0`; times in ISO 8601 (UTC where no zone is
 * given) or as epoch milliseconds.
 *
 * Position: the offset in bytes of the next record.
 *
 * Errors: `INVALID_ARGUMENT` at once; `FILE_NOT_FOUND`, `FILE_NOT_READABLE` before the first record; `UNKNOWN_COLUMN`,
 * `DUPLICATE_COLUMN`, `BAD_CSV_LINE` (quotes or number of fields), `BAD_CSV_VALUE` (file, line, column, text),
 * `FILE_CHANGED`, `FILE_READ_FAILED` later.
 *
 * @example
 * const trades = csvSource({ path: 'trades.csv', columns: { at: 'timestamp', price: 'number' } })
 */
export function csvSource<const C extends CsvColumns = readonly string[]>(
  options: CsvSourceOptions<C>,
): Source<CsvRecord<C>, CsvSplit, number> {
  const known = ['path', 'paths', 'columns', 'header', 'delimiter', 'follow']
  checkOptions(options, known, 'csvSource')
  const paths = inputPaths(options, 'csvSource')
  const follow = followOptions(options.follow, 'csvSource')
  const kind = follow === undefined ? 'csvSource' : 'csvSource with follow'
  const { header = true } = options
  const wanted = wantedColumns(options.columns)
  const delimiter = checkDelimiter(options.delimiter, 'csvSource')
  if (typeof header !== 'boolean') throw invalid('"header" must be true or false')
  if (!header && wanted === undefined) {
    throw invalid('"columns" must name the fields of a file without a header')
  }
  return {
    name: shortName('csv', paths),
    maxParallelism: paths.length,
    ...(follow === undefined ? {} : { splitsAtOnce: paths.length }),
    async enumerate({ restored }) {
      const progress = restoredList<readonly CsvSplit[]>(restored, kind) ?? {
        kind,
        facts: await filesWithBytes(paths),
        given: 0,
      }
      return listEnumerator(progress.facts, { progress })
    },
    open({ path, fileBytes }, context, position) {
      return CsvReader.open<CsvRecord<C>>({
        path,
        fileBytes,
        header,
        delimiter,
        wanted,
        batchSize: context.batchSize,
        badRecord: context.badRecord,
        position,
        follower: follow && new Follower(follow, context.signal),
        parse: (text, newline) =>
          Papa.parse<string[]>(markKept(text), {
            delimiter,
            newline,
            quoteChar: '"',
            header: false,
          }),
      })
    },
  }
}

const BYTE_ORDER_MARK = '\ufeff'

/** papaparse takes a mark off whatever it is given; that of the file is gone by now, and another one belongs to a field. */
function markKept(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK + text : text
}

/** One ASCII character that is neither a quote nor a line break. Errors: `INVALID_ARGUMENT`. */
export function checkDelimiter(delimiter: unknown, where: string): string {
  if (delimiter === undefined) return ','
  if (typeof delimiter === 'string' && /^[\t\x20-\x7e]$/.test(delimiter) && delimiter !== '"') {
    return delimiter
  }
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `${where}: "delimiter" must be one ASCII character and no quote, got ${JSON.stringify(delimiter)}`,
  )
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `csvSource: ${message}`)
}

function wantedColumns(columns: unknown): readonly ColumnSpec[] | undefined {
  if (columns === undefined) return undefined
  if (typeof columns !== 'object' || columns === null) {
    throw invalid('"columns" must be a list of names or an object of names and types')
  }
  if (!Array.isArray(columns)) return columnSpecs(columns as ColumnTypes, CSV_TYPES, 'csvSource')
  const names: readonly unknown[] = columns
  if (names.length === 0 || new Set(names).size < names.length) {
    throw invalid('"columns" must name at least one column, and none twice')
  }
  return names.map((name) => {
    if (typeof name !== 'string') throw invalid('"columns" must hold strings')
    return { name, type: 'string', nullable: false }
  })
}
