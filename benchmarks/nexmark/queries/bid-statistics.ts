/**
 * Counts of bids, of different bidders and of different auctions, in total and in three classes of price: queries 15, 16 and 17.
 */
import type { AggregateFunction } from '../../../api/index.ts'
import type { Bid } from '../model.ts'

/** Total, then the classes from the cheapest. */
export type PerClass = readonly [total: number, cheap: number, middling: number, dear: number]

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
export function bidsPerClass(): AggregateFunction<Pick<Bid, 'price'>, number[], PerClass> {
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

/** The classes of price by name, for counting different ids in them. */
export const PRICE_CLASSES = {
  total: (): boolean => true,
  cheap: ({ price }: Pick<Bid, 'price'>): boolean => price < MIDDLING_FROM,
  middling: ({ price }: Pick<Bid, 'price'>): boolean => price >= MIDDLING_FROM && price < DEAR_FROM,
  dear: ({ price }: Pick<Bid, 'price'>): boolean => price >= DEAR_FROM,
}

/** What was counted in `PRICE_CLASSES`, as columns. */
export function inColumns({
  total,
  cheap,
  middling,
  dear,
}: Readonly<Record<keyof typeof PRICE_CLASSES, number>>): PerClass {
  return [total, cheap, middling, dear]
}
