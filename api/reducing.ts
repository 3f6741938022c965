/**
 * Makes an aggregate function of a reduce function.
 */
import { withKind } from '../checkpoint/accumulator-layout.ts'
import type { AggregateFunction } from '../checkpoint/aggregate-function.ts'

/**
 * An aggregate that combines records two at a time. The accumulator is an array of no or one
 * record: plain data that a snapshot can hold, where a marker object for "nothing yet" could not.
 */
export function reducing<T>(reduce: (a: T, b: T) => T): AggregateFunction<T, T[], T> {
  const aggregate: AggregateFunction<T, T[], T> = {
    createAccumulator: () => [],
    add(accumulator, value) {
      accumulator[0] = accumulator.length === 0 ? value : reduce(accumulator[0] as T, value)
      return accumulator
    },
    getResult: (accumulator) => accumulator[0] as T,
    merge(a, b) {
      if (b.length === 0) return a
      if (a.length === 0) return b
      a[0] = reduce(a[0] as T, b[0] as T)
      return a
    },
  }
  return withKind(aggregate, 'reduce')
}
