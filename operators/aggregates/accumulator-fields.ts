/**
 * Which fields the accumulators of our own aggregates have: always the same ones, so that they can travel as columns.
 *
 * An accumulator is plain data; its fields hold values, or accumulators again (`combine`). The fields of an aggregate that a user has
 * written are not known: its accumulators travel as they are.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { evaluate, uniqueComment } from '../chain/own-code.ts'

/**
 * By name, in the order in which they are made: `value` for a value of any kind, `total` for a number that `merge` adds up, by itself and exactly where all totals
 * are integers, `list` for what is never a number, an array above all, or the fields of an accumulator inside.
 */
export interface AccumulatorFields {
  readonly [name: string]: 'value' | 'total' | 'list' | AccumulatorFields
}

type AnyAggregate = AggregateFunction<never, unknown, unknown>

const known = new WeakMap<object, AccumulatorFields>()

/** Notes the fields of an aggregate's accumulators, and returns the aggregate. */
export function withFields<A extends object>(aggregate: A, fields: AccumulatorFields): A {
  known.set(aggregate, fields)
  return aggregate
}

/** The fields of an aggregate's accumulators; undefined: they are not known. */
export function fieldsOf(aggregate: AnyAggregate): AccumulatorFields | undefined {
  return known.get(aggregate)
}

/** An accumulator in one level, and back. */
export interface Flattening {
  /** Makes an object with `head` first, then all values of the accumulator. */
  readonly flatten: (accumulator: unknown, records: number, key: unknown) => object
  /** Makes the accumulator again of what `flatten` returned, perhaps in another thread: a new one, as `createAccumulator` would make it. */
  readonly restore: (flat: object) => unknown
}

/** The field of a flat object that holds the value with this number, counted as the fields of the accumulator are. */
export function flatName(value: number): string {
  return `v${value}`
}

/** Compiles both for accumulators with these fields. `head`: the names for the number of records and the key. */
export function compileFlattening(
  fields: AccumulatorFields,
  [recordsName, keyName]: readonly [string, string],
): Flattening {
  const paths: string[] = []
  const accumulator = write(fields, '', paths)
  const values = paths.map((path, i) => `${flatName(i)}: a${path}`).join(', ')
  const source = `${uniqueComment()} 'use strict'
return {
flatten: (a, records, key) => ({ ${JSON.stringify(recordsName)}: records, ${JSON.stringify(keyName)}: key, ${values} }),
restore: (flat) => (${accumulator})
}`
  return evaluate<() => Flattening>([], source)()
}

/** The source that makes an accumulator of `flat`; adds the way to each value. */
function write(fields: AccumulatorFields, path: string, paths: string[]): string {
  const parts = Object.entries(fields).map(([name, inside]) => {
    const at = `${path}[${JSON.stringify(name)}]`
    if (typeof inside === 'object') return `${JSON.stringify(name)}: ${write(inside, at, paths)}`
    return `${JSON.stringify(name)}: flat.${flatName(paths.push(at) - 1)}`
  })
  return `{ ${parts.join(', ')} }`
}
