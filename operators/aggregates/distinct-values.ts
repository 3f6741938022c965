/**
 * The different values of a field, each with the classes in which it has been: what `countDistinct` accumulates.
 *
 * Plain data, changed in place. Numbers lie in an array while they are few, then in an open-addressing table of typed arrays, which the garbage
 * collector does not go over and which goes into snapshots as bytes:
 *
 *     slot       0    1    2    3    4    5    6    7
 *     numbers    0  512    0    7   19    0    0   40      32-bit integers, or doubles once one is none
 *     classes    0    1    0    3    1    0    0    2      a bit per class; 0: the slot is free
 *
 * A value begins to be looked for at the slot that its hash names, and lies there or in the first free slot behind. Everything that is no number,
 * and NaN, lies in a Map by its canonical form. Pure functions, any thread.
 */
import { canonicalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'

/** See the head of this file. */
export interface DistinctValues {
  /** How many different values there were, by class. */
  readonly counts: number[]
  /** How many of them are in `numbers`. */
  size: number
  /** As they came, up to `SHORT` of them; more: a table, its length a power of two. */
  numbers: number[] | Int32Array | Float64Array
  /** The classes of each; in a table of many classes `Int32Array`. */
  classes: number[] | Int8Array | Int32Array
  /** Undefined until there is one. */
  others: Map<CanonicalKey, number> | undefined
}

/** Values can be in so many classes: a bit each, without the sign. */
export const MAX_CLASSES = 31
/** Up to so many classes have room in a byte. */
const BYTE_CLASSES = 7
/** So few numbers are found faster by looking at all of them. */
export const SHORT = 8
/** Slots of the first table. */
const FIRST_SLOTS = 32
/** The golden ratio times 2 to the 32nd: multiplying with it spreads ids that follow one another, or have a stride (Knuth, volume 3, 6.4). */
const SPREAD = 0x9e3779b1
const SPREAD_HIGH = 0x85ebca6b

const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)

/** No values, of none of `classes` classes. */
export function noValues(classes: number): DistinctValues {
  const counts: number[] = []
  for (let i = 0; i < classes; i++) counts.push(0)
  return { counts, size: 0, numbers: [], classes: [], others: undefined }
}

/** The number of different values in all. */
export function sizeOfValues({ size, others }: DistinctValues): number {
  return others === undefined ? size : size + others.size
}

/**
 * Notes that a value has been in these classes, a bit each, at least one. Values are the same as keys are; null and undefined are left out.
 * Errors: `INVALID_KEY` for what cannot be a key. NaN can be counted all the same.
 */
export function addValue(values: DistinctValues, value: unknown, added: number): void {
  if (typeof value === 'number' && value === value) addNumber(values, value, added)
  else if (value !== null && value !== undefined)
    addOther(values, value !== value ? Number.NaN : canonicalKey(value), added)
}

/** Adds all values of `from`, which stays as it is. */
export function mergeValues(into: DistinctValues, from: DistinctValues): void {
  const { size, numbers, classes, others } = from
  if (size <= SHORT) {
    for (let i = 0; i < size; i++) addNumber(into, numbers[i] as number, classes[i] as number)
  } else mergeTable(into, numbers as Int32Array, classes as Int8Array)
  if (others === undefined) return
  for (const [value, added] of others) addOther(into, value, added)
}

/**
 * Goes over the slots in steps, and not in their order, which is that of the hashes: the first of them would all fall together in the other table, and each
 * would be looked for behind all those before.
 */
function mergeTable(into: DistinctValues, numbers: Int32Array, classes: Int8Array): void {
  const last = numbers.length - 1
  const step = (numbers.length * 0.618) | 1
  for (let i = 0, at = 0; i <= last; i++, at = (at + step) & last) {
    const added = classes[at] as number
    if (added !== 0) addNumber(into, numbers[at] as number, added)
  }
}

