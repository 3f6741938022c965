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

/** Different ids. */
interface Ids {
  /** How many there were, as in `PerClass`. */
  readonly counts: number[]
  /** By id the classes in which it has been, a bit each. */
  readonly classes: Map<number, number>
}

/** The number of different ids: of bidders or of auctions. */
export function idsPerClass<B extends Pick<Bid, 'price'>>(
  idOf: (bid: B) => number,
): AggregateFunction<B, Ids, PerClass> {
  return {
    createAccumulator: () => ({ counts: [0, 0, 0, 0], classes: new Map<number, number>() }),
    add(ids, bid) {
      addClasses(ids, idOf(bid), 1 << classOf(bid.price))
      return ids
    },
    getResult: ({ counts: [total = 0, cheap = 0, middling = 0, dear = 0] }) => [
      total,
      cheap,
      middling,
      dear,
    ],
    merge(a, b) {
      for (const [id, classes] of b.classes) addClasses(a, id, classes)
      return a
    },
  }
}

/** An id has been in these classes. */
function addClasses({ counts, classes }: Ids, id: number, added: number): void {
  const before = classes.get(id) ?? 0
  const fresh = added & ~before
  if (fresh === 0) return
  classes.set(id, before | added)
  if (before === 0) increase(counts, 0, 1)
  for (let place = 1; place <= CLASSES; place++)
    if ((fresh & (1 << place)) !== 0) increase(counts, place, 1)
}
