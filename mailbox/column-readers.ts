/**
 * Compiles, for one shape, the function that makes records of columns again.
 *
 * Strings decide the speed. Making one from bytes costs a call out of JavaScript (70 ns); cutting one out of another costs a tenth, but
 * V8 lets a slice of 13 characters or more point into its parent and keeps the parent alive. So:
 * - strings of at most 12 characters are cut from one string per batch: they are copies;
 * - the longer ones lie record by record, and one string is made for a *group* of neighbouring records. A group ends
 *   where keeping only its smallest record would keep more than about three times what the record needs by itself.
 *   With equal records that is four per group; with very unequal ones, one.
 * Strings that occur again and again could travel once and be handed out again; the branch per string costs what that saves.
 */
import { columnOffsets, SIZES_BYTES } from './column-writers.ts'
import {
  columnNumbers,
  columnsOf,
  isRowText,
  type Column,
  type Encoding,
  type Shape,
} from './column-shape.ts'

/**
 * Reads `length` records from `bytes`, whose sizes start at `start`. `readList` unpacks the list of `any` values in `[from, to)`.
 */
export type ColumnReader = (
  bytes: Buffer,
  view: DataView,
  start: number,
  length: number,
  readList: (bytes: Buffer, from: number, to: number, length: number) => unknown[],
) => unknown[]

/** Of a group's text, a record may pin this many times its own. */
const PINNED_TIMES = 3
/** What a field of a record, and once more a string, weighs besides its text, as far as the group may use it. */
const PINNED_BYTES_PER_FIELD = 16

/** Compiles the reader of a shape. Throws EvalError where code generation is forbidden. */
export function compileReader(shape: Shape): ColumnReader {
  const columns = columnsOf(shape)
  const others = countAny(columns)
  const rows = columns.map((_, i) => i).filter((i) => isRowText(encodingAt(columns, i)))
  const source = `'use strict';
return function readColumns(bytes, view, start, length, readList) {
const shortWidth = bytes[start + 8], rowWidth = bytes[start + 9];
const shortBytes = view.getUint32(start, true) * shortWidth, rowBytes = view.getUint32(start + 4, true) * rowWidth;
const otherBytes = view.getUint32(start + 10, true);
let p = start + ${SIZES_BYTES};
${columnOffsets(shape)}const size = p + shortBytes + rowBytes + otherBytes;
if (size !== bytes.length) throw new RangeError('the payload has ' + bytes.length + ' bytes instead of ' + size);
const records = new Array(length);
const short = shortWidth === 1 ? bytes.latin1Slice(p, p + shortBytes) : bytes.ucs2Slice(p, p + shortBytes);
p += shortBytes;
let s = 0, rowAt = p, o = 0;
p += rowBytes;
const rowEnd = p;
${others > 0 ? `const others = readList(bytes, p, p + otherBytes, ${others} * length);\n` : ''}${
    rows.length > 0
      ? groupLoop(shape, columns, rows)
      : `for (let i = 0; i < length; i++) {\n${record(shape)}}`
  }
if (s !== short.length || rowAt !== rowEnd) throw new RangeError('the texts do not match their lengths');
return records;
}`
  const make = new Function(source) as () => ColumnReader
  return make()
}

/** A record without text of its own pins nothing, so that it may be in any group. */
function groupLoop(shape: Shape, columns: readonly Column[], rows: readonly number[]): string {
  const size = (index: string) =>
    rows.map((i) => lengthAt(encodingAt(columns, i), i, index)).join(' + ')
  const slack = PINNED_BYTES_PER_FIELD * (columns.length + rows.length)
  return `const slack = rowWidth === 1 ? ${slack} : ${slack >> 1};
let i = 0;
while (i < length) {
let end = i, sum = 0, least = 0x7fffffff;
while (end < length) {
const next = ${size('end')};
if (next !== 0) {
const smaller = next < least ? next : least;
if (sum !== 0 && sum + next > ${PINNED_TIMES} * smaller + slack) break;
sum += next; least = smaller;
}
end++;
}
const stop = rowAt + sum * rowWidth;
if (stop > rowEnd) throw new RangeError('a string reaches beyond the text');
const parent = rowWidth === 1 ? bytes.latin1Slice(rowAt, stop) : bytes.ucs2Slice(rowAt, stop);
rowAt = stop;
let c = 0;
for (; i < end; i++) {
${record(shape)}}
}`
}