function addNumber(values: DistinctValues, value: number, added: number): void {
  if (values.size <= SHORT && addShort(values, value, added)) return
  const { numbers } = values
  if (numbers instanceof Int32Array) {
    if ((value | 0) === value) {
      const at = slotOf(numbers, values.classes as Int8Array, value, startOfInteger(numbers, value))
      addAt(values, at, value, added)
      return
    }
    makeTable(values, new Float64Array(numbers.length))
  }
  // Zero has two spellings and one hash.
  const number = value + 0
  const doubles = values.numbers as Float64Array
  const start = startOfDouble(doubles, number)
  addAt(values, slotOf(doubles, values.classes as Int8Array, number, start), number, added)
}

/** False: there is no room for another number without a table, which is there now. */
function addShort(values: DistinctValues, value: number, added: number): boolean {
  const numbers = values.numbers as number[]
  const classes = values.classes as number[]
  const { size } = values
  for (let i = 0; i < size; i++) {
    if (numbers[i] !== value) continue
    const before = classes[i] as number
    const fresh = added & ~before
    if (fresh === 0) return true
    classes[i] = before | added
    countFresh(values.counts, fresh)
    return true
  }
  if (size < SHORT) {
    numbers[size] = value
    classes[size] = added
    values.size = size + 1
    countFresh(values.counts, added)
    return true
  }
  const integers = numbers.every((number) => (number | 0) === number)
  makeTable(values, integers ? new Int32Array(FIRST_SLOTS) : new Float64Array(FIRST_SLOTS))
  return false
}

/** Where a value begins to be looked for: the highest bits of its hash. */
function startOfInteger(numbers: Int32Array, value: number): number {
  return Math.imul(value, SPREAD) >>> (Math.clz32(numbers.length) + 1)
}

function startOfDouble(numbers: Float64Array, value: number): number {
  double[0] = value
  const mixed = (halves[0] as number) ^ Math.imul(halves[1] as number, SPREAD_HIGH)
  return Math.imul(mixed ^ (mixed >>> 15), SPREAD) >>> (Math.clz32(numbers.length) + 1)
}

/** The slot of a value, or the free one where it belongs. */
function slotOf(
  numbers: Int32Array | Float64Array,
  classes: Int8Array | Int32Array,
  value: number,
  start: number,
): number {
  const last = numbers.length - 1
  let at = start
  while (classes[at] !== 0 && numbers[at] !== value) at = (at + 1) & last
  return at
}

function addAt(values: DistinctValues, at: number, value: number, added: number): void {
  const numbers = values.numbers as Int32Array
  const classes = values.classes as Int8Array
  const before = classes[at] as number
  const fresh = added & ~before
  if (fresh === 0) return
  classes[at] = before | added
  countFresh(values.counts, fresh)
  if (before !== 0) return
  numbers[at] = value
  values.size++
  // Three quarters full.
  if (values.size * 4 > numbers.length * 3) {
    const Table = numbers.constructor as new (slots: number) => Int32Array
    makeTable(values, new Table(2 * numbers.length))
  }
}

/** Moves all numbers into a table without any. */
function makeTable(values: DistinctValues, table: Int32Array | Float64Array): void {
  const { numbers, classes, counts } = values
  const Classes = counts.length > BYTE_CLASSES ? Int32Array : Int8Array
  const moved = new Classes(table.length)
  values.numbers = table
  values.classes = moved
  for (let i = 0; i < numbers.length; i++) {
    const of = classes[i] as number
    if (of === 0) continue
    const number = (numbers[i] as number) + 0
    const start =
      table instanceof Int32Array ? startOfInteger(table, number) : startOfDouble(table, number)
    const at = slotOf(table, moved, number, start)
    table[at] = number
    moved[at] = of
  }
}

function addOther(values: DistinctValues, value: CanonicalKey, added: number): void {
  const others = (values.others ??= new Map())
  const before = others.get(value) ?? 0
  const fresh = added & ~before
  if (fresh === 0) return
  others.set(before === 0 ? detachKey(value) : value, before | added)
  countFresh(values.counts, fresh)
}

/** One more value in each of these classes. */
function countFresh(counts: number[], fresh: number): void {
  for (let rest = fresh; rest !== 0; rest &= rest - 1) {
    const at = 31 - Math.clz32(rest & -rest)
    counts[at] = (counts[at] as number) + 1
  }
}
