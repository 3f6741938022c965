/**
 * Accumulators whose values are all numbers, and how they are kept in typed arrays: those of `count`, `sum`, `mean`, of `min` and `max` of numbers, and of
 * `combine` of these.
 *
 * What lies in typed arrays the garbage collector neither goes over nor copies. Whether all values are numbers is looked at each time, for the
 * fields of an accumulator say nothing of what is in them. The code is compiled for the fields of one aggregate. Used by one thread.
 */
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { fieldsOf } from '../aggregates/accumulator-fields.ts'
import type { AccumulatorFields } from '../aggregates/accumulator-fields.ts'
import { flatNames } from '../aggregates/flat-accumulator.ts'
import { evaluate, uniqueComment } from '../chain/own-code.ts'
import type { PartialResult } from './partial-result.ts'
import { collectPaths, writeAccumulator } from './totals-form.ts'

/** See the head of this file. `at` is the index of the first number of an accumulator. */
export interface NumbersForm<Acc> {
  /** Numbers per accumulator. */
  readonly width: number
  /** False, with nothing put, where some value is no number. */
  readonly put: (values: Float64Array, at: number, accumulator: Acc) => boolean
  /** The same for the accumulator of a partial result. */
  readonly putPartial: (values: Float64Array, at: number, partial: PartialResult) => boolean
  /** A new accumulator. */
  readonly take: (values: Float64Array, at: number) => Acc
}

/** The form for an aggregate; undefined: it is not known which fields its accumulators have, or some of them are never numbers. */
export function numbersForm<Acc>(
  aggregate: AggregateFunction<never, Acc, unknown>,
): NumbersForm<Acc> | undefined {
  const fields = fieldsOf(aggregate)
  if (fields === undefined || !canBeNumbers(fields)) return undefined
  const paths: string[] = []
  collectPaths(fields, '', paths)
  const flatPaths = (flatNames(aggregate) ?? []).map((name) => `[${JSON.stringify(name)}]`)
  const source = `${uniqueComment()} 'use strict'
const small = (v) => (v | 0) === v && (v !== 0 || 1 / v > 0) ? v | 0 : v
return {
width: ${paths.length},
${writePut('put', paths)},
${writePut('putPartial', flatPaths)},
take: (values, at) => (${writeAccumulator(fields, (i) => `small(values[at + ${i}])`)})
}`
  // Not spread into another object, as in `totals-form`.
  return evaluate<() => NumbersForm<Acc>>([], source)()
}

function canBeNumbers(fields: AccumulatorFields): boolean {
  return Object.values(fields).every((inside) =>
    typeof inside === 'object' ? canBeNumbers(inside) : inside !== 'list',
  )
}

/** The source of a method that puts what lies at these paths of `a`. */
function writePut(name: string, paths: readonly string[]): string {
  return `${name}(values, at, a) {
${paths.map((path, i) => `const n${i} = a${path}`).join('\n')}
if (${paths.map((_, i) => `typeof n${i} !== 'number'`).join(' || ')}) return false
${paths.map((_, i) => `values[at + ${i}] = n${i}`).join('\n')}
return true
}`
}
