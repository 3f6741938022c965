/**
 * Ready-made aggregate functions. All accumulators are plain data that changes in place, and all can merge.
 *
 * As in SQL, a selector that gives null or undefined leaves the record out. Each function returned has its own machine
 * code (own-code), so that the selector is inlined even where a job uses many aggregates.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { isAsync } from '../../checkpoint/async-functions.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { describeRecord } from '../operator-error.ts'
import { withFields } from './accumulator-fields.ts'
import type { AccumulatorFields } from './accumulator-fields.ts'
import { withOwnCode } from '../chain/own-code.ts'

/** How many records there were. */
export interface CountAccumulator {
  count: number
}

/** A sum in two parts: `sum`, and what rounding has lost from it; and the number of values. */
export interface SumAccumulator {
  sum: number
  lost: number
  count: number
}

/** The smallest or largest value so far. */
export interface ExtremeAccumulator<V> {
  /** Undefined until there is a value. */
  value: V | undefined
}

/** Records and what they are ordered by, best first. */
export interface TopAccumulator<In> {
  records: In[]
  scores: number[]
}

/** A selector's result without null and undefined; undefined stays possible where it was. */
export type Present<V> = [Extract<V, null | undefined>] extends [never]
  ? V
  : NonNullable<V> | undefined

type Missing = null | undefined

const SUM_FIELDS: AccumulatorFields = { sum: 'total', lost: 'total', count: 'total' }
/** A sum can become a mean: both accumulate the same. */
const SUM_KIND = 'sum'
const EXTREME_FIELDS: AccumulatorFields = { value: 'value' }

/**
 * The number of records.
 *
 * @example flights.keyBy((flight) => flight.origin).aggregate(count())
 */
export function count(): AggregateFunction<unknown, CountAccumulator, number> {
  return withFields(withOwnCode(createCount)(), { count: 'total' }, 'count')
}

/**
 * The sum of `selector` over the records, 0 for none. Compensated (Neumaier), so that the order of the records and the
 * way they were split among subtasks do not show in the result but in its last bit.
 * Throws `NOT_A_NUMBER` for a value that is neither a number nor missing.
 *
 * @example sum((order: Order) => order.price * order.count)
 */
export function sum<In>(
  selector: (value: In) => number | Missing,
): AggregateFunction<In, SumAccumulator, number> {
  requireSelector('sum', selector)
  const create = withOwnCode(createSum<In>)
  return withFields(
    create(selector, addTo, (accumulator) => total(accumulator)),
    SUM_FIELDS,
    SUM_KIND,
  )
}

/**
 * The arithmetic mean of `selector` over the records, NaN for none; summed like `sum`, same errors.
 *
 * @example mean((flight: Flight) => flight.delay)
 */
export function mean<In>(
  selector: (value: In) => number | Missing,
): AggregateFunction<In, SumAccumulator, number> {
  requireSelector('mean', selector)
  const create = withOwnCode(createSum<In>)
  return withFields(
    create(selector, addTo, (accumulator) => total(accumulator) / accumulator.count),
    SUM_FIELDS,
    SUM_KIND,
  )
}

/**
 * The smallest `selector` among the records (anything that `<` compares: numbers, bigints, strings, dates), undefined
 * if all are missing. NaN counts as larger than every number.
 *
 * @example min((order: Order) => order.placedAt)
 */
export function min<In, V>(
  selector: (value: In) => V,
): AggregateFunction<In, ExtremeAccumulator<V>, Present<V>> {
  requireSelector('min', selector)
  const create = withOwnCode(createExtreme<In, V>)
  return withFields(
    create(selector, (value, best) => value < best || (best !== best && value === value)),
    EXTREME_FIELDS,
    'min',
  )
}

/**
 * The largest `selector` among the records; otherwise as `min`.
 *
 * @example max((flight: Flight) => flight.delay)
 */
export function max<In, V>(
  selector: (value: In) => V,
): AggregateFunction<In, ExtremeAccumulator<V>, Present<V>> {
  requireSelector('max', selector)
  const create = withOwnCode(createExtreme<In, V>)
  return withFields(
    create(selector, (value, best) => value > best || value !== value),
    EXTREME_FIELDS,
    'max',
  )
}

/**
 * The `n` records with the largest `by`, largest first. Of equal ones those come first that `ties` puts first
 * (negative: `a` before `b`, as in `Array.sort`); without it those that arrived first, which parallel input does not fix.
 * Records whose `by` is null, undefined or NaN are left out. Errors: `INVALID_TOP` unless `n` is an integer of at least 1. A job
 * that goes on from state of a smaller `n` is refused (`INCOMPATIBLE_STATE`), for what that has dropped is gone.
 *
 * @example topN(10, (row: Row) => row.meanDelay)
 */
