/**
 * Finds the values of a packed list (`msgpack.ts`) without making them, so that single ones can be made long before all the rest.
 *
 * A value does not stand alone: the names of an object's fields are defined where a list has them for the first time, and later objects
 * name the definition by number. What defines them is noted while the list is gone through, and put before a value that is read alone.
 *
 * Knows all that `msgpack.ts` writes. Of a list with anything else, also a damaged one, it says that it cannot be read in this way, and whoever
 * unpacks all of it finds out why. Pure but for memory that is used again; one thread at a time.
 */
import { SPACED_LIST, unpackValue } from './msgpack.ts'

/** The gap behind each value of a spaced list: five doubles. */
const GAP_BYTES = 45
const VALUES_PER_SPACED = 6
/** Definitions have numbers from 0x40 to 0x7f. */
const DEFINITIONS = 64
const DEFINITION_TYPE = 0x72

/** Where a list defines the fields of objects. */
interface Definition {
  /** The value in which it stands: it holds for what follows in that one, and for later ones. */
  readonly value: number
  readonly number: number
  readonly fields: number
  /** Where the array of their names is: `[start, end)`. */
  readonly start: number
  readonly end: number
}

/** A list that was gone through. */
export interface ScannedList {
  readonly bytes: Buffer
  readonly length: number
  readonly definitions: readonly Definition[]
}

/** Of the list that is being gone through: the number of fields by number of the definition; -1: not defined. */
const fields = new Int32Array(DEFINITIONS)
let definitions: Definition[] = []

/**
 * Goes through a list of `length` values and writes the place of each into `starts`, from index `from` on. Undefined: it cannot be read in this
 * way.
 */
export function scanList(
  bytes: Buffer,
  length: number,
  starts: Int32Array,
  from: number,
): ScannedList | undefined {
  const spaced = bytes[0] === SPACED_LIST
  const expected = spaced ? length * VALUES_PER_SPACED : length
  let at = arrayHeader(bytes, 1, expected)
  fields.fill(-1)
  definitions = []
  for (let value = 0; value < length && at >= 0; value++) {
    starts[from + value] = at
    at = skip(bytes, at, value)
    if (spaced && at >= 0) at += GAP_BYTES
  }
  return at === bytes.length ? { bytes, length, definitions } : undefined
}

/** The bytes of value number `value` in front of those of other values; `next` is the place of the one behind it, if there is one. */
function endOf({ bytes }: ScannedList, next: number | undefined): number {
  return (next ?? bytes.length) - (bytes[0] === SPACED_LIST ? GAP_BYTES : 0)
}

let scratch = Buffer.alloc(1024)

/** Makes a value of a list: number `value`, which begins at `start`; `next` is where the one behind it begins, undefined for the last. */
export function valueOf(
  list: ScannedList,
  value: number,
  start: number,
  next: number | undefined,
): unknown {
  const end = endOf(list, next)
  const needed: Definition[] = []
  let bytes = 3 + end - start
  for (const definition of list.definitions) {
    if (definition.value >= value) break
    needed.push(definition)
    bytes += 3 + definition.end - definition.start + definition.fields
  }
  if (needed.length === 0) return unpackValue(list.bytes.subarray(start, end))
  if (bytes > scratch.length) scratch = Buffer.alloc(bytes * 2)
  // An array of one object for each definition, with nothing in its fields, and of the value.
  const count = needed.length + 1
  let at = scratch.writeUInt8(0xdc, 0)
  at = scratch.writeUInt16BE(count, at)
  for (const { number, start: names, end: namesEnd, fields: nothing } of needed) {
    at = scratch.writeUInt8(0xd4, at)
    at = scratch.writeUInt8(DEFINITION_TYPE, at)
    at = scratch.writeUInt8(number, at)
    at += list.bytes.copy(scratch, at, names, namesEnd)
    scratch.fill(0xc0, at, at + nothing)
    at += nothing
  }
  at += list.bytes.copy(scratch, at, start, end)
  const values = unpackValue(scratch.subarray(0, at)) as unknown[]
  return values[count - 1]
}

