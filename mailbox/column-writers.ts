/**
 * Compiles, for one shape, the function that writes a batch into columns.
 *
 * The layout of a payload (little endian; `n` records; nothing is aligned):
 *
 *   u8   COLUMNS (1)
 *   u8   LAYOUT_VERSION
 *   u16  bytes of the shape text
 *   u32  hash of the shape text
 *        the shape text, see `column-shape.ts`
 *        per text, in the order of `textsOf`: u32 characters, u8 width (1 Latin-1, 2 UTF-16)
 *        u32 bytes of the list of `any` values
 *        per field: n tags where it is nullable, then n values of fixed width (for strings: their lengths)
 *        the texts
 *        the list of `any` values, record by record, see `msgpack.ts`
 *
 * The generated loop checks each record completely before its values count: its prototype, its keys and their order, and
 * the type and range of every field. Whatever does not fit makes it return, and the caller widens the shape or gives up.
 * Keys enter the code only as JSON text.
 */
import { types } from 'node:util'
import { isRowText, SHORT_CHARACTERS, widthOf, type Encoding, type Shape } from './column-shape.ts'

/** First byte of a payload of columns. */
export const COLUMNS = 1
/** Second byte: the version of the layout. */
export const LAYOUT_VERSION = 1
/** Bytes before the shape text. */
export const HEAD_BYTES = 8
/** Bytes that announce one text. */
export const TEXT_HEAD_BYTES = 5

/** What a writer leaves behind besides the fixed-width columns. */
export interface WriterOutput {
  /** Memory that is large enough for the fixed-width part. */
  bytes: Buffer
  view: DataView
  /** One text per entry of `textsOf(shape)`. */
  readonly texts: string[]
  /** The values of `any` fields, record by record. */
  readonly others: unknown[]
}

/**
 * Writes `length` values into the fixed-width part that starts at `start`. Returns `length`, or the index of the first
 * record that does not fit the shape.
 */
export type ColumnWriter = (values: readonly unknown[], length: number, output: WriterOutput, start: number) => number

/** The texts of a payload: one per `short` field (its index), then -1 for the text of all longer strings, if there are any. */
export function textsOf(shape: Shape): readonly number[] {
  const texts: number[] = []
  shape.fields.forEach((field, i) => {
    if (field.encoding === 'short') texts.push(i)
  })
  if (shape.fields.some((field) => isRowText(field.encoding))) texts.push(-1)
  return texts
}

/** Bytes of all fixed-width columns per record. */
export function bytesPerRecord(shape: Shape): number {
  return shape.fields.reduce((sum, field) => sum + (field.nullable ? 1 : 0) + widthOf(field.encoding), 0)
}

/** Declares the offset of each column (`t0` tags, `b0` values), starting at `start`, for `length` records. */
export function columnOffsets(shape: Shape): string {
  let code = 'let p = start;\n'
  shape.fields.forEach((field, i) => {
    if (field.nullable) code += `const t${i} = p; p += length;\n`
    const width = widthOf(field.encoding)
    if (width > 0) code += `const b${i} = p; p += ${width} * length;\n`
  })
  return code
}

/** Compiles the writer of a shape. Throws EvalError where code generation is forbidden. */
export function compileWriter(shape: Shape): ColumnWriter {
  const texts = textsOf(shape)
  const source = `'use strict';
return function writeColumns(values, length, output, start) {
const bytes = output.bytes, view = output.view, others = output.others;
${columnOffsets(shape)}${texts.map((field) => `let ${textName(field)} = '';\n`).join('')}
for (let i = 0; i < length; i++) {
const v = values[i];
${checkForm(shape)}${shape.fields.map((_, i) => writeField(shape, i)).join('')}}
${texts.map((field, i) => `output.texts[${i}] = ${textName(field)};\n`).join('')}return length;
}`
  const make = new Function('keys', 'prototypeOf', 'ObjectPrototype', 'ArrayPrototype', 'DatePrototype', 'isDate', source) as (
    ...parts: unknown[]
  ) => ColumnWriter
  return make(shape.keys, Object.getPrototypeOf, Object.prototype, Array.prototype, Date.prototype, types.isDate)
}

function textName(field: number): string {
  return field < 0 ? 'rowText' : `text${field}`
}

/** Loads the fields before the checks: the loads tell V8 the hidden class, which makes the check of the prototype free. */
function checkForm(shape: Shape): string {
  const { form, keys, fields } = shape
  if (form === 'value') return 'const x0 = v;\n'
  const loads = fields.map((_, i) => `const x${i} = v[${form === 'object' ? JSON.stringify(keys[i]) : i}];\n`).join('')
  if (form === 'array') {
    return `if (typeof v !== 'object' || v === null) return i;
${loads}if (prototypeOf(v) !== ArrayPrototype || v.length !== ${fields.length}) return i;\n`
  }
  return `if (typeof v !== 'object' || v === null) return i;
${loads}if (prototypeOf(v) !== ObjectPrototype) return i;
let k = 0;
for (const key in v) if (key !== keys[k++]) return i;
if (k !== ${keys.length}) return i;\n`
}

function writeField(shape: Shape, index: number): string {
  const field = shape.fields[index]
  if (field === undefined) return ''
  const write = writeValue(field.encoding, index)
  if (!field.nullable) return write
  return `if (x${index} === null) { bytes[t${index} + i] = 1; ${writeBlank(field.encoding, index)}}
else if (x${index} === undefined) { bytes[t${index} + i] = 2; ${writeBlank(field.encoding, index)}}
else { bytes[t${index} + i] = 0;
${write}}\n`
}

/** The memory is used again and again, so that a value that is not there must be written, too. */
function writeBlank(encoding: Encoding, i: number): string {
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
      return `if (typeof ${x} !== 'string' || ${x}.length > ${SHORT_CHARACTERS}) return i;
bytes[b${i} + i] = ${x}.length; text${i} += ${x};\n`
    case 'text8':
      return `${checkText(x, 0xff)}bytes[b${i} + i] = ${x}.length; rowText += ${x};\n`
    case 'text16':
      return `${checkText(x, 0xffff)}view.setUint16(b${i} + 2 * i, ${x}.length, true); rowText += ${x};\n`
    case 'text32':
      return `${checkText(x, 0xffffffff)}view.setUint32(b${i} + 4 * i, ${x}.length, true); rowText += ${x};\n`
    case 'any':
      return `others.push(${x});\n`
  }
}

function checkText(x: string, most: number): string {
  return `if (typeof ${x} !== 'string' || ${x}.length > ${most}) return i;\n`
}
