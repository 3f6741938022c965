/**
 * The different values of a field, each with the classes in which it has been: what `countDistinct` accumulates.
 *
 * Plain data, changed in place. Numbers lie in an array while they are few, then in an open-addressing table, a typed array, which the garbage
 * collector does not go over and which goes into snapshots as bytes:
 *
 *     slot          0         1         2         3
 *     numbers    0    0  512    1    0    3   19    2      32-bit integers, or doubles once one is none
 *                               └─ the number, and its classes, a bit each; 0: the slot is free
 *
 * Both side by side, because a set that is not in the processor's cache costs a wait for each place that is looked at.
 * A value begins to be looked for at the slot that its hash names, and lies there or in the first free slot behind. Everything that is no number,
 * and NaN, lies in a Map by its canonical form. Pure functions, any thread.
 */
import { canonicalKey, type CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'

/** The accumulator of `countDistinct` and `countDistinctWhere`: values, and for each the classes in which it has been. Plain data, part of checkpoints. */
export interface DistinctValues {
  /** How many different values there were, by class. Classes that a job has got since a savepoint may be missing at the end: 0. */
  readonly counts: number[]
  /** How many of them are in `numbers`. */
  size: number
  /** Each with its classes behind it: as they came, up to `SHORT` of them; more: a table, its slots a power of two. */
  numbers: number[] | Int32Array | Float64Array
  /** Undefined until there is one. */
  others: Map<CanonicalKey, number> | undefined
}

/** Values can be in so many classes: a bit each, without the sign. */
export const MAX_CLASSES = 31
/** So few numbers are found faster by looking at all of them. */
export const SHORT = 8
/** Slots of the first table. */
const FIRST_SLOTS = 32
/** The golden ratio times 2 to the 32nd: multiplying with it spreads ids that follow one another (Knuth, volume 3, 6.4). */
const SPREAD = 0x9e3779b1
const SPREAD_HIGH = 0x85ebca6b

const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)

/** No values, of none of `classes` classes. */
export function noValues(classes: number): DistinctValues {
  const counts: number[] = []
  for (let i = 0; i < classes; i++) counts.push(0)
  return { counts, size: 0, numbers: [], others: undefined }
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
  const { size, numbers, others } = from
  if (size <= SHORT) {
    for (let i = 0; i < size; i++)
      addNumber(into, numbers[2 * i] as number, numbers[2 * i + 1] as number)
  } else mergeTable(into, numbers as Int32Array)
  if (others === undefined) return
  for (const [value, added] of others) addOther(into, value, added)
}

/**
 * Goes over the slots in steps, and not in their order, which is that of the hashes: the first of them would all fall together in the other table, and each
 * would be looked for behind all those before.
 */
function mergeTable(into: DistinctValues, numbers: Int32Array): void {
  const last = numbers.length / 2 - 1
  const step = (numbers.length * 0.309) | 1
  for (let i = 0, at = 0; i <= last; i++, at = (at + step) & last) {
    const added = numbers[2 * at + 1] as number
    if (added !== 0) addNumber(into, numbers[2 * at] as number, added)
  }
}

function addNumber(values: DistinctValues, value: number, added: number): void {
  if (values.size <= SHORT && addShort(values, value, added)) return
  const { numbers } = values
  if (numbers instanceof Int32Array) {
    if ((value | 0) === value) {
      addAt(values, placeOf(numbers, value, startOfInteger(numbers, value)), value, added)
      return
    }
    makeTable(values, new Float64Array(numbers.length))
  }
  // Zero has two spellings and one hash.
  const number = value + 0
  const doubles = values.numbers as Float64Array
  addAt(values, placeOf(doubles, number, startOfDouble(doubles, number)), number, added)
}

/** False: there is no room for another number without a table, which is there now. */
function addShort(values: DistinctValues, value: number, added: number): boolean {
  const numbers = values.numbers as number[]
  const { size } = values
  for (let i = 0; i < 2 * size; i += 2) {
    if (numbers[i] !== value) continue
    const before = numbers[i + 1] as number
    const fresh = added & ~before
    if (fresh === 0) return true
    numbers[i + 1] = before | added
    countFresh(values.counts, fresh)
    return true
  }
  if (size < SHORT) {
    numbers[2 * size] = value
    numbers[2 * size + 1] = added
    values.size = size + 1
    countFresh(values.counts, added)
    return true
  }
  const integers = numbers.every((number) => (number | 0) === number)
  const length = 2 * FIRST_SLOTS
  makeTable(values, integers ? new Int32Array(length) : new Float64Array(length))
  return false
}

/**
 * Where a value begins to be looked for: the highest bits of its hash. Multiplied as they are, numbers with a stride near a Fibonacci number would
 * all lie together, and each would be looked for behind thousands.
 */
function startOfInteger(numbers: Int32Array, value: number): number {
  return Math.imul(value ^ (value >>> 10), SPREAD) >>> (Math.clz32(numbers.length) + 2)
}

function startOfDouble(numbers: Float64Array, value: number): number {
  double[0] = value
  const mixed = (halves[0] as number) ^ Math.imul(halves[1] as number, SPREAD_HIGH)
  return Math.imul(mixed ^ (mixed >>> 15), SPREAD) >>> (Math.clz32(numbers.length) + 2)
}

/** Where a value lies, or where it belongs: the slot is free. */
function placeOf(numbers: Int32Array | Float64Array, value: number, start: number): number {
  const last = numbers.length - 1
  let at = 2 * start
  while (numbers[at + 1] !== 0 && numbers[at] !== value) at = (at + 2) & last
  return at
}

function addAt(values: DistinctValues, at: number, value: number, added: number): void {
  const numbers = values.numbers as Int32Array
  const before = numbers[at + 1] as number
  const fresh = added & ~before
  if (fresh === 0) return
  numbers[at + 1] = before | added
  countFresh(values.counts, fresh)
  if (before !== 0) return
  numbers[at] = value
  values.size++
  // Three quarters full.
  if (values.size * 8 > numbers.length * 3) {
    const Table = numbers.constructor as new (length: number) => Int32Array
    makeTable(values, new Table(2 * numbers.length))
  }
}

/** Moves all numbers into a table without any. */
function makeTable(values: DistinctValues, table: Int32Array | Float64Array): void {
  const { numbers } = values
  values.numbers = table
  for (let i = 0; i < numbers.length; i += 2) {
    const classes = numbers[i + 1] as number
    if (classes === 0) continue
    const number = (numbers[i] as number) + 0
    const start =
      table instanceof Int32Array ? startOfInteger(table, number) : startOfDouble(table, number)
    const at = placeOf(table, number, start)
    table[at] = number
    table[at + 1] = classes
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

/** One more value in each of these classes, of which some may be new since a savepoint. */
function countFresh(counts: number[], fresh: number): void {
  for (let rest = fresh; rest !== 0; rest &= rest - 1) {
    const at = 31 - Math.clz32(rest & -rest)
    while (at >= counts.length) counts.push(0)
    counts[at] = (counts[at] as number) + 1
  }
}
