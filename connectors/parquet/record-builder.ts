/**
 * Builds records from column vectors. The function is generated once per shape: a literal with all fields makes
 * objects of one hidden class, several times faster than adding fields one by one (benchmarks/parquet-readers).
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { PlannedColumn } from './column-kind.ts'
import type { ColumnVector } from './flat-column.ts'

/** Makes the records of rows `[start, end)`. */
export type BuildRecords = (start: number, end: number) => unknown[]

type Factory = (
  values: readonly ArrayLike<unknown>[],
  indexes: readonly (Int32Array | undefined)[],
) => BuildRecords

/**
 * Generates record builders and keeps them: every row group of the same shape uses the same compiled function.
 */
export class RecordBuilders {
  readonly #factories = new Map<string, Factory>()

  /** A builder over these vectors, one per column and in their order. */
  over(columns: readonly PlannedColumn[], vectors: readonly ColumnVector[]): BuildRecords {
    const source = sourceOf(columns, vectors)
    let factory = this.#factories.get(source)
    if (factory === undefined) {
      // names reach the source through JSON.stringify only, so they cannot become code
      factory = new Function('values', 'indexes', source) as Factory
      this.#factories.set(source, factory)
    }
    return factory(
      vectors.map((vector) => vector.values),
      vectors.map((vector) => vector.indexes),
    )
  }
}

function sourceOf(columns: readonly PlannedColumn[], vectors: readonly ColumnVector[]): string {
  const lines = columns.map((_, at) => {
    const indexes = vectors[at]?.indexes === undefined ? '' : `, i${at} = indexes[${at}]`
    return `const v${at} = values[${at}]${indexes}`
  })
  const fields = columns.map((column, at) => {
    const vector = vectors[at]
    const cell = vector?.indexes === undefined ? `v${at}[r]` : `v${at}[i${at}[r]]`
    // a plain "__proto__": would set the prototype
    const name = column.name === '__proto__' ? '["__proto__"]' : JSON.stringify(column.name)
    return `${name}: ${ownCopy(column, cell, vector?.hasNulls ?? false)}`
  })
  return `${lines.join('\n')}
return function buildRecords(start, end) {
  const records = new Array(end - start)
  for (let r = start, at = 0; r < end; r++, at++) records[at] = { ${fields.join(', ')} }
  return records
}`
}

/** Values of a dictionary serve many rows: what can be changed is copied, so that records share nothing. */
function ownCopy(column: PlannedColumn, cell: string, hasNulls: boolean): string {
  const copy =
    column.type === 'date'
      ? `new Date(${cell})`
      : column.kind === 'json'
        ? `JSON.parse(${cell})`
        : column.type === 'bytes' || column.kind === 'bytes'
          ? `${cell}.slice()`
          : undefined
  if (copy === undefined) return cell
  return hasNulls ? `(${cell} === null ? null : ${copy})` : copy
}

/**
 * Turns the values of a vector into what was declared: 64-bit integers into numbers or bigints, and no nulls where
 * none were allowed. A dictionary is converted per distinct value.
 *
 * Errors: `NULL_VALUE`, `UNSAFE_INTEGER`.
 */
export function asDeclared(
  column: PlannedColumn,
  vector: ColumnVector,
  where: string,
): ColumnVector {
  if (vector.hasNulls && !column.nullable) {
    throw new MillraceError(
      'NULL_VALUE',
      `${where} has null values, but column "${column.name}" was declared as ${column.type}; ` +
        `declare it as "${column.type}?" to get null in those records`,
    )
  }
  if (column.kind !== 'int64' || column.type === 'bigint') return vector
  const values = new Array<unknown>(vector.values.length)
  for (let at = 0; at < values.length; at++) {
    values[at] = fromInt64(vector.values[at], column, where)
  }
  return { ...vector, values }
}

function fromInt64(value: unknown, column: PlannedColumn, where: string): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  if (column.type === 'any') return value
  throw new MillraceError(
    'UNSAFE_INTEGER',
    `${where} holds ${value}, which a number cannot hold exactly; declare column "${column.name}" as bigint`,
  )
}
