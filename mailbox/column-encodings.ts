/**
 * How the values of each field are best stored, found by looking at them.
 *
 * Encodings only ever widen: a field that once held 0.5 stays `double` for this encoder. So an encoder settles after a few
 * batches and compiles few writers, and so do the decoders that read what it wrote.
 */
import { types } from 'node:util'
import {
  columnsOf,
  fieldOf,
  formOf,
  hasForm,
  MAX_COLUMNS,
  MAX_DEPTH,
  SHORT_CHARACTERS,
  type Encoding,
  type FieldEncoding,
  type RecordOutline,
} from './column-shape.ts'

const ANY: FieldEncoding = { encoding: 'any', nullable: false }
const NOTHING: FieldEncoding = { encoding: 'nothing', nullable: true }

const numbers: readonly Encoding[] = ['int32', 'double']
const texts: readonly Encoding[] = ['short', 'text8', 'text16', 'text32']

/** The narrowest encodings for all records, at least as wide as `from`; undefined where a record has another form. */
export function inferFields(
  outline: RecordOutline,
  from: readonly FieldEncoding[] | undefined,
  values: readonly unknown[],
  length: number,
): FieldEncoding[] | undefined {
  const { form, keys, size } = outline
  const fields: (FieldEncoding | undefined)[] =
    from === undefined ? new Array(size).fill(undefined) : [...from]
  for (let i = 0; i < length; i++) {
    const record = values[i]
    if (!hasForm(record, form, keys, size)) return undefined
    for (let j = 0; j < size; j++) {
      const found = fieldEncodingOf(fieldOf(record, form, keys, j), MAX_DEPTH)
      const field = fields[j]
      fields[j] = field === undefined ? found : widen(field, found)
    }
  }
  const found = fields.map((field) => field ?? ANY)
  if (columnsOf({ form, keys, fields: found }).length <= MAX_COLUMNS) return found
  return found.map((field) => (field.nested === undefined ? field : ANY))
}

/** The narrowest encoding of one value, with records in it up to that depth. */
function fieldEncodingOf(value: unknown, depth: number): FieldEncoding {
  const encoding = encodingOf(value)
  if (encoding === 'nothing') return NOTHING
  if (encoding !== 'any' || typeof value !== 'object' || depth === 0)
    return encoding === 'any' ? ANY : { encoding, nullable: false }
  const outline = formOf(value)
  if (outline === undefined || outline.form === 'value') return ANY
  const { form, keys, size } = outline
  const fields = Array.from({ length: size }, (_, i) =>
    fieldEncodingOf(fieldOf(value, form, keys, i), depth - 1),
  )
  // What msgpackr must pack in any case, it packs faster in one piece.
  if (fields.every((field) => field.encoding === 'any')) return ANY
  return { encoding: 'record', nullable: false, nested: { form, keys, fields } }
}

/** The narrowest encoding that holds what both hold. */
function widen(field: FieldEncoding, other: FieldEncoding): FieldEncoding {
  // `any` holds null and undefined by itself.
  if (field.encoding === 'any' || other.encoding === 'any') return ANY
  if (field.encoding === 'nothing') return { ...other, nullable: true }
  if (other.encoding === 'nothing') return { ...field, nullable: true }
  const nullable = field.nullable || other.nullable
  if (field.nested !== undefined && other.nested !== undefined)
    return widenNested(field.nested, other.nested, nullable)
  if (field.encoding === other.encoding) return { ...field, nullable }
  for (const ladder of [numbers, texts]) {
    const a = ladder.indexOf(field.encoding)
    const b = ladder.indexOf(other.encoding)
    if (a >= 0 && b >= 0) return { encoding: ladder[Math.max(a, b)] ?? 'any', nullable }
  }
  return ANY
}

type Nested = NonNullable<FieldEncoding['nested']>

function widenNested(a: Nested, b: Nested, nullable: boolean): FieldEncoding {
  const alike =
    a.form === b.form &&
    a.fields.length === b.fields.length &&
    a.keys.every((key, i) => key === b.keys[i])
  if (!alike) return ANY
  const fields = a.fields.map((field, i) => widen(field, b.fields[i] ?? ANY))
  return { encoding: 'record', nullable, nested: { ...a, fields } }
}

function encodingOf(value: unknown): Encoding {
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
