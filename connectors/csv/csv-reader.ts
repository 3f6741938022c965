/**
 * Reads the records of one CSV file, batch by batch. In a subtask.
 */
import { isUtf8 } from 'node:buffer'

import { MillraceError } from '../../mailbox/errors.ts'
import type { ReaderContext, SplitReader } from '../../operators/source.ts'
import { unknownColumn, type ColumnSpec } from '../files/columns.ts'
import type { Follower } from '../files/follow.ts'
import { lineNumberAt, LineReader } from '../files/line-reader.ts'
import { csvParser, type ParseValue } from './csv-values.ts'
import { scanRecords, type ScannedRecords } from './record-scanner.ts'

const SHOWN_CHARACTERS = 80

/** What papaparse answers, as far as it is used here. */
interface Parsed {
  readonly data: readonly (readonly string[])[]
  readonly errors: readonly { readonly message: string; readonly row?: number | undefined }[]
}

/** What is needed to read a file. */
export interface CsvRequest {
  readonly path: string
  readonly fileBytes: number
  readonly header: boolean
  readonly delimiter: string
  readonly wanted: readonly ColumnSpec[] | undefined
  readonly batchSize: number
  readonly position: number | undefined
  /** For a file that grows. */
  readonly follower: Follower | undefined
  /** Takes the records that don't fit their columns; undefined: the first one ends the job. */
  readonly badRecord: ReaderContext['badRecord']
  /** Parses whole records. */
  readonly parse: (text: string, newline: '\n' | '\r\n') => Parsed
}

/** A column of the record and the field it comes from. */
interface Field {
  readonly name: string
  readonly at: number
  readonly nullable: boolean
  readonly type: string
  readonly parse: ParseValue
}

/** How a file is laid out, as its first record tells. */
interface Layout {
  readonly newline: '\n' | '\r\n'
  readonly fieldCount: number
  readonly fields: readonly Field[]
}

/** Its position is the offset in bytes of the next record. */
export class CsvReader<T> implements SplitReader<T, number> {
  readonly #request: CsvRequest
  #lines: LineReader
  #layout: Layout | undefined

  private constructor(request: CsvRequest, lines: LineReader) {
    this.#request = request
    this.#lines = lines
  }

  /** Reads the header, then goes to the position. */
  static async open<T>(request: CsvRequest): Promise<CsvReader<T>> {
    const range = { end: request.fileBytes, align: false, follower: request.follower }
    const lines = await LineReader.open(request.path, { ...range, start: 0 })
    const reader = new CsvReader<T>(request, lines)
    try {
      await reader.#readLayout()
      if (request.position !== undefined && request.position > reader.position) {
        await lines.close()
        reader.#lines = await LineReader.open(request.path, { ...range, start: request.position })
      }
      return reader
    } catch (error) {
      await reader.close()
      throw error
    }
  }

  get position(): number {
    return this.#lines.position
  }

  close(): Promise<void> {
    return this.#lines.close()
  }

  read(): readonly T[] | undefined | Promise<readonly T[] | undefined> {
    const layout = this.#layout
    if (layout === undefined || this.#lines.done) return undefined
    const scanned = this.#scan(this.#request.batchSize, layout.newline)
    return scanned.starts.length > 0 ? this.#take(scanned, layout) : this.#fillAndRead(layout)
  }

  async #fillAndRead(layout: Layout): Promise<readonly T[] | undefined> {
    for (;;) {
      const scanned = this.#scan(this.#request.batchSize, layout.newline)
      if (scanned.starts.length > 0) return this.#take(scanned, layout)
      this.#lines.consume(scanned.used)
      if (this.#lines.done) return undefined
      await this.#lines.fill()
    }
  }

  #scan(limit: number, newline: '\n' | '\r\n' | undefined): ScannedRecords {
    const { ownBytes: own, atEnd, window } = this.#lines
    const delimiter = this.#request.delimiter.charCodeAt(0)
    return scanRecords(window, { own, limit, atEnd, delimiter, newline })
  }

