/**
 * Compiles, for one shape, the function that writes a batch into columns.
 *
 * The layout of a payload (little endian; `n` records; nothing is aligned):
 *
 *   u8   COLUMNS (1)
 *   u8   LAYOUT_VERSION, or NESTED_LAYOUT_VERSION
 *   u16  bytes of the shape text
 *   u32  hash of the shape text
 *        the shape text, see `column-shape.ts`
 *   u32  characters of the text of `short` strings
 *   u32  characters of the text of longer strings
 *   u8   bytes per character of the first text: 1 (Latin-1) or 2 (UTF-16)
 *   u8   bytes per character of the second text
 *   u32  bytes of the list of `any` values
 *        per column: n tags where it is nullable, then n values of fixed width (for strings: their lengths)
 *        the text of `short` strings, record by record
 *        the text of longer strings, record by record
 *        the list of `any` values, record by record, see `msgpack.ts`
 *
 * The generated loop checks each record completely before its values count: its prototype, its keys and their order, and
 * the type and range of every field. Whatever does not fit makes it return, and the caller widens the shape or gives up.
 * Keys enter the code only as JSON text.
 *
 * Strings are joined first and written at once: a call out of JavaScript per string costs twice as much as all of this, and so
 * does writing character by character.
 */
import { types } from 'node:util'
import {
  columnNumbers,
  columnsOf,
  SHORT_CHARACTERS,
  widthOf,
  type Encoding,
  type FieldEncoding,
  type Shape,
} from './column-shape.ts'

/** First byte of a payload of columns. */
export const COLUMNS = 1
/** Second byte: the version of the layout. */
export const LAYOUT_VERSION = 1
/** The same where records hold records, which earlier readers do not know. */
export const NESTED_LAYOUT_VERSION = 2
/** Bytes before the shape text. */
export const HEAD_BYTES = 8
/** Bytes of the sizes behind the shape text. */
export const SIZES_BYTES = 14

/** What a writer writes to, and what it leaves behind besides the columns and the short text. */
export interface WriterOutput {
  /** Memory large enough for the fixed-width columns. */
  bytes: Buffer
  view: DataView
  /** All `short` strings, joined. */
  short: string
  /** All longer strings, joined. */
  text: string
  /** The values of `any` fields, record by record. */
  readonly others: unknown[]
}

/**
 * Writes `length` values; the columns start at `start`. Returns `length`, or the index of the first record that does not fit
 * the shape.
 */
export type ColumnWriter = (
  values: readonly unknown[],
  length: number,
  output: WriterOutput,
  start: number,
) => number

/** Bytes of all fixed-width columns per record. */
export function bytesPerRecord(shape: Shape): number {
  return columnsOf(shape).reduce(
    (sum, { field }) => sum + (field.nullable ? 1 : 0) + widthOf(field.encoding),
    0,
  )
}

/** Declares the offset of each column (`t0` tags, `b0` values) leaving `p` behind the last one. */
export function columnOffsets(shape: Shape): string {
  let code = ''
  columnsOf(shape).forEach(({ field }, i) => {
    if (field.nullable) code += `const t${i} = p; p += length;\n`
    const width = widthOf(field.encoding)
    if (width > 0) code += `const b${i} = p; p += ${width} * length;\n`
  })
  return code
}

/** Compiles the writer of a shape. Throws EvalError where code generation is forbidden. */
export function compileWriter(shape: Shape): ColumnWriter {
  const source = `'use strict';
${keyLists(shape, 0)}return function writeColumns(values, length, output, start) {
const bytes = output.bytes, view = output.view, others = output.others;
let p = start;
${columnOffsets(shape)}let short = '', text = '';
for (let i = 0; i < length; i++) {
const v = values[i];
${writeRecord(shape, 'v', 0)}}
output.short = short;
output.text = text;
return length;
}`
  const parts = { prototypeOf: Object.getPrototypeOf, isDate: types.isDate }
  const prototypes = {
    ObjectPrototype: Object.prototype,
    ArrayPrototype: Array.prototype,
    DatePrototype: Date.prototype,
  }
  const context = { ...parts, ...prototypes }
  const make = new Function(...Object.keys(context), source) as (
    ...values: unknown[]
  ) => ColumnWriter
  return make(...Object.values(context))
}

/** The keys of each object, as lists that the checks compare with. */
function keyLists(shape: Shape, from: number): string {
  const own = shape.form === 'object' ? `const keys${from} = ${JSON.stringify(shape.keys)};\n` : ''
  const numbers = columnNumbers(shape, from)
  const inner = shape.fields.map(({ nested }, f) =>
    nested === undefined ? '' : keyLists(nested, (numbers[f] ?? 0) + 1),
  )
  return own + inner.join('')
}

