/**
 * The input of the shapes: random records in splits, and a source that reads them in small batches, now and then asynchronously.
 */
import type { Source } from '../../../api/index.ts'

/** What most shapes read. */
export interface Item {
  /** Different for every record. */
  readonly id: number
  readonly key: string
  /** Event time in ms. */
  readonly at: number
  /** 1 to 9. */
  readonly amount: number
}

/** How much later than its neighbours a record may come, in ms. */
export const DISORDER_MS = 20
/** The time from one record to the next, in ms, on average. */
const SPACING_MS = 10

/** A whole number from 0 to `below` - 1. */
export function whole(random: () => number, below: number): number {
  return Math.floor(random() * below)
}

/** One of the elements. */
export function pick<T>(random: () => number, elements: readonly T[]): T {
  return elements[whole(random, elements.length)] as T
}

/** How many records and keys there are, and from which id on. */
export interface ItemsOptions {
  readonly records?: number
  readonly splits?: number
  readonly keys?: number
  readonly firstId?: number
}

/**
 * Splits of records. Their times are at most `DISORDER_MS` out of order within a split, and none is before those of the split in front, so
 * that no record is late, whoever reads which split.
 */
export function items(random: () => number, options: ItemsOptions = {}): Item[][] {
  const { records = 40, splits = 3, keys = 5, firstId = 0 } = options
  let id = firstId
  const perSplit = Math.ceil(records / splits)
  return Array.from({ length: splits }, (_, split) => {
    const begin = split * perSplit * SPACING_MS
    const end = begin + perSplit * SPACING_MS - 1
    return Array.from({ length: perSplit }, (_item, position) => ({
      id: id++,
      key: `k${whole(random, keys)}`,
      at: Math.min(end, begin + position * SPACING_MS + whole(random, DISORDER_MS)),
      amount: 1 + whole(random, 9),
    }))
  })
}

/** Reads splits in batches of one to three records; every fourth batch is a promise. */
export function splitsSource<T>(
  name: string,
  splits: readonly (readonly T[])[],
  splitsAtOnce = 1,
): Source<T, number, number> {
  return {
    name,
    splitsAtOnce,
    enumerate() {
      let next = 0
      return { next: () => (next < splits.length ? next++ : undefined) }
    },
    open(split, _context, start = 0) {
      const records = splits[split] ?? []
      let position = start
      return {
        get position() {
          return position
        },
        read() {
          const from = position
          position = Math.min(records.length, from + 1 + ((from + split) % 3))
          const batch = from === position ? undefined : records.slice(from, position)
          return from % 4 === 3 ? Promise.resolve(batch) : batch
        },
      }
    },
  }
}

/** Groups by a key, in the order of the first of each. */
export function groups<T, K>(values: readonly T[], keyOf: (value: T) => K): [K, T[]][] {
  const byKey = new Map<K, T[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = byKey.get(key)
    if (group === undefined) byKey.set(key, [value])
    else group.push(value)
  }
  return [...byKey]
}

/** The sum of the amounts. */
export function total(values: readonly { readonly amount: number }[]): number {
  return values.reduce((sum, { amount }) => sum + amount, 0)
}
