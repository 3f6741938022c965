/**
 * Whether accumulators are worth sending in place of records, and `merge` joins them: found out by a trial, where the aggregate does not say. Many a `merge` was written
 * for the type alone, since windows that do not merge have never called it.
 */
import { isDeepStrictEqual } from 'node:util'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { partsOf } from '../aggregates/combine.ts'

/** Records that are added to the accumulator that is looked at. */
export const TRIAL_RECORDS = 64
/** Values in it, at the most: one that keeps its records, or something of each, has more by then. */
const COMPACT_VALUES = 32
const COMPACT_DEPTH = 4
const COMPACT_TEXT = 256
/** How much two results may differ that should be equal, relative to them. */
const ROUNDING = 1e-9

/** Some aggregate of `In` records. */
type AnyAggregate<In> = AggregateFunction<In, unknown, unknown>

/** Looks at what an aggregate makes of its first records. They are only read. */
export class CompactTrial<In> {
  readonly #aggregates: readonly AnyAggregate<In>[]
  #records: In[] = []

  constructor(aggregate: AnyAggregate<In>) {
    this.#aggregates = undeclared(aggregate)
  }

  /** Notes a record. Undefined: not yet known, else whether accumulators are compact, and merge. */
  add(value: In): boolean | undefined {
    if (this.#records.push(value) < TRIAL_RECORDS) return undefined
    const records = this.#records
    this.#records = []
    try {
      return this.#aggregates.every((aggregate) => isWorthIt(aggregate, records))
    } catch {
      // Where `add` throws, the second phase will say so, of the same record. Where `merge` does, nobody has needed it so far.
      return false
    }
  }
}

/** The aggregates that do not say whether they are compact: the given one, or those parts of it. */
function undeclared<In>(aggregate: AnyAggregate<In>): readonly AnyAggregate<In>[] {
  if (aggregate.compact !== undefined) return []
  const parts = partsOf(aggregate) as readonly AnyAggregate<In>[] | undefined
  return parts === undefined ? [aggregate] : parts.flatMap(undeclared)
}

/** Whether the accumulator of these records is compact, and that of its halves is the same when they are merged. */
function isWorthIt<In>(aggregate: AnyAggregate<In>, records: readonly In[]): boolean {
  const whole = addUp(aggregate, records)
  if (!isCompact(whole)) return false
  const half = records.length / 2
  const first = addUp(aggregate, records.slice(0, half))
  const merged = aggregate.merge(first, addUp(aggregate, records.slice(half)))
  return isAlike(aggregate.getResult(whole), aggregate.getResult(merged))
}

function addUp<In>(aggregate: AnyAggregate<In>, records: readonly In[]): unknown {
  return records.reduce<unknown>(
    (accumulator, record) => aggregate.add(accumulator, record),
    aggregate.createAccumulator(),
  )
}

/** Whether two results are the same, but for the rounding of numbers. */
function isAlike(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return isNear(a, b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return Object.is(a, b)
  const names = Object.keys(a)
  if (names.length === 0) return isDeepStrictEqual(a, b)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) =>
    isAlike((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  )
}

function isNear(a: number, b: number): boolean {
  return (
    Object.is(a, b) || a === b || Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b))
  )
}

/** Whether a value is plain data of a few values, which any codec carries as it is. */
export function isCompact(value: unknown): boolean {
  return countValues(value, 0) <= COMPACT_VALUES
}

/** The number of values in plain data; Infinity for anything else. */
function countValues(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return 1
    case 'string':
      return value.length <= COMPACT_TEXT ? 1 : Number.POSITIVE_INFINITY
    case 'object':
      return value === null ? 1 : countInside(value, depth)
    default:
      return Number.POSITIVE_INFINITY
  }
}

function countInside(value: object, depth: number): number {
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === Object.prototype || prototype === Array.prototype
  if (!isPlain || depth === COMPACT_DEPTH) return Number.POSITIVE_INFINITY
  const inside: unknown[] = Object.values(value)
  if (inside.length > COMPACT_VALUES) return Number.POSITIVE_INFINITY
  return inside.reduce<number>((sum, each) => sum + countValues(each, depth + 1), 0)
}
