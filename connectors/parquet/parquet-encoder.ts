/**
 * Turns the records of one Parquet file into bytes, row group by row group. Used by one sink writer, in one subtask.
 */
import { gzipSync } from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { MillraceError } from '../../mailbox/errors.ts'
import type { BulkEncoder } from '../files/record-format.ts'

/** A column and what may stand in it. */
export interface ParquetColumn {
  readonly name: string
  /** For errors. */
  readonly type: string
  readonly nullable: boolean
  readonly accepts: (value: unknown) => boolean
}

/** What all files of a sink have in common. */
export interface ParquetLayout {
  readonly columns: readonly ParquetColumn[]
  readonly schema: SchemaElement[]
  readonly codec: 'SNAPPY' | 'GZIP' | 'UNCOMPRESSED'
  readonly rowGroupRows: number
}

const COMPRESSORS = { GZIP: (page: Uint8Array): Uint8Array => gzipSync(page) }

/** A dictionary of the library takes -0 and 0 for one number, the one that comes first. */
const PLAIN = { encoding: 'PLAIN' } as const

function isNegativeZero(value: unknown): boolean {
  return Object.is(value, -0)
}

/** See the head of this file. */
export class ParquetEncoder<T> implements BulkEncoder<T> {
  readonly #layout: ParquetLayout
  readonly #bytes = new ByteWriter()
  readonly #writer: ParquetWriter
  /** The values of the row group that is being filled, by column. */
  #values: unknown[][]

  constructor(layout: ParquetLayout) {
    this.#layout = layout
    const { schema, codec } = layout
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema,
      codec,
      compressors: COMPRESSORS,
      createdBy: 'millrace',
    })
    this.#values = layout.columns.map(() => [])
  }

  encode(values: readonly T[]): Uint8Array | undefined {
    const { columns, rowGroupRows } = this.#layout
    for (const record of values) {
      checkRecord(record)
      for (const [index, column] of columns.entries()) {
        this.#values[index]?.push(cellOf(record, column))
      }
      if (this.#values[0]?.length === rowGroupRows) this.#writeRowGroup()
    }
    return this.#bytes.index === 0 ? undefined : this.#take()
  }

  end(): Uint8Array {
    this.#writeRowGroup()
    // with this writer of bytes it never waits
    void this.#writer.finish()
    return this.#take()
  }

  #writeRowGroup(): void {
    const values = this.#values
    if (values[0]?.length === 0) return
    this.#values = values.map(() => [])
    const columnData = this.#layout.columns.map(({ name }, index) => ({
      name,
      data: values[index] ?? [],
      ...(values[index]?.some(isNegativeZero) ? PLAIN : {}),
    }))
    void this.#writer.write({ columnData, rowGroupSize: this.#layout.rowGroupRows })
  }

  /** What has been made since the last call. */
  #take(): Uint8Array {
    const taken = this.#bytes.getBytes().slice()
    // its `offset` goes on: positions in the file count from the beginning
    this.#bytes.index = 0
    return taken
  }
}

function checkRecord(record: unknown): asserts record is object {
  if (typeof record === 'object' && record !== null) return
  throw refused(`it must be an object with fields, got ${kindOf(record)}`)
}

function cellOf(record: object, { name, type, nullable, accepts }: ParquetColumn): unknown {
  const value: unknown = Object.hasOwn(record, name) ? Reflect.get(record, name) : undefined
  if (value === undefined || value === null) {
    if (nullable) return null
    throw refused(`field "${name}" is ${String(value)}, and its column "${type}", not "${type}?"`)
  }
  if (accepts(value)) return value
  throw refused(`field "${name}" must be a ${type}, got ${kindOf(value)}`)
}

function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'string':
      return 'a string'
    default:
      return value instanceof Date ? 'an invalid date' : `a value of type ${typeof value}`
  }
}

function refused(why: string): MillraceError {
  return new MillraceError('NOT_PARQUET_RECORD', `a record cannot be written as Parquet: ${why}`)
}
