/**
 * What the columns of a Parquet file are, and whether they are what the user said. Pure; coordinator and subtasks.
 */
import { parquetSchema } from 'hyparquet'
import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet'
import { MillraceError } from '../../mailbox/errors.ts'
import { decimalScale } from './decimals.ts'
import { unknownColumn, type ColumnSpec, type RequiredColumnType } from '../files/columns.ts'

/**
 * What a column holds, as far as a record is concerned. `text` is a byte string without annotation, which most
 * writers mean as text; `int64` needs a decision between number and bigint; `nested` are lists, maps and structs.
 */
export type ColumnKind =
  | 'timestamp'
  | 'number'
  | 'int64'
  | 'boolean'
  | 'string'
  | 'text'
  | 'bytes'
  | 'json'
  | 'nested'

/** Which declared types each kind can be read as, the default first. */
const READABLE_AS: Readonly<Record<ColumnKind, readonly RequiredColumnType[]>> = {
  timestamp: ['timestamp', 'date', 'any'],
  number: ['number', 'any'],
  int64: ['any', 'number', 'bigint'],
  boolean: ['boolean', 'any'],
  string: ['string', 'bytes', 'any'],
  text: ['string', 'bytes', 'any'],
  bytes: ['bytes', 'any'],
  json: ['any'],
  nested: ['any'],
}

/** A column that shall be read: where it stands in the file, what it is and what becomes of it. */
export interface PlannedColumn {
  readonly name: string
  readonly kind: ColumnKind
  readonly type: RequiredColumnType
  readonly nullable: boolean
  /** Root and leaf of a flat column, as hyparquet wants them. */
  readonly schemaPath: SchemaTree[]
}

function leafKind(element: SchemaElement): ColumnKind {
  const { type, converted_type: converted, logical_type: logical } = element
  if (type === 'INT96' || converted === 'DATE' || logical?.type === 'TIMESTAMP') return 'timestamp'
  if (converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS') return 'timestamp'
  if (decimalScale(element) !== undefined || logical?.type === 'FLOAT16') return 'number'
  if (converted === 'JSON') return 'json'
  if (logical?.type === 'GEOMETRY' || logical?.type === 'GEOGRAPHY') return 'nested'
  if (converted === 'UTF8' || logical?.type === 'STRING' || logical?.type === 'UUID')
    return 'string'
  if (type === 'BYTE_ARRAY') return 'text'
  if (type === 'FIXED_LEN_BYTE_ARRAY') return 'bytes'
  if (type === 'INT64') return 'int64'
  return type === 'BOOLEAN' ? 'boolean' : 'number'
}

function columnKind(column: SchemaTree): ColumnKind {
  if (column.children.length > 0 || column.element.repetition_type === 'REPEATED') return 'nested'
  return leafKind(column.element)
}

/**
 * Matches what the user asked for with what the file has. Without `specs` every column is read as its default.
 *
 * Errors: `UNKNOWN_COLUMN` (lists the columns there are), `DUPLICATE_COLUMN`, `UNSUPPORTED_PARQUET`, `COLUMN_TYPE_MISMATCH`.
 */
export function planColumns(
  metadata: FileMetaData,
  path: string,
  wanted: readonly (ColumnSpec | string)[] | undefined,
  timestamps: 'timestamp' | 'date',
): readonly PlannedColumn[] {
  const root = parquetSchema(metadata)
  const names = root.children.map((column) => column.element.name)
  return (wanted ?? names).map((want) => {
    const name = typeof want === 'string' ? want : want.name
    const column = root.children.find((one) => one.element.name === name)
    if (column === undefined) {
      throw unknownColumn(name, names, path)
    }
    refuseTwice(root, name, path)
    refuseUnreadable(column, name, path)
    const kind = columnKind(column)
    const schemaPath = [root, column]
    if (typeof want !== 'string') {
      checkType(want, kind, path)
      return {
        name,
        kind,
        type: want.type,
        nullable: want.nullable || want.type === 'any',
        schemaPath,
      }
    }
    const type = kind === 'timestamp' ? timestamps : (READABLE_AS[kind][0] ?? 'any')
    return { name, kind, type, nullable: true, schemaPath }
  })
}

/** The first of the two would be read for both. */
function refuseTwice({ children }: SchemaTree, name: string, where: string): void {
  if (children.filter(({ element }) => element.name === name).length < 2) return
  throw new MillraceError('DUPLICATE_COLUMN', `${where} has two columns named "${name}"`)
}

/** The library reads all types but these two; records cannot hold what would share one name. */
function refuseUnreadable(column: SchemaTree, name: string, path: string): void {
  const { element, children } = column
  const { converted_type: type, logical_type: logical } = element
  if (type === 'INTERVAL' || type === 'BSON') throw unreadable(name, path, `${type} values`)
  const [key] = children[0]?.children ?? []
  if ((type === 'MAP' || logical?.type === 'MAP') && key !== undefined && key.children.length > 0) {
    throw unreadable(name, path, 'maps whose keys are lists, maps or structs')
  }
  for (const child of children) {
    refuseTwice(column, child.element.name, `column "${name}" of ${path}`)
    refuseUnreadable(child, name, path)
  }
}

function unreadable(name: string, path: string, what: string): MillraceError {
  return new MillraceError(
    'UNSUPPORTED_PARQUET',
    `column "${name}" of ${path} holds ${what}, which cannot be read; leave it out by naming the others in "columns"`,
  )
}

function checkType(spec: ColumnSpec, kind: ColumnKind, path: string): void {
  if (READABLE_AS[kind].includes(spec.type)) return
  throw new MillraceError(
    'COLUMN_TYPE_MISMATCH',
    `column "${spec.name}" of ${path} was declared as ${spec.type}, but the file holds ${describe(kind)}; ` +
      `declare it as ${READABLE_AS[kind].join(' or ')}`,
  )
}

function describe(kind: ColumnKind): string {
  return kind === 'nested'
    ? 'a list, map or struct'
    : kind === 'int64'
      ? '64-bit integers'
      : `${kind} values`
}
