/**
 * Writes the code that writes the JSON of flat records of one shape straight into bytes.
 *
 * For records with the fields `id` and `name` the result reads like this (names of fields become constants):
 *
 *   writeRows(values, from, length, output) {
 *     for (i = from; i < length; i++) {
 *       check that values[i] is a plain object with exactly these fields in this order
 *       v0 = r.id, v1 = r.name: strings, numbers, booleans or null, or the row is left to the caller
 *       check that there is room for all of it
 *       '{"id":' v0 ',"name":' v1 '}\n'
 *     }
 *     return i, with output.missing: how many bytes of room row i needs, 0 where it has another shape
 *   }
 *
 * `JSON.stringify` takes twice as long for the rows of benchmarks/flights: most of it goes into digits of fractions, which
 * are remembered here (`number-text`), into text that has just been written, and into strings that live for a moment.
 */
import { numberText } from '../files/number-text.ts'

/** Where rows are written. Grown by its owner, between two calls. */
export interface RowOutput {
  bytes: Buffer
  view: DataView
  /** Where the next row begins. */
  at: number
  /** Room that the row at which a call has stopped needs; 0: it stopped for another reason. */
  missing: number
}

/** Writes rows `from` to `length` (exclusive) as far as they are of its shape, and there is room; returns the index of the first one not written. */
export type WriteRows = (
  values: readonly unknown[],
  from: number,
  length: number,
  output: RowOutput,
) => number

/** Bytes that one character of a string can take: those of an escape. */
const CHARACTER_BYTES = 6
/** Bytes that anything but a string can take. */
const SCALAR_BYTES = 32
/** Strings of so many characters are copied from the row before where it had the same. */
const LONG_CHARACTERS = 8

/** Code by the names of fields: all files of this thread share it, and what V8 has learnt of it. Oldest first. */
const written = new Map<string, WriteRows>()
const MOST_SHAPES = 200

/** The code for records with these fields, in this order. Throws an `EvalError` where the process forbids code generation from strings. */
export function rowCode(fields: readonly string[]): WriteRows {
  const name = JSON.stringify(fields)
  const known = written.get(name)
  if (known !== undefined) return known
  // oxlint-disable-next-line no-implied-eval, no-new-func -- written by ourselves; names of fields only as JSON strings
  const create = new Function('fields', 'putNumber', 'putString', sourceOf(fields)) as (
    ...parts: readonly unknown[]
  ) => WriteRows
  const code = create(fields, putNumber, putString)
  written.set(name, code)
  const [oldest] = written.keys()
  if (written.size > MOST_SHAPES && oldest !== undefined) written.delete(oldest)
  return code
}

function sourceOf(fields: readonly string[]): string {
  const heads = fields.map((field, at) => `${at === 0 ? '{' : ','}${JSON.stringify(field)}:`)
  const end = fields.length === 0 ? '{}\n' : '}\n'
  const most = [...heads, end].reduce(
    (sum, text) => sum + Buffer.byteLength(text) + SCALAR_BYTES,
    0,
  )
  return `'use strict'
const prototypeOf = Object.getPrototypeOf, plain = Object.prototype
return function writeRows(values, from, length, output) {
const { bytes: b, view } = output
const room = b.length - ${most}
let at = output.at, i = from, missing = 0
${fields.map((_, n) => `let text${n} = '', place${n} = 0, size${n} = 0\n`).join('')}\
for (; i < length; i++) {
const r = values[i]
if (typeof r !== 'object' || r === null || prototypeOf(r) !== plain) break
let n = 0
for (const field in r) { if (field !== fields[n]) { n = -1; break } n++ }
if (n !== ${fields.length}) break
let characters = 0
${fields.map(readField).join('')}\
missing = at + characters * ${CHARACTER_BYTES} - room
if (missing > 0) { missing += ${most}; break }
missing = 0
${fields.map((_, n) => `${put(heads[n] ?? '')}\n${putField(n)}`).join('')}\
${put(end)}
}
output.at = at
output.missing = missing
return i
}`
}

function readField(field: string, n: number): string {
  return `const v${n} = r[${JSON.stringify(field)}]
if (typeof v${n} === 'string') characters += v${n}.length
else if (typeof v${n} !== 'number' && typeof v${n} !== 'boolean' && v${n} !== null) break
`
}

function putField(n: number): string {
  return `if (typeof v${n} === 'number') at = putNumber(b, at, v${n})
else if (typeof v${n} === 'string') {
if (v${n}.length < ${LONG_CHARACTERS}) at = putString(b, at, v${n})
else if (v${n} === text${n}) for (let from = place${n}, to = from + size${n}; from < to; from++) b[at++] = b[from]
else { place${n} = at; at = putString(b, at, v${n}); text${n} = v${n}; size${n} = at - place${n} }
} else if (v${n} === true) { ${put('true')} }
else if (v${n} === false) { ${put('false')} }
else { ${put('null')} }
`
}

/** The statements that write a constant text: four bytes at a time. */
function put(text: string): string {
  const bytes = Buffer.from(text)
  let code = ''
  let at = 0
  for (; at + 4 <= bytes.length; at += 4)
    code += `view.setInt32(at + ${at}, ${bytes.readInt32LE(at)}, true); `
  for (; at < bytes.length; at++) code += `b[at + ${at}] = ${bytes[at]}; `
  return `${code}at += ${bytes.length}`
}

/** Writes a number as JSON has it; returns the place behind it. */
function putNumber(bytes: Buffer, place: number, value: number): number {
  let at = place
  if ((value | 0) === value) {
    let rest = value
    if (rest < 0) {
      bytes[at++] = 0x2d
      rest = -rest
    }
    let digits = 1
    for (let power = 10; digits < 10 && rest >= power; power *= 10) digits++
    for (let digit = at + digits - 1; digit >= at; digit--) {
      const tenth = Math.floor(rest / 10)
      bytes[digit] = 0x30 + rest - tenth * 10
      rest = tenth
    }
    return at + digits
  }
  const text = value - value === 0 ? numberText(value) : 'null'
  for (let n = 0; n < text.length; n++) bytes[at++] = text.charCodeAt(n)
  return at
}

/** From so many characters on, a call out of compiled code costs less than looking at each of them. */
const NATIVE_CHARACTERS = 48

/** Writes a string as JSON has it; returns the place behind it. */
function putString(bytes: Buffer, place: number, value: string): number {
  const { length } = value
  if (length >= NATIVE_CHARACTERS) return putQuoted(bytes, place, value)
  let at = place
  bytes[at++] = 0x22
  for (let n = 0; n < length; n++) {
    const character = value.charCodeAt(n)
    // Quote, backslash, control characters and whatever takes more than one byte.
    if (character < 0x20 || character > 0x7e || character === 0x22 || character === 0x5c)
      return putQuoted(bytes, place, value)
    bytes[at++] = character
  }
  bytes[at++] = 0x22
  return at
}

function putQuoted(bytes: Buffer, place: number, value: string): number {
  return place + bytes.write(JSON.stringify(value), place, 'utf8')
}
