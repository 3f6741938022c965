/**
 * Counts of bids, of different bidders and of different auctions, in total and in three classes of price: queries 15, 16 and 17.
 */
import type { AggregateFunction } from '../../../api/index.ts'
import type { Bid } from '../model.ts'

/** Total, then the classes from the cheapest. */
export type PerClass = readonly [total: number, cheap: number, middling: number, dear: number]

const CLASSES = 3
const MIDDLING_FROM = 10_000
const DEAR_FROM = 1_000_000

/** How often results are updated before the day is over: about as often as a person looks. */
export const UPDATE_EVERY_MS = 2_000

/** 1 to 3, positions in `PerClass`. */
export function classOf(price: number): number {
  if (price < MIDDLING_FROM) return 1
  return price < DEAR_FROM ? 2 : 3
}

/** The number of bids. */
export function bidsPerClass(): AggregateFunction<Bid, number[], PerClass> {
  return {
    createAccumulator: () => [0, 0, 0, 0],
    add(counts, { price }) {
      increase(counts, 0, 1)
      increase(counts, classOf(price), 1)
      return counts
    },
    getResult: ([total = 0, cheap = 0, middling = 0, dear = 0]) => [total, cheap, middling, dear],
    merge(a, b) {
      b.forEach((count, at) => increase(a, at, count))
      return a
    },
  }
}

function increase(counts: number[], at: number, by: number): void {
  counts[at] = (counts[at] as number) + by
}

/** The number of different ids: of bidders or of auctions. */
export function idsPerClass(
  idOf: (bid: Bid) => number,
): AggregateFunction<Bid, Set<number>[], PerClass> {
  return {
    createAccumulator: () => Array.from({ length: CLASSES + 1 }, () => new Set<number>()),
    add(sets, bid) {
      const id = idOf(bid)
      ;(sets[0] as Set<number>).add(id)
      ;(sets[classOf(bid.price)] as Set<number>).add(id)
      return sets
    },
    getResult: (sets) => sets.map(({ size }) => size) as unknown as PerClass,
    merge(a, b) {
      b.forEach((ids, at) => {
        for (const id of ids) (a[at] as Set<number>).add(id)
      })
      return a
    },
  }
}
