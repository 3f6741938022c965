/**
 * Counting different values, exactly: of all records, of those that pass a filter, or of several classes of records at once.
 *
 * The accumulators are plain data (`distinct-values`) and merge. Their size is that of the values, so they are the larger the more there are.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { isAsync } from '../../checkpoint/async-functions.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { evaluate, uniqueComment, withOwnCode } from '../chain/own-code.ts'
import { withFields } from './accumulator-fields.ts'
import type { AccumulatorFields } from './accumulator-fields.ts'
import { addValue, MAX_CLASSES, mergeValues, noValues, sizeOfValues } from './distinct-values.ts'
import type { DistinctValues } from './distinct-values.ts'

/** The different values so far. Opaque: only plain data that snapshots can hold. */
export type DistinctAccumulator = DistinctValues

/** What `countDistinct` can be told. */
export interface CountDistinctOptions<In> {
  /** Which records count. Default: all. */
  readonly where?: ((value: In) => boolean) | undefined
}

/** By name, which records are in a class: one, none or several for each record. */
export type DistinctClasses<In, Name extends string> = Readonly<
  Record<Name, (value: In) => boolean>
>

const FIELDS: AccumulatorFields = {
  counts: 'list',
  size: 'value',
  numbers: 'list',
  others: 'value',
}

/**
 * The number of different values of `selector` over the records, exact. Values are the same as keys are: anything that can be a key can be counted, tuples, dates
 * and objects by what is in them, and 1 is neither '1' nor 1n. Besides, NaN is a value like others. As in SQL, null and undefined are left out.
 * Costs memory per different value: from a dozen values on 11 to 22 bytes for 32-bit integers (28 for 9 of them) and 22 to 43 for other numbers, an entry of a
 * Map for anything else. Errors: `INVALID_DISTINCT` for an argument that is no function, and for options that are no object or have other fields than `where`;
 * while it runs `INVALID_KEY` for a value that cannot be a key.
 *
 * @example
 * combine({
 *   customers: countDistinct((order: Order) => order.customer),
 *   large: countDistinct((order: Order) => order.customer, { where: ({ amount }) => amount > 1_000 }),
 * })
 */
export function countDistinct<In>(
  selector: (value: In) => unknown,
  options: CountDistinctOptions<In> = {},
): AggregateFunction<In, DistinctAccumulator, number> {
  requireFunction(selector, 'countDistinct: the selector')
  requireObject(options, 'countDistinct: options', 'an object with an optional where')
  for (const name of Object.keys(options)) {
    if (name === 'where') continue
    throw new MillraceError(
      'INVALID_DISTINCT',
      `countDistinct: expected options with an optional where, got '${name}'`,
    )
  }
  const { where } = options
  if (where !== undefined) requireFunction(where, 'countDistinct: where')
  return createAggregate(selector, where === undefined ? [] : [where], 'counts[0]')
}

/**
 * The number of different values of `selector` in each class of records, as an object with the fields of `classes`. As one `countDistinct` with `where` for each
 * class, but every value is kept once, with a bit per class, in the place of one set per class. A class of all records is `() => true`.
 * State knows classes by their order, not by their names. A job that goes on from a savepoint may have got more of them behind the others, which count from
 * then on, or have lost the last ones; in another order each goes on with the values of the class that was in its place.
 * Errors: as for `countDistinct`, and `INVALID_DISTINCT` unless `classes` is an object with 1 to 31 functions.
 *
 * @example
 * countDistinctWhere((order: Order) => order.customer, {
 *   all: () => true,
 *   small: ({ amount }) => amount < 10,
 *   large: ({ amount }) => amount > 1_000,
 * }) // { all: 120, small: 80, large: 7 }
 */