  /** Looks at the first record: the names of the columns, or only how lines end. An empty file has no layout. */
  async #readLayout(): Promise<void> {
    let scanned = this.#scan(1, undefined)
    while (scanned.starts.length === 0) {
      this.#lines.consume(scanned.used)
      if (this.#lines.done) return
      await this.#lines.fill()
      scanned = this.#scan(1, undefined)
    }
    const { header, wanted, path } = this.#request
    const start = scanned.starts[0] ?? 0
    const isAlone = scanned.used === scanned.textEnd
    if (isAlone && hasLoneReturn(this.#lines.window.toString('utf8', start, scanned.textEnd))) {
      throw await this.#badLine(scanned, 0, 'it ends with \\r alone, not with \\n or \\r\\n')
    }
    const newline =
      this.#lines.window.subarray(scanned.textEnd, scanned.used).length === 2 ? '\r\n' : '\n'
    const names = header
      ? await this.#headerNames(start, scanned, newline)
      : (wanted ?? []).map(({ name }) => name)
    const specs: readonly ColumnSpec[] =
      wanted ?? names.map((name) => ({ name, type: 'string', nullable: false }))
    const fields = specs.map(({ name, type, nullable }) => {
      const at = names.indexOf(name)
      if (at < 0) throw unknownColumn(name, names, path)
      return { name, at, nullable, type, parse: csvParser(type) }
    })
    this.#layout = { newline, fieldCount: names.length, fields }
    if (header) this.#lines.consume(scanned.used)
  }

  async #headerNames(
    start: number,
    scanned: ScannedRecords,
    newline: '\n' | '\r\n',
  ): Promise<readonly string[]> {
    const { path, parse } = this.#request
    const bytes = this.#lines.window.subarray(start, scanned.textEnd)
    if (!isUtf8(bytes)) throw await this.#badLine(scanned, 0, 'it is not UTF-8')
    const { data, errors } = parse(bytes.toString('utf8'), newline)
    if (errors[0] !== undefined) throw await this.#badLine(scanned, 0, errors[0].message)
    const names = data[0] ?? []
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    if (twice !== undefined) {
      throw new MillraceError('DUPLICATE_COLUMN', `${path} has two columns named "${twice}"`)
    }
    return names
  }

  #take(scanned: ScannedRecords, layout: Layout): readonly T[] | Promise<readonly T[] | undefined> {
    const { starts, textEnd, used, otherNewline } = scanned
    const bytes = this.#lines.window.subarray(starts[0], textEnd)
    if (!isUtf8(bytes))
      return this.#reject(this.#badLine(scanned, 0, 'here or below it is not UTF-8'))
    const { data, errors } = this.#request.parse(bytes.toString('utf8'), layout.newline)
    const [error] = errors
    if (error !== undefined) {
      return this.#reject(this.#badLine(scanned, error.row ?? 0, error.message))
    }
    if (otherNewline || data.length !== starts.length) {
      const why = `some lines end with \\n and some with \\r\\n, here or below`
      return this.#reject(this.#badLine(scanned, 0, why))
    }
    const records: T[] = []
    const bad: { readonly row: number; readonly error: Promise<MillraceError> }[] = []
    for (let row = 0; row < data.length; row++) {
      const found = recordOf(data[row] as readonly string[], layout)
      if (!(found instanceof Misfit)) {
        // the one place where the declared columns become the record type that follows from them
        records.push(found as T)
        continue
      }
      const error = this.#misfitError(found, scanned, row)
      if (this.#request.badRecord === undefined) return this.#reject(error)
      bad.push({ row, error })
    }
    if (bad.length > 0) return this.#reportAndTake(records, bad, scanned)
    this.#lines.consume(used)
    return records
  }

