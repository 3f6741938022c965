/**
 * Counts of bids and of different ids for queries 15 and 16 by hand: one look into a map per id, which tells the classes it has been in.
 */
import type { Bid } from '../model.ts'
import { classOf } from '../queries/bid-statistics.ts'

/** Counts in total and in three classes of price. */
export type PerClass = [total: number, cheap: number, middling: number, dear: number]

/** How many different ids there were. */
class DifferentIds {
  readonly counts: PerClass = [0, 0, 0, 0]
  /** By id the classes that it has been in, a bit each. */
  readonly #classes = new Map<number, number>()

  add(id: number, priceClass: number): void {
    const before = this.#classes.get(id)
    const bit = 1 << priceClass
    if (before === undefined) this.counts[0]++
    else if ((before & bit) !== 0) return
    this.#classes.set(id, (before ?? 0) | bit)
    this.counts[priceClass as 1 | 2 | 3]++
  }
}

/** What is known of the bids of a day. */
export class BidStatistics {
  readonly bids: PerClass = [0, 0, 0, 0]
  readonly #bidders = new DifferentIds()
  readonly #auctions = new DifferentIds()
  /** Time of the latest. */
  latest = Number.NEGATIVE_INFINITY
  /** Whether there is something that has not been sent. */
  isChanged = false

  add({ auction, bidder, price, dateTime }: Bid): void {
    const priceClass = classOf(price)
    this.bids[0]++
    this.bids[priceClass as 1 | 2 | 3]++
    this.#bidders.add(bidder, priceClass)
    this.#auctions.add(auction, priceClass)
    if (dateTime > this.latest) this.latest = dateTime
    this.isChanged = true
  }

  /** All twelve counts. */
  get counts(): readonly number[] {
    return [...this.bids, ...this.#bidders.counts, ...this.#auctions.counts]
  }
}