/** The place behind an array's header, where it has that many elements; -1: something else. */
function arrayHeader(bytes: Uint8Array, at: number, length: number): number {
  const token = bytes[at]
  if (token === undefined) return -1
  if ((token & 0xf0) === 0x90) return (token & 15) === length ? at + 1 : -1
  if (token === 0xdc) return uint16(bytes, at + 1) === length ? at + 3 : -1
  return token === 0xdd && uint32(bytes, at + 1) === length ? at + 5 : -1
}

/** The place behind a value; -1: unknown. */
function skip(bytes: Uint8Array, from: number, value: number): number {
  let at = from
  for (let left = 1; left > 0; left--) {
    const token = bytes[at++]
    if (token === undefined) return -1
    if (token < 0x40 || token >= 0xe0) continue
    if (token < 0x80) {
      const count = fields[token & (DEFINITIONS - 1)] ?? -1
      if (count < 0) return -1
      left += count
    } else if (token < 0x90) left += 2 * (token & 15)
    else if (token < 0xa0) left += token & 15
    else if (token < 0xc0) at += token & 31
    else {
      const size = sizeOf(bytes, token, at)
      if (size >= 0) {
        at += size
        continue
      }
      const count = elementsOf(bytes, token, at)
      if (count >= 0) {
        left += count
        at += token & 1 ? 4 : 2
        continue
      }
      if (token !== 0xd4) return -1
      const type = bytes[at]
      if (type === DEFINITION_TYPE) {
        const number = bytes[at + 1] ?? 0
        const names = at + 2
        at = define(bytes, names, number, value)
        if (at < 0) return -1
        left += fields[number & (DEFINITIONS - 1)] ?? 0
      } else if (type === 0 || type === 0xff) at += 2
      else if (isWrapped(type)) {
        at += 2
        left++
      } else return -1
    }
  }
  return at
}

/** How many bytes follow a token before the next one; -1: it is an array, a map, or of one byte with a type. */
function sizeOf(bytes: Uint8Array, token: number, at: number): number {
  switch (token) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return 0
    case 0xcc:
    case 0xd0:
      return 1
    case 0xcd:
    case 0xd1:
      return 2
    case 0xca:
    case 0xce:
    case 0xd2:
      return 4
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 8
    case 0xc4:
    case 0xd9:
      return 1 + (bytes[at] ?? 0)
    case 0xc5:
    case 0xda:
      return 2 + uint16(bytes, at)
    case 0xc6:
    case 0xdb:
      return 4 + uint32(bytes, at)
    case 0xc7:
      return 2 + (bytes[at] ?? 0)
    case 0xc8:
      return 3 + uint16(bytes, at)
    case 0xc9:
      return 5 + uint32(bytes, at)
    case 0xd6:
      return 5
    case 0xd7:
      return 9
    case 0xd8:
      return 17
    default:
      return -1
  }
}

/** How many values are in an array or a map; -1: it is neither. */
function elementsOf(bytes: Uint8Array, token: number, at: number): number {
  switch (token) {
    case 0xdc:
      return uint16(bytes, at)
    case 0xdd:
      return uint32(bytes, at)
    case 0xde:
      return 2 * uint16(bytes, at)
    case 0xdf:
      return 2 * uint32(bytes, at)
    default:
      return -1
  }
}

/** Takes note of a definition. Returns the place behind the names; -1: something else. */
function define(bytes: Uint8Array, start: number, number: number, value: number): number {
  const token = bytes[start] ?? 0
  let count = token & 15
  let at = start + 1
  if (token === 0xdc) {
    count = uint16(bytes, at)
    at += 2
  } else if ((token & 0xf0) !== 0x90) return -1
  for (let name = 0; name < count; name++) {
    const first = bytes[at++] ?? 0
    if (first >= 0xa0 && first < 0xc0) at += first & 31
    else if (first >= 0xd9 && first <= 0xdb) at += sizeOf(bytes, first, at)
    else return -1
  }
  fields[number & (DEFINITIONS - 1)] = count
  definitions.push({ value, number, fields: count, start, end: at })
  return at
}

/** Whether a value follows an extension of this type: sets, the escapes of `msgpack-escape.ts`, classes of users. */
function isWrapped(type: number | undefined): boolean {
  if (type === undefined) return false
  return type === 0x73 || (type >= 0x50 && type <= 0x53) || (type > 0 && type < 0x40)
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x10000 + uint16(bytes, at + 2)
}
