/**
 * What a column of a file holds, as the user declares it, and the record type that follows from it.
 * Shared by the connectors that read tables.
 */
import { similarName } from '../../runtime/similar-name.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { PlainData } from '../../operators/source.ts'

/** What each column type is in a record. `timestamp` is epoch milliseconds, a number; `date` is a `Date`. */
interface ColumnValues {
  readonly string: string
  readonly number: number
  readonly boolean: boolean
  readonly timestamp: number
  readonly date: Date
  readonly bigint: bigint
  readonly bytes: Uint8Array
  readonly any: PlainData
}

/** A column that always has a value. */
export type RequiredColumnType = keyof ColumnValues

/** A column type; with a question mark behind it, the column may be empty and the record then holds `null`. */
export type ColumnType = RequiredColumnType | `${RequiredColumnType}?`

/** Column names and their types, in the order in which the fields of a record shall stand. */
export type ColumnTypes = Readonly<Record<string, ColumnType>>

/** The value of one column type. */
export type ColumnValue<C extends ColumnType> = C extends `${infer R extends RequiredColumnType}?`
  ? ColumnValues[R] | null
  : C extends RequiredColumnType
    ? ColumnValues[C]
    : never

/** The record that columns of these types make. */
export type RecordOf<C extends ColumnTypes> = { -readonly [K in keyof C]: ColumnValue<C[K]> }

/** A column type taken apart. */
export interface ColumnSpec {
  readonly name: string
  readonly type: RequiredColumnType
  readonly nullable: boolean
}

/**
 * Takes the declared columns apart and checks them: known types, at least one column.
 *
 * Errors: `INVALID_ARGUMENT`.
 */
export function columnSpecs(
  columns: ColumnTypes,
  allowed: readonly RequiredColumnType[],
  where: string,
): readonly ColumnSpec[] {
  const specs = Object.entries(columns).map(([name, declared]) => {
    const nullable = typeof declared === 'string' && declared.endsWith('?')
    const type = (nullable ? declared.slice(0, -1) : declared) as RequiredColumnType
    if (!allowed.includes(type)) {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        `${where}: column "${name}" has the type ${JSON.stringify(declared)}; expected one of ${allowed.join(', ')}` +
          ', with a question mark behind it where the column may be empty',
      )
    }
    return { name, type, nullable }
  })
  if (specs.length === 0) {
    throw new MillraceError('INVALID_ARGUMENT', `${where}: "columns" names no column`)
  }
  return specs
}

/** `UNKNOWN_COLUMN`: lists the columns a file has, and guesses which one was meant. */
export function unknownColumn(name: string, known: readonly string[], path: string): MillraceError {
  const meant = similarName(name, known)
  return new MillraceError(
    'UNKNOWN_COLUMN',
    `${path} has no column "${name}"; its columns are ${known.join(', ')}.` +
      (meant === undefined ? '' : ` Did you mean "${meant}"?`),
  )
}