/** Checks and writes the record in a variable; its columns begin at `from`. */
function writeRecord(shape: Shape, variable: string, from: number): string {
  const numbers = columnNumbers(shape, from)
  const writes = shape.fields.map((field, f) => writeField(field, numbers[f] ?? 0))
  return checkForm(shape, variable, numbers, from) + writes.join('')
}

/** Loads the fields before the checks: the loads tell V8 the hidden class, which makes the check of the prototype free. */
function checkForm(
  { form, keys, fields }: Shape,
  v: string,
  numbers: readonly number[],
  from: number,
): string {
  if (form === 'value') return `const x${from} = ${v};\n`
  const name = (f: number) => (form === 'object' ? JSON.stringify(keys[f]) : String(f))
  const loads = fields.map((_, f) => `const x${numbers[f]} = ${v}[${name(f)}];\n`).join('')
  if (form === 'array') {
    return `if (typeof ${v} !== 'object' || ${v} === null) return i;
${loads}if (prototypeOf(${v}) !== ArrayPrototype || ${v}.length !== ${fields.length}) return i;\n`
  }
  return `if (typeof ${v} !== 'object' || ${v} === null) return i;
${loads}if (prototypeOf(${v}) !== ObjectPrototype) return i;
let k${from} = 0;
for (const key in ${v}) if (key !== keys${from}[k${from}++]) return i;
if (k${from} !== ${keys.length}) return i;\n`
}

function writeField(field: FieldEncoding, i: number): string {
  const { encoding, nullable, nested } = field
  const write =
    nested === undefined ? writeValue(encoding, i) : `{\n${writeRecord(nested, `x${i}`, i + 1)}}\n`
  if (!nullable) return write
  const blank = writeBlank(field, i)
  return `if (x${i} === null) { bytes[t${i} + i] = 1; ${blank}}
else if (x${i} === undefined) { bytes[t${i} + i] = 2; ${blank}}
else { bytes[t${i} + i] = 0;
${write}}\n`
}

/** The memory is used again and again, so that values that are not there must be written, too. */
function writeBlank({ encoding, nested }: FieldEncoding, i: number): string {
  if (nested !== undefined) {
    const columns = columnsOf(nested).map(({ field }, c) => {
      const tag = field.nullable ? `bytes[t${i + 1 + c} + i] = 2; ` : ''
      return tag + (field.nested === undefined ? writeBlank(field, i + 1 + c) : '')
    })
    return columns.join('')
  }
  if (encoding === 'any') return 'others.push(undefined); '
  switch (widthOf(encoding)) {
    case 0:
      return ''
    case 1:
      return `bytes[b${i} + i] = 0; `
    case 2:
      return `view.setUint16(b${i} + 2 * i, 0); `
    case 4:
      return `view.setInt32(b${i} + 4 * i, 0); `
    default:
      return `view.setFloat64(b${i} + 8 * i, 0); `
  }
}

function writeValue(encoding: Encoding, i: number): string {
  const x = `x${i}`
  switch (encoding) {
    case 'nothing':
      return 'return i;\n'
    case 'int32':
      return `if (typeof ${x} !== 'number' || (${x} | 0) !== ${x} || (${x} === 0 && 1 / ${x} < 0)) return i;
view.setInt32(b${i} + 4 * i, ${x}, true);\n`
    case 'double':
      return `if (typeof ${x} !== 'number') return i;\nview.setFloat64(b${i} + 8 * i, ${x}, true);\n`
    case 'boolean':
      return `if (typeof ${x} !== 'boolean') return i;\nbytes[b${i} + i] = ${x} ? 1 : 0;\n`
    case 'bigint64':
      return `if (typeof ${x} !== 'bigint' || BigInt.asIntN(64, ${x}) !== ${x}) return i;
view.setBigInt64(b${i} + 8 * i, ${x}, true);\n`
    case 'date':
      return `if (!isDate(${x}) || prototypeOf(${x}) !== DatePrototype) return i;
view.setFloat64(b${i} + 8 * i, ${x}.getTime(), true);\n`
    case 'short':
      return `${checkText(x, SHORT_CHARACTERS)}bytes[b${i} + i] = ${x}.length; short += ${x};
`
    case 'text8':
      return `${checkText(x, 0xff)}bytes[b${i} + i] = ${x}.length; text += ${x};\n`
    case 'text16':
      return `${checkText(x, 0xffff)}view.setUint16(b${i} + 2 * i, ${x}.length, true); text += ${x};\n`
    case 'text32':
      return `${checkText(x, 0xffffffff)}view.setUint32(b${i} + 4 * i, ${x}.length, true); text += ${x};\n`
    case 'any':
      return `others.push(${x});\n`
    case 'record':
      throw new RangeError('a record has columns of its own')
  }
}

function checkText(x: string, most: number): string {
  return `if (typeof ${x} !== 'string' || ${x}.length > ${most}) return i;\n`
}