export function topN<In>(
  n: number,
  by: (value: In) => number | Missing,
  ties?: (a: In, b: In) => number,
): AggregateFunction<In, TopAccumulator<In>, In[]> {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new MillraceError(
      'INVALID_TOP',
      `topN expects a number of records of at least 1, got ${String(n)}`,
    )
  }
  requireSelector('topN', by)
  if (ties !== undefined) requireSelector('topN', ties)
  const create = withOwnCode(createTop<In>)
  return withFields(create(n, by, ties), { records: 'list', scores: 'list' }, 'topN', n)
}

/** Throws `INVALID_ARGUMENT` unless `given` is a function, and not an async one, whose promises would be compared as texts. */
function requireSelector(what: string, given: unknown): void {
  if (typeof given === 'function' && !isAsync(given)) return
  const got = isAsync(given) ? 'an async one, for which nobody waits' : describeRecord(given)
  throw new MillraceError('INVALID_ARGUMENT', `${what} expects a function of a record, got ${got}`)
}

/** Neumaier's summation: what the larger operand's rounding loses is kept apart. */
function addTo(accumulator: SumAccumulator, value: unknown): void {
  if (typeof value !== 'number') {
    if (value === null || value === undefined) return
    throw new MillraceError(
      'NOT_A_NUMBER',
      `Expected a number to sum up, got ${describeRecord(value)}`,
    )
  }
  const { sum: before } = accumulator
  const after = before + value
  accumulator.lost +=
    Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before
  accumulator.sum = after
  accumulator.count++
}

function total({ sum: rounded, lost }: SumAccumulator): number {
  const exact = rounded + lost
  // Infinity - Infinity: once the sum is infinite, what was lost is NaN and means nothing.
  return exact === exact ? exact : rounded
}

// The functions below are evaluated anew for every aggregate (own-code): nothing but parameters and globals in them.

function createCount(): AggregateFunction<unknown, CountAccumulator, number> {
  return {
    createAccumulator: () => ({ count: 0 }),
    add(accumulator) {
      accumulator.count++
      return accumulator
    },
    getResult: (accumulator) => accumulator.count,
    merge(a, b) {
      a.count += b.count
      return a
    },
    compact: true,
  }
}

function createSum<In>(
  selector: (value: In) => number | Missing,
  addTo: (accumulator: SumAccumulator, value: unknown) => void,
  resultOf: (accumulator: SumAccumulator) => number,
): AggregateFunction<In, SumAccumulator, number> {
  return {
    createAccumulator: () => ({ sum: 0, lost: 0, count: 0 }),
    add(accumulator, value) {
      addTo(accumulator, selector(value))
      return accumulator
    },
    getResult: resultOf,
    merge(a, b) {
      const values = a.count + b.count
      addTo(a, b.sum)
      a.lost += b.lost
      a.count = values
      return a
    },
    compact: true,
  }
}

function createExtreme<In, V>(
  selector: (value: In) => V,
  replaces: (value: V, best: V) => boolean,
): AggregateFunction<In, ExtremeAccumulator<V>, Present<V>> {
  function offer(accumulator: ExtremeAccumulator<V>, value: V | undefined): ExtremeAccumulator<V> {
    if (value === undefined || value === null) return accumulator
    const best = accumulator.value
    if (best === undefined || replaces(value, best)) accumulator.value = value
    return accumulator
  }
  return {
    createAccumulator: () => ({ value: undefined }),
    add: (accumulator, value) => offer(accumulator, selector(value)),
    getResult: (accumulator) => accumulator.value as Present<V>,
    merge: (a, b) => offer(a, b.value),
  }
}

function createTop<In>(
  n: number,
  by: (value: In) => number | Missing,
  ties: ((a: In, b: In) => number) | undefined,
): AggregateFunction<In, TopAccumulator<In>, In[]> {
  /** Whether the record that stands at `at` goes behind one with this score. */
  function isBehind(
    accumulator: TopAccumulator<In>,
    at: number,
    record: In,
    score: number,
  ): boolean {
    const other = accumulator.scores[at] as number
    if (other !== score || ties === undefined) return other < score
    return ties(accumulator.records[at] as In, record) > 0
  }

  function offer(accumulator: TopAccumulator<In>, record: In, score: number): void {
    const { records, scores } = accumulator
    if (scores.length === n && !isBehind(accumulator, n - 1, record, score)) return
    let at = scores.length
    while (at > 0 && isBehind(accumulator, at - 1, record, score)) at--
    records.splice(at, 0, record)
    scores.splice(at, 0, score)
    if (scores.length <= n) return
    records.pop()
    scores.pop()
  }
  return {
    createAccumulator: () => ({ records: [], scores: [] }),
    add(accumulator, value) {
      const score = by(value)
      if (score !== null && score !== undefined && score === score) offer(accumulator, value, score)
      return accumulator
    },
    // A job may go on from a savepoint of one with a larger `n`.
    getResult: ({ records }) => records.slice(0, n),
    merge(a, b) {
      for (let i = 0; i < b.scores.length; i++) offer(a, b.records[i] as In, b.scores[i] as number)
      return a
    },
    compact: true,
  }
}
