/**
 * Accumulators that are nothing but totals, numbers that `merge` adds up, and how they are kept in typed arrays.
 *
 * What lies in typed arrays the garbage collector does not go over, however much it is; and what is a total can be taken away again. That
 * is exact for integers only, so nothing else is accepted. The code is compiled for the fields of one aggregate. Used by one thread.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { fieldsOf } from '../aggregates/accumulator-fields.ts'
import type { AccumulatorFields } from '../aggregates/accumulator-fields.ts'
import { evaluate, uniqueComment } from '../chain/own-code.ts'

/** See the head of this file. `at` is the index of the first number of an accumulator. */
export interface TotalsForm<Acc> {
  /** Numbers per accumulator. */
  readonly width: number
  /** Whether all totals are integers of which V8 knows every digit: only such accumulators can be put. */
  readonly areExact: (accumulator: Acc) => boolean
  readonly put: (values: Float64Array, at: number, accumulator: Acc) => void
  /** A new accumulator. */
  readonly take: (values: Float64Array, at: number) => Acc
  /** A new accumulator of what `a` has more than `b`. */
  readonly minus: (a: Acc, b: Acc) => Acc
}

/** The form for an aggregate; undefined: its accumulators have other fields than totals, or it is not known which. */
export function totalsForm<Acc>(
  aggregate: AggregateFunction<never, Acc, unknown>,
): TotalsForm<Acc> | undefined {
  const fields = fieldsOf(aggregate)
  if (fields === undefined || !areTotals(fields)) return undefined
  const paths: string[] = []
  collectPaths(fields, '', paths)
  const taken = writeAccumulator(fields, (i) => `small(values[at + ${i}])`)
  const minus = writeAccumulator(fields, (i) => `a${paths[i]} - b${paths[i]}`)
  const exact = paths.map((path) => `Number.isSafeInteger(a${path})`).join(' && ')
  const put = paths.map((path, i) => `values[at + ${i}] = a${path}`).join('\n')
  const source = `${uniqueComment()} 'use strict'
const small = (v) => (v | 0) === v ? v | 0 : v
return {
width: ${paths.length},
areExact: (a) => ${exact},
put(values, at, a) {
${put}
},
take: (values, at) => (${taken}),
minus: (a, b) => (${minus})
}`
  // Not spread into another object: its map would be a new one in each run on a kept thread, and what V8 has compiled for the old one would be thrown away.
  return evaluate<() => TotalsForm<Acc>>([], source)()
}

function areTotals(fields: AccumulatorFields): boolean {
  return Object.values(fields).every(
    (inside) => inside === 'total' || (typeof inside === 'object' && areTotals(inside)),
  )
}

/** Adds the way from the accumulator to each of its values. */
export function collectPaths(fields: AccumulatorFields, path: string, paths: string[]): void {
  for (const [name, inside] of Object.entries(fields)) {
    const at = `${path}[${JSON.stringify(name)}]`
    if (typeof inside === 'object') collectPaths(inside, at, paths)
    else paths.push(at)
  }
}

/**
 * The source of an accumulator with these values, which are counted as `collectPaths` does. `small` in them gives whole numbers back as V8
 * keeps them elsewhere: what comes from a Float64Array is a boxed double otherwise, and results would be other objects to V8 than those
 * of other windows.
 */
export function writeAccumulator(fields: AccumulatorFields, value: (i: number) => string): string {
  let values = 0
  const write = (inside: AccumulatorFields): string => {
    const parts = Object.entries(inside).map(
      ([name, deeper]) =>
        `${JSON.stringify(name)}: ${typeof deeper === 'object' ? write(deeper) : value(values++)}`,
    )
    return `{ ${parts.join(', ')} }`
  }
  return write(fields)
}
