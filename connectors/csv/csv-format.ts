/**
 * How records become CSV. Used in subtasks, one encoder per file.
 */
import Papa from 'papaparse'

import { MillraceError } from '../../mailbox/errors.ts'
import type { PlainData } from '../../operators/source.ts'
import { numberText } from '../files/number-text.ts'
import type { PieceEncoder, RecordEncoder, RecordFormat } from '../files/record-format.ts'
import { checkDelimiter } from './csv-source.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/** How CSV is written. */
export interface CsvFormatOptions {
  /**
   * The fields to write, in this order; other fields of a record are left out. Default: those of the first record of each
   * file, and then a record with another field is an error.
   */
  readonly columns?: readonly string[]
  /** Whether to write the names of the columns first. Default: true. */
  readonly header?: boolean
  /** What separates fields: one ASCII character. Default: a comma. */
  readonly delimiter?: string
}

/**
 * The format of flat records as CSV (RFC 4180), UTF-8, `\n` behind each line, fields quoted where they must be, for sinks that
 * take a format.
 *
 * Values: a `Date` in ISO 8601, null and undefined as an empty field, numbers, bigints and booleans as JavaScript prints them.
 *
 * Errors: `INVALID_ARGUMENT` at once; `NOT_CSV` (a record that is no flat object, or has a field that has no column), when it
 * is written.
 *
 * `T`, the type of the records, follows from the stream.
 *
 * @example
 * stream.to(fileSink({ directory: 'out', format: csv({ columns: ['origin', 'flights'] }) }))
 */
export function csv<T extends object = object>(options: CsvFormatOptions = {}): RecordFormat<T> {
  checkOptions(options, ['columns', 'header', 'delimiter'], 'csv')
  return csvFormat(options, 'csv')
}

/** The format with the name of the function that was called, for errors. */
export function csvFormat(options: CsvFormatOptions, where: string): RecordFormat<object> {
  const delimiter = checkDelimiter(options.delimiter, where)
  const { header = true } = options
  if (typeof header !== 'boolean') {
    throw new MillraceError('INVALID_ARGUMENT', `${where}: "header" must be true or false`)
  }
  const columns: unknown = options.columns
  if (columns !== undefined && !isNameList(columns)) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `${where}: "columns" must name at least one column, and none twice`,
    )
  }
  return {
    name: 'csv',
    extension: '.csv',
    encoder: (memory) => new CsvEncoder({ columns, header, delimiter }, memory),
    // Otherwise the first record of a file names the columns of all.
    ...(columns === undefined ? {} : { pieces: () => rowsOf({ columns, header, delimiter }) }),
  }
}

/** Rows without a header. */
function rowsOf(format: Format): PieceEncoder<object> {
  const encoder = new CsvEncoder(format, undefined)
  return { encode: (values) => encoder.encode(values, false) }
}

function isNameList(columns: unknown): columns is readonly string[] {
  return (
    Array.isArray(columns) &&
    columns.length > 0 &&
    columns.every((name) => typeof name === 'string') &&
    new Set(columns).size === columns.length
  )
}

interface Format {
  readonly columns: readonly string[] | undefined
  readonly header: boolean
  readonly delimiter: string
}

class CsvEncoder implements RecordEncoder<object> {
  readonly #format: Format
  /** Set by the first record where the options name no columns. */
  #columns: readonly string[] | undefined

  constructor(format: Format, memory: PlainData) {
    this.#format = format
    this.#columns = format.columns ?? (isNameList(memory) ? [...memory] : undefined)
  }

  /** The columns, where the first record named them: what follows in the file must have them too. */
  get memory(): PlainData {
    return this.#format.columns === undefined ? this.#columns : undefined
  }

  encode(values: readonly object[], first: boolean): string {
    this.#columns ??= fieldsOf(values[0])
    const columns = this.#columns
    const strict = this.#format.columns === undefined
    const rows = values.map((record) => {
      if (strict) checkFields(record, columns)
      return cellsOf(record, columns)
    })
    const header = first && this.#format.header ? this.#text([columns]) : ''
    return header + this.#text(rows)
  }

  empty(): string {
    return this.#columns !== undefined && this.#format.header ? this.#text([this.#columns]) : ''
  }

  #text(rows: readonly (readonly string[])[]): string {
    // an empty field alone on its line would look like an empty line, which readers skip
    const quotes = rows[0]?.length === 1 ? (value: unknown) => value === '' : false
    const { delimiter } = this.#format
    return Papa.unparse(rows as string[][], { delimiter, newline: '\n', quotes }) + '\n'
  }
}

function fieldsOf(record: unknown): readonly string[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw notCsv(`a record must be an object with fields, got ${shown(record)}`)
  }
  const fields = Object.keys(record)
  if (fields.length === 0) throw notCsv('the first record has no fields')
  return fields
}

function checkFields(record: object, columns: readonly string[]): void {
  const extra = fieldsOf(record).find((field) => !columns.includes(field))
  if (extra !== undefined) {
    throw notCsv(
      `a record has the field "${extra}", but the columns, taken from the first record, are ${columns.join(', ')}; ` +
        'name the columns in the options',
    )
  }
}

function cellsOf(record: unknown, columns: readonly string[]): string[] {
  if (typeof record !== 'object' || record === null) {
    throw notCsv(`a record must be an object with fields, got ${shown(record)}`)
  }
  return columns.map((column) => {
    const value: unknown = Object.hasOwn(record, column) ? Reflect.get(record, column) : undefined
    return cellOf(value, column)
  })
}

function cellOf(value: unknown, column: string): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return numberText(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'undefined':
      return ''
    default:
      if (value === null) return ''
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
      throw notCsv(
        `field "${column}" must be a string, number, boolean or date, got ${shown(value)}`,
      )
  }
}

function notCsv(message: string): MillraceError {
  return new MillraceError('NOT_CSV', `a record cannot be written as CSV: ${message}`)
}

function shown(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return value instanceof Date ? 'an invalid date' : `a value of type ${typeof value}`
}
