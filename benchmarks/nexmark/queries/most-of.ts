/**
 * An aggregate function: all records that have the largest value.
 */
import type { AggregateFunction } from '../../../api/index.ts'

interface Most<T> {
  value: number
  records: T[]
}

/** The records for which `valueOf` is largest, in the order in which they came. */
export function mostOf<T>(
  valueOf: (record: T) => number,
): AggregateFunction<T, Most<T>, readonly T[]> {
  return {
    createAccumulator: () => ({ value: Number.NEGATIVE_INFINITY, records: [] }),
    add(most, record) {
      const value = valueOf(record)
      if (value < most.value) return most
      if (value > most.value) {
        most.value = value
        most.records.length = 0
      }
      most.records.push(record)
      return most
    },
    getResult: ({ records }) => records,
    merge(a, b) {
      if (a.value === b.value) a.records.push(...b.records)
      return a.value >= b.value ? a : b
    },
  }
}
