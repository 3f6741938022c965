/**
 * A shape as text: written at the head of every payload as JSON, which keeps any key, lone surrogates included.
 *
 *     [form, keys, fields]     a field: the name of its encoding, or of a nested record `["record", its shape]`; with "?" in front: nullable
 */
import { MillraceError } from './errors.ts'
import {
  columnsOf,
  MAX_COLUMNS,
  MAX_DEPTH,
  type Encoding,
  type FieldEncoding,
  type RecordForm,
  type Shape,
} from './column-shape.ts'

/** The shape as JSON text. */
export function shapeToText(shape: Shape): string {
  return JSON.stringify(plain(shape))
}

function plain({ form, keys, fields }: Shape): unknown {
  const described = fields.map(({ encoding, nullable, nested }) => {
    const name = nullable ? `?${encoding}` : encoding
    return nested === undefined ? name : [name, plain(nested)]
  })
  return [form, keys, described]
}

const forms: ReadonlySet<unknown> = new Set<RecordForm>(['object', 'array', 'value'])
const encodings: ReadonlySet<unknown> = new Set<Encoding>([
  'nothing',
  'int32',
  'double',
  'boolean',
  'bigint64',
  'date',
  'short',
  'text8',
  'text16',
  'text32',
  'record',
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
  const shape = parseShape(parsed, MAX_DEPTH)
  if (shape === undefined || columnsOf(shape).length > MAX_COLUMNS) {
    throw new MillraceError(
      'DAMAGED_PAYLOAD',
      `expected the shape of a batch, got ${text.slice(0, 200)}`,
    )
  }
  return shape
}

/** Undefined: it is none. */
function parseShape(parsed: unknown, depth: number): Shape | undefined {
  const [form, keys, described] = Array.isArray(parsed) ? (parsed as unknown[]) : []
  if (!forms.has(form) || !isTexts(keys) || !Array.isArray(described)) return undefined
  const fields = described
    .map((field) => parseField(field, depth))
    .filter((field) => field !== undefined)
  const wellFormed =
    fields.length === described.length &&
    new Set(keys).size === keys.length &&
    (form === 'object' ? keys.length === fields.length : keys.length === 0) &&
    (form !== 'value' || fields.length === 1) &&
    fields.length > 0
  return wellFormed ? { form: form as RecordForm, keys, fields } : undefined
}

function parseField(described: unknown, depth: number): FieldEncoding | undefined {
  const [name, inner] = Array.isArray(described) ? (described as unknown[]) : [described]
  if (typeof name !== 'string') return undefined
  const nullable = name.startsWith('?')
  const encoding = nullable ? name.slice(1) : name
  if (!encodings.has(encoding)) return undefined
  if (encoding !== 'record')
    return inner === undefined ? { encoding: encoding as Encoding, nullable } : undefined
  const nested = depth === 0 ? undefined : parseShape(inner, depth - 1)
  if (nested === undefined || nested.form === 'value') return undefined
  return { encoding, nullable, nested }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
