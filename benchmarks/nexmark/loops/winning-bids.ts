/**
 * The winning bids for queries 4, 6 and 9 by hand: auctions wait in lists, one per millisecond in which some are over.
 */
import type { Auction, Bid } from '../model.ts'
import { BEHIND_MS } from './loop.ts'
import type { LoopInput } from './loop.ts'

interface OpenAuction {
  readonly auction: Auction
  best: Bid | undefined
}

/** Calls `sold` for every auction with a winner, when it is over. */
export function winningBids(
  { generator, events }: LoopInput,
  sold: (auction: Auction, bid: Bid) => void,
): void {
  const market = new Market(sold)
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type === 2) market.bid(event.bid)
    else if (event.event_type === 1) market.open(event.auction)
    else market.advance(event.person.dateTime)
  }
  market.end()
}

class Market {
  readonly #sold: (auction: Auction, bid: Bid) => void
  readonly #open = new Map<number, OpenAuction>()
  /** Bids that came before their auction. */
  readonly #early = new Map<number, Bid[]>()
  /** Ids of auctions by the time when they are over, or when an early bid is too old. */
  readonly #due = new Map<number, number[]>()
  #latest = Number.NEGATIVE_INFINITY
  /** All that is due up to here is done. */
  #done = Number.NEGATIVE_INFINITY

  constructor(sold: (auction: Auction, bid: Bid) => void) {
    this.#sold = sold
  }

  open(auction: Auction): void {
    const { id, expires } = auction
    if (expires > this.#done) {
      const open: OpenAuction = { auction, best: undefined }
      this.#open.set(id, open)
      this.#look(id, expires)
      const early = this.#early.get(id)
      if (early !== undefined) {
        this.#early.delete(id)
        for (const bid of early) offer(open, bid)
      }
    }
    this.advance(auction.dateTime)
  }

  bid(bid: Bid): void {
    const open = this.#open.get(bid.auction)
    if (open !== undefined) offer(open, bid)
    else if (bid.dateTime > this.#done) this.#keep(bid)
    this.advance(bid.dateTime)
  }

  advance(time: number): void {
    if (time <= this.#latest) return
    if (this.#latest === Number.NEGATIVE_INFINITY) this.#done = time - 2 * BEHIND_MS
    this.#latest = time
    while (this.#done < time - BEHIND_MS) this.#at(++this.#done)
  }

  end(): void {
    for (const time of [...this.#due.keys()].sort((a, b) => a - b)) this.#at(time)
  }

  #keep(bid: Bid): void {
    const early = this.#early.get(bid.auction)
    if (early === undefined) this.#early.set(bid.auction, [bid])
    else early.push(bid)
    this.#look(bid.auction, bid.dateTime)
  }

  #look(id: number, time: number): void {
    const due = this.#due.get(time)
    if (due === undefined) this.#due.set(time, [id])
    else due.push(id)
  }

  #at(time: number): void {
    const due = this.#due.get(time)
    if (due === undefined) return
    this.#due.delete(time)
    for (const id of due) {
      const open = this.#open.get(id)
      if (open === undefined) {
        this.#forget(id, time)
      } else if (open.auction.expires <= time) {
        this.#open.delete(id)
        if (open.best !== undefined) this.#sold(open.auction, open.best)
      }
    }
  }

  #forget(id: number, time: number): void {
    const left = this.#early.get(id)?.filter((bid) => bid.dateTime > time)
    if (left === undefined) return
    if (left.length === 0) this.#early.delete(id)
    else this.#early.set(id, left)
  }
}

function offer(open: OpenAuction, bid: Bid): void {
  const { auction, best } = open
  if (bid.dateTime < auction.dateTime || bid.dateTime > auction.expires) return
  if (
    best === undefined ||
    bid.price > best.price ||
    (bid.price === best.price && bid.dateTime < best.dateTime)
  )
    open.best = bid
}
