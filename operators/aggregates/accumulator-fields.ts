/**
 * Which fields the accumulators of our own aggregates have: always the same ones, so that they can travel as columns.
 *
 * An accumulator is plain data; its fields hold values, or accumulators again (`combine`). The fields of an aggregate that a user has
 * written are not known: its accumulators travel as they are.
 */
import { withKind } from '../../checkpoint/accumulator-layout.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'

/**
 * By name, in the order in which they are made: `value` for a value of any kind, `total` for a number that `merge` adds up, by itself and exactly where all totals
 * are integers, `list` for what is never a number, an array above all, or the fields of an accumulator inside.
 */
export interface AccumulatorFields {
  readonly [name: string]: 'value' | 'total' | 'list' | AccumulatorFields
}

type AnyAggregate = AggregateFunction<never, unknown, unknown>

const known = new WeakMap<object, AccumulatorFields>()

/** Notes the fields of an aggregate's accumulators, and of which kind these are in snapshots (a combination: of its parts), and returns the aggregate. */
export function withFields<A extends object>(
  aggregate: A,
  fields: AccumulatorFields,
  kind?: string,
  limit?: number,
): A {
  known.set(aggregate, fields)
  return kind === undefined ? aggregate : withKind(aggregate, kind, limit)
}

/** The fields of an aggregate's accumulators; undefined: they are not known. */
export function fieldsOf(aggregate: AnyAggregate): AccumulatorFields | undefined {
  return known.get(aggregate)
}