  /** Before the lines are consumed, since the errors look at them. */
  async #reportAndTake(
    records: readonly T[],
    bad: readonly { readonly row: number; readonly error: Promise<MillraceError> }[],
    scanned: ScannedRecords,
  ): Promise<readonly T[] | undefined> {
    const { starts, textEnd, used } = scanned
    for (const { row, error } of bad) {
      const { line } = await this.#lineOf(scanned, row)
      const text = this.#lines.window.toString('utf8', starts[row], starts[row + 1] ?? textEnd)
      this.#request.badRecord?.(text.trimEnd(), await error, `${this.#request.path}, line ${line}`)
    }
    this.#lines.consume(used)
    // An empty batch would mean "nothing yet" and cost a pause.
    return records.length > 0 ? records : this.read()
  }

  #misfitError(
    { field, text, cells }: Misfit,
    scanned: ScannedRecords,
    row: number,
  ): Promise<MillraceError> {
    if (field !== undefined) return this.#badValue(scanned, row, field, text)
    const expected = this.#layout?.fieldCount ?? 0
    return this.#badLine(scanned, row, `it has ${cells} fields instead of ${expected}`)
  }

  /** Errors need the number of the line, which is found by reading the file again. */
  async #reject(error: Promise<MillraceError>): Promise<never> {
    throw await error
  }

  async #badLine(scanned: ScannedRecords, row: number, why: string): Promise<MillraceError> {
    const { line, text } = await this.#lineOf(scanned, row)
    const message = `${this.#request.path}, line ${line}: ${why}; the line is ${text}`
    return new MillraceError('BAD_CSV_LINE', message)
  }

  async #badValue(
    scanned: ScannedRecords,
    row: number,
    field: Field,
    text: string,
  ): Promise<MillraceError> {
    const { line } = await this.#lineOf(scanned, row)
    const hint = text === '' ? `; declare it as "${field.type}?" to get null` : ''
    return new MillraceError(
      'BAD_CSV_VALUE',
      `${this.#request.path}, line ${line}, column "${field.name}": ` +
        `expected a ${field.type}, got ${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}${hint}`,
    )
  }

  async #lineOf(
    { starts, textEnd }: ScannedRecords,
    row: number,
  ): Promise<{ readonly line: number; readonly text: string }> {
    const start = starts[row] ?? starts.at(-1) ?? 0
    const text = this.#lines.window.toString(
      'utf8',
      start,
      Math.min(textEnd, start + SHOWN_CHARACTERS),
    )
    const line = await lineNumberAt(this.#request.path, this.#lines.position + start)
    return { line, text: text.split('\n', 1)[0] ?? '' }
  }
}

/**
 * Whether a `\r` stands outside of quotes and before the end. In a record that is all of a file, without a `\n`, it says that lines end so, as on old Macs:
 * the whole file would pass for this one record, and for a header without any.
 */
function hasLoneReturn(text: string): boolean {
  const inside = text.slice(0, -1)
  return inside.includes('\r') && inside.replaceAll(/"[^"]*"/g, '').includes('\r')
}

/** A row that does not fit: it has another number of fields, or a field that its column can't take. */
class Misfit {
  readonly cells: number
  readonly field: Field | undefined
  readonly text: string

  constructor(cells: number, field?: Field, text = '') {
    this.cells = cells
    this.field = field
    this.text = text
  }
}

function recordOf(cells: readonly string[], layout: Layout): Record<string, unknown> | Misfit {
  if (cells.length !== layout.fieldCount) return new Misfit(cells.length)
  const record: Record<string, unknown> = {}
  for (const field of layout.fields) {
    const text = cells[field.at] as string
    const value = text === '' && field.nullable ? null : field.parse(text)
    if (value === undefined) return new Misfit(cells.length, field, text)
    setField(record, field.name, value)
  }
  return record
}

function setField(record: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    const enumerable = true
    Object.defineProperty(record, name, { value, enumerable, writable: true, configurable: true })
  } else {
    record[name] = value
  }
}
