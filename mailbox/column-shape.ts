/**
 * What the records of a batch have in common: the form of a record, its fields, and how the values of each field are stored.
 *
 * A field may hold records itself: an object within an object, a pair within a list. Then it has a shape of its own, and its fields are
 * columns like the others. The columns of a shape are those of its fields in their order, those of a nested record behind the
 * column of the field that holds it.
 */
import { types } from 'node:util'
import { SLICE_PINS_FROM } from './sendable.ts'

/** What a record is: an object with keys, an array of fixed length, or a bare value. */
export type RecordForm = 'object' | 'array' | 'value'

/**
 * How the values of one field are stored.
 * - `nothing`: no value was there but null and undefined
 * - `int32`, `double`, `boolean`, `bigint64`, `date` (milliseconds as a double): one fixed-width column
 * - `short`: strings of at most 12 characters, in one text. A slice that short is copied by V8
 * - `text8`, `text16`, `text32`: strings whose length fits in that many bits; they lie record by record in
 *   another text, so that one string can be cut per few records (see `column-readers.ts`)
 * - `record`: records of one shape, whose fields have columns
 * - `any`: whatever msgpackr can carry
 */
export type Encoding =
  | 'nothing'
  | 'int32'
  | 'double'
  | 'boolean'
  | 'bigint64'
  | 'date'
  | 'short'
  | 'text8'
  | 'text16'
  | 'text32'
  | 'record'
  | 'any'

/** How one field is stored. */
export interface FieldEncoding {
  readonly encoding: Encoding
  /** A column of tags stands in front: 0 a value, 1 null, 2 undefined. */
  readonly nullable: boolean
  /** Of `record`, and only of that, what its records have in common. */
  readonly nested?: Shape | undefined
}

/** Form, keys and encodings: all that a writer or reader is compiled from. */
export interface Shape {
  readonly form: RecordForm
  /** Keys of an object in their order; empty for the other forms. */
  readonly keys: readonly string[]
  /** One per key, per element, or the one of a bare value. */
  readonly fields: readonly FieldEncoding[]
}

/** Strings up to this length are `short`. */
export const SHORT_CHARACTERS = SLICE_PINS_FROM - 1

/** Records with more columns travel as msgpack: a writer for them would be too large to be optimized. */
export const MAX_COLUMNS = 100

/** Records within records beyond this depth go through msgpackr. */
export const MAX_DEPTH = 4

/** Arrays longer than this are lists, not records. */
export const MAX_ARRAY_FIELDS = 16

/** Bytes of one value in the field's fixed-width column. */
export function widthOf(encoding: Encoding): number {
  switch (encoding) {
    case 'nothing':
    case 'record':
    case 'any':
      return 0
    case 'boolean':
    case 'short':
    case 'text8':
      return 1
    case 'text16':
      return 2
    case 'int32':
    case 'text32':
      return 4
    case 'double':
    case 'bigint64':
    case 'date':
      return 8
  }
}

/** Whether the field's strings lie in the text that is laid out record by record. */
export function isRowText(encoding: Encoding): boolean {
  return encoding === 'text8' || encoding === 'text16' || encoding === 'text32'
}

/** One column of a shape: the way from the record to its value, and how the values are stored. */
export interface Column {
  readonly path: readonly (string | number)[]
  readonly field: FieldEncoding
}

/** The columns of a shape in their order; that of a field that holds records has at most tags. */
export function columnsOf(shape: Shape, path: readonly (string | number)[] = []): Column[] {
  return shape.fields.flatMap((field, index): Column[] => {
    const step = shape.form === 'object' ? shape.keys[index] : index
    const own = shape.form === 'value' || step === undefined ? path : [...path, step]
    const inner = field.nested === undefined ? [] : columnsOf(field.nested, own)
    return [{ path: own, field }, ...inner]
  })
}

/** The number of the first column of each field of a shape whose own columns begin at `from`. */
export function columnNumbers({ fields }: Shape, from = 0): number[] {
  let next = from
  return fields.map(({ nested }) => {
    const own = next
    next += 1 + (nested === undefined ? 0 : columnsOf(nested).length)
    return own
  })
}

/** Form, keys (of an object, in their order) and number of fields of a record. */
export interface RecordOutline {
  readonly form: RecordForm
  readonly keys: readonly string[]
  readonly size: number
}

/** The form of a record and its keys, or undefined where it cannot go into columns at all. */
export function formOf(value: unknown): RecordOutline | undefined {
  if (typeof value !== 'object' || value === null || types.isDate(value))
    return { form: 'value', keys: [], size: 1 }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) {
    const size = (value as unknown[]).length
    return size > 0 && size <= MAX_ARRAY_FIELDS ? { form: 'array', keys: [], size } : undefined
  }
  if (prototype !== Object.prototype) return undefined
  const keys = Object.keys(value)
  return keys.length > 0 && keys.length <= MAX_COLUMNS
    ? { form: 'object', keys, size: keys.length }
    : undefined
}

/** A text that only records of the same form with the same keys have. */
export function outlineKey({ form, keys, size }: RecordOutline): string {
  return `${form}${size}${JSON.stringify(keys)}`
}

/** Whether `value` is a record of this form with these keys in this order (for arrays: of this length). */
export function hasForm(
  value: unknown,
  form: RecordForm,
  keys: readonly string[],
  size: number,
): boolean {
  const own = formOf(value)
  return own?.form === form && own.size === size && own.keys.every((key, i) => key === keys[i])
}

/** The value of field `index`. */
export function fieldOf(
  record: unknown,
  form: RecordForm,
  keys: readonly string[],
  index: number,
): unknown {
  if (form === 'value') return record
  if (form === 'array') return (record as unknown[])[index]
  return (record as Record<string, unknown>)[keys[index] ?? '']
}
