/**
 * What the records of a batch have in common: the form of a record, its fields, and how the values of each field are stored.
 *
 * A shape is written at the head of every payload as JSON text, which keeps any key, lone surrogates included.
 * Encodings only ever widen: a field that once held 0.5 stays `double` for this encoder. So an encoder settles after a few
 * batches and compiles few writers, and so do the decoders that read what it wrote.
 */
import { types } from 'node:util'
import { MillraceError } from './errors.ts'
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
  | 'any'

/** How one field is stored. */
export interface FieldEncoding {
  readonly encoding: Encoding
  /** A column of tags stands in front: 0 a value, 1 null, 2 undefined. */
  readonly nullable: boolean
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

/** Records with more fields travel as msgpack: a writer for them would be too large to be optimized. */
export const MAX_FIELDS = 100

/** Arrays longer than this are lists, not records. */
export const MAX_ARRAY_FIELDS = 16

/** Bytes of one value in the field's fixed-width column. */
export function widthOf(encoding: Encoding): number {
  switch (encoding) {
    case 'nothing':
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
  return keys.length > 0 && keys.length <= MAX_FIELDS
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

/** The narrowest encoding of one value. */
export function encodingOf(value: unknown): Encoding {
  switch (typeof value) {
    case 'number':
      return (value | 0) === value && (value !== 0 || 1 / value > 0) ? 'int32' : 'double'
    case 'string':
      if (value.length <= SHORT_CHARACTERS) return 'short'
      return value.length < 0x100 ? 'text8' : value.length < 0x10000 ? 'text16' : 'text32'
    case 'boolean':
      return 'boolean'
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 'bigint64' : 'any'
    case 'undefined':
      return 'nothing'
    case 'object':
      if (value === null) return 'nothing'
      return types.isDate(value) && Object.getPrototypeOf(value) === Date.prototype ? 'date' : 'any'
    default:
      return 'any'
  }
}

const numbers: readonly Encoding[] = ['int32', 'double']
const texts: readonly Encoding[] = ['short', 'text8', 'text16', 'text32']

/** A field that holds values of this encoding. */
export function fieldEncoding(
  encoding: Encoding,
  nullable = encoding === 'nothing',
): FieldEncoding {
  return { encoding, nullable }
}

/** The narrowest encoding that holds what both hold. */
export function widen(field: FieldEncoding, other: Encoding): FieldEncoding {
  const { encoding, nullable } = field
  if (encoding === other) return field
  // `any` holds null and undefined by itself.
  if (encoding === 'any' || other === 'any') return fieldEncoding('any')
  if (other === 'nothing') return fieldEncoding(encoding, true)
  if (encoding === 'nothing') return fieldEncoding(other, true)
  for (const ladder of [numbers, texts]) {
    const a = ladder.indexOf(encoding)
    const b = ladder.indexOf(other)
    if (a >= 0 && b >= 0) return fieldEncoding(ladder[Math.max(a, b)] ?? 'any', nullable)
  }
  return fieldEncoding('any')
}

/** The shape as JSON text. */
export function shapeToText({ form, keys, fields }: Shape): string {
  const names = fields.map(({ encoding, nullable }) => (nullable ? `?${encoding}` : encoding))
  return JSON.stringify([form, keys, names])
}

const forms: ReadonlySet<unknown> = new Set<RecordForm>(['object', 'array', 'value'])
const encodings: ReadonlySet<unknown> = new Set<Encoding>([
  ...numbers,
  ...texts,
  'nothing',
  'boolean',
  'bigint64',
  'date',
  'any',
])

/** Parses what `shapeToText` wrote. Throws `DAMAGED_PAYLOAD` on anything else: code is made from the result. */
export function shapeFromText(text: string): Shape {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new MillraceError('DAMAGED_PAYLOAD', 'expected the shape of a batch as JSON', { cause })
  }
  const [form, keys, names] = Array.isArray(parsed) ? (parsed as unknown[]) : []
  if (!forms.has(form) || !isTexts(keys) || !isTexts(names)) throw damagedShape(text)
  const fields = names.map((name): FieldEncoding => {
    const nullable = name.startsWith('?')
    const encoding = nullable ? name.slice(1) : name
    if (!encodings.has(encoding)) throw damagedShape(text)
    return { encoding: encoding as Encoding, nullable }
  })
  const wellFormed =
    new Set(keys).size === keys.length &&
    (form === 'object' ? keys.length === fields.length : keys.length === 0) &&
    (form !== 'value' || fields.length === 1) &&
    fields.length > 0 &&
    fields.length <= MAX_FIELDS
  if (!wellFormed) throw damagedShape(text)
  return { form: form as RecordForm, keys, fields }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function damagedShape(text: string): MillraceError {
  return new MillraceError(
    'DAMAGED_PAYLOAD',
    `expected the shape of a batch, got ${text.slice(0, 200)}`,
  )
}