export function countDistinctWhere<In, Name extends string>(
  selector: (value: In) => unknown,
  classes: DistinctClasses<In, Name>,
): AggregateFunction<In, DistinctAccumulator, Record<Name, number>> {
  requireFunction(selector, 'countDistinctWhere: the selector')
  requireObject(classes, 'countDistinctWhere: classes', 'an object of functions')
  const names = Object.keys(classes)
  if (names.length === 0 || names.length > MAX_CLASSES) {
    throw new MillraceError(
      'INVALID_DISTINCT',
      `countDistinctWhere expects 1 to ${MAX_CLASSES} classes, got ${names.length}`,
    )
  }
  const filters = Object.values<(value: In) => boolean>(classes)
  filters.forEach((filter, i) => {
    requireFunction(filter, `countDistinctWhere: class '${names[i] ?? ''}'`)
  })
  // In brackets, because a plain "__proto__" in a literal would set the prototype.
  const fields = names.map((name, i) => `[${JSON.stringify(name)}]: counts[${i}] ?? 0`)
  return createAggregate(selector, filters, `({ ${fields.join(', ')} })`)
}

function requireFunction(given: unknown, what: string): void {
  if (typeof given === 'function' && !isAsync(given)) return
  const got = isAsync(given) ? 'an async one, for which nobody waits' : kindOf(given)
  throw new MillraceError('INVALID_DISTINCT', `${what} must be a function, got ${got}`)
}

function requireObject(given: unknown, what: string, expected: string): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return
  throw new MillraceError('INVALID_DISTINCT', `${what} must be ${expected}, got ${kindOf(given)}`)
}

function kindOf(given: unknown): string {
  if (given === null) return 'null'
  return Array.isArray(given) ? 'an array' : typeof given
}

/** `result`: the source that makes it of `counts`. */
function createAggregate<In, Out>(
  selector: (value: In) => unknown,
  filters: readonly ((value: In) => boolean)[],
  result: string,
): AggregateFunction<In, DistinctAccumulator, Out> {
  const bits = filters.map((_, i) => `(f${i}(value) ? ${2 ** i} : 0)`)
  const compile = evaluate<(given: unknown) => CountedAs<In, Out>>(
    ['filters'],
    `${uniqueComment()} 'use strict'
const [${filters.map((_, i) => `f${i}`).join(', ')}] = filters
return {
classesOf: (value) => ${bits.length === 0 ? '1' : bits.join(' | ')},
resultOf: (counts) => ${result}
}`,
  )
  const create = withOwnCode(createDistinct<In, Out>)
  const { classesOf, resultOf } = compile(filters)
  const classes = Math.max(filters.length, 1)
  const table = { newValues: () => noValues(classes), addValue, mergeValues, sizeOfValues }
  return withFields(create(selector, classesOf, resultOf, table), FIELDS, 'countDistinct')
}

/** What is compiled for the classes. */
interface CountedAs<In, Out> {
  /** The classes of a record, a bit each. */
  readonly classesOf: (value: In) => number
  readonly resultOf: (counts: readonly number[]) => Out
}

interface Table {
  readonly newValues: () => DistinctValues
  readonly addValue: typeof addValue
  readonly mergeValues: typeof mergeValues
  readonly sizeOfValues: typeof sizeOfValues
}

/** Evaluated anew for every aggregate (own-code): nothing but parameters and globals in it. */
function createDistinct<In, Out>(
  selector: (value: In) => unknown,
  classesOf: (value: In) => number,
  resultOf: (counts: readonly number[]) => Out,
  { newValues, addValue, mergeValues, sizeOfValues }: Table,
): AggregateFunction<In, DistinctValues, Out> {
  return {
    createAccumulator: newValues,
    add(accumulator, value) {
      const classes = classesOf(value)
      if (classes !== 0) addValue(accumulator, selector(value), classes)
      return accumulator
    },
    getResult: ({ counts }) => resultOf(counts),
    merge(a, b) {
      mergeValues(a, b)
      return a
    },
    compact: true,
    size: sizeOfValues,
  }
}
