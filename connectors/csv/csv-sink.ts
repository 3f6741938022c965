/**
 * The CSV sink.
 */
import Papa from 'papaparse'

import { MillraceError } from '../../mailbox/errors.ts'
import type { Sink, SinkWriter } from '../../operators/sink.ts'
import { outputPath, OutputFile } from '../files/output-file.ts'
import { checkDelimiter } from './csv-source.ts'

/** Where and how CSV is written. */
export interface CsvSinkOptions {
  /** Path of the file. Its folder must exist. */
  readonly path: string
  /**
   * The fields to write, in this order; other fields of a record are left out. Default: those of the first record of each
   * subtask, and then a record with another field is an error.
   */
  readonly columns?: readonly string[]
  /** Whether to write the names of the columns first. Default: true. */
  readonly header?: boolean
  /** What separates fields: one ASCII character. Default: a comma. */
  readonly delimiter?: string
}

/**
 * Writes flat records as CSV (RFC 4180), UTF-8, `\n` behind each line; fields are quoted where they must be.
 *
 * The file appears under its name when the job has finished well; parts at a higher parallelism are named as those of
 * `jsonLinesSink`, each with its own header.
 *
 * Values: a `Date` in ISO 8601, null and undefined as an empty field, numbers, bigints and booleans as JavaScript prints them.
 *
 * Errors: `INVALID_ARGUMENT` at once; `OUTPUT_NOT_WRITABLE` at open; `NOT_CSV` (a record that is no flat object, or has a field that
 * has no column); `OUTPUT_WRITE_FAILED`, `OUTPUT_CLOSED`.
 *
 * @example
 * stream.to(csvSink({ path: 'out.csv', columns: ['origin', 'flights'] }))
 */
export function csvSink(options: CsvSinkOptions): Sink<object> {
  const path = outputPath(options.path, 'csvSink')
  const delimiter = checkDelimiter(options.delimiter, 'csvSink')
  const { columns, header = true } = options
  const names: unknown = columns
  if (names !== undefined && !isNameList(names)) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      'csvSink: "columns" must name at least one column, and none twice',
    )
  }
  return {
    name: `csv(${path})`,
    async open(context) {
      const file = await OutputFile.open(path, context)
      return new CsvWriter(file, { columns: names, header, delimiter })
    },
  }
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

class CsvWriter implements SinkWriter<object> {
  readonly #file: OutputFile
  readonly #format: Format
  /** Set by the first record where the options name no columns. */
  #columns: readonly string[] | undefined
  #headerWritten = false

  constructor(file: OutputFile, format: Format) {
    this.#file = file
    this.#format = format
    this.#columns = format.columns
  }

  write(values: readonly object[]): void | Promise<void> {
    if (values.length === 0) return
    this.#columns ??= fieldsOf(values[0])
    const columns = this.#columns
    const strict = this.#format.columns === undefined
    const rows = values.map((record) => {
      if (strict) checkFields(record, columns)
      return cellsOf(record, columns)
    })
    const header = this.#takeHeader(columns)
    return this.#file.write(header + this.#text(rows))
  }

  flush(): Promise<void> {
    return this.#file.flush()
  }

  async close(): Promise<void> {
    if (this.#columns !== undefined) await this.#file.write(this.#takeHeader(this.#columns))
    await this.#file.close()
  }

  abort(): Promise<void> {
    return this.#file.abort()
  }

  #takeHeader(columns: readonly string[]): string {
    if (!this.#format.header || this.#headerWritten) return ''
    this.#headerWritten = true
    return this.#text([columns])
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