function record(shape: Shape): string {
  return `${declarations(shape, 0)}records[i] = ${literal(shape, 0)};\n`
}

/** Declares the values of the fields, `x` with the number of the column; the columns of the record begin at `from`. */
function declarations(shape: Shape, from: number): string {
  const numbers = columnNumbers(shape, from)
  const values = shape.fields.map(({ encoding, nullable, nested }, f) => {
    const i = numbers[f] ?? 0
    const missing = `(bytes[t${i} + i] === 1 ? null : undefined)`
    if (nested !== undefined) return nestedRecord(nested, i, nullable ? missing : undefined)
    const read = readValue(encoding, i)
    if (!nullable) return `const x${i} = ${read};\n`
    if (encoding === 'nothing') return `const x${i} = ${missing};\n`
    return `const x${i} = bytes[t${i} + i] === 0 ? ${read} : ${missing};\n`
  })
  return values.join('')
}

/** `missing` says what is there instead where there is none; undefined: there always is one. */
function nestedRecord(shape: Shape, i: number, missing: string | undefined): string {
  const inner = declarations(shape, i + 1)
  const made = literal(shape, i + 1)
  if (missing === undefined) return `${inner}const x${i} = ${made};\n`
  const skipped = countAny(columnsOf(shape))
  return `let x${i};
if (bytes[t${i} + i] === 0) {
${inner}x${i} = ${made};
} else { x${i} = ${missing}; o += ${skipped}; }\n`
}

/** A literal, so that V8 makes the object with its final hidden class in one step. */
function literal(shape: Shape, from: number): string {
  const { form, keys } = shape
  const values = columnNumbers(shape, from).map((i) => `x${i}`)
  if (form === 'value') return `x${from}`
  if (form === 'array') return `[${values.join(', ')}]`
  // In a literal, only the computed form of __proto__ is a property.
  const name = (key: string) => (key === '__proto__' ? '["__proto__"]' : JSON.stringify(key))
  return `{${keys.map((key, f) => `${name(key)}: ${values[f]}`).join(', ')}}`
}

function countAny(columns: readonly Column[]): number {
  return columns.filter(({ field }) => field.encoding === 'any').length
}

function encodingAt(columns: readonly Column[], i: number): Encoding {
  return columns[i]?.field.encoding ?? 'any'
}

function lengthAt(encoding: Encoding, i: number, index: string): string {
  if (encoding === 'text8') return `bytes[b${i} + ${index}]`
  if (encoding === 'text16') return `view.getUint16(b${i} + 2 * ${index}, true)`
  return `view.getUint32(b${i} + 4 * ${index}, true)`
}

function readValue(encoding: Encoding, i: number): string {
  switch (encoding) {
    case 'nothing':
      return 'undefined'
    case 'int32':
      return `view.getInt32(b${i} + 4 * i, true)`
    case 'double':
      return `view.getFloat64(b${i} + 8 * i, true)`
    case 'boolean':
      return `bytes[b${i} + i] === 1`
    case 'bigint64':
      return `view.getBigInt64(b${i} + 8 * i, true)`
    case 'date':
      return `new Date(view.getFloat64(b${i} + 8 * i, true))`
    case 'short':
      return `short.slice(s, s += bytes[b${i} + i])`
    case 'text8':
    case 'text16':
    case 'text32':
      return `parent.slice(c, c += ${lengthAt(encoding, i, 'i')})`
    case 'any':
      return 'others[o++]'
    case 'record':
      throw new RangeError('a record has columns of its own')
  }
}
