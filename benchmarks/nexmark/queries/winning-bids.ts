/**
 * The winning bid of every auction that had one, when the auction is over: the highest, of equal ones the earliest, among the bids from
 * the moment when the auction opens to the moment when it expires.
 *
 * Auctions and bids are kept and sent from thread to thread as they are given, so a query gives no more of them than it needs.
 */
import { listState, valueState } from '../../../api/index.ts'
import type { Emit, Stream } from '../../../api/index.ts'
import type { Auction, Bid } from '../model.ts'

/** What must be known of an auction. */
export type Term = Pick<Auction, 'id' | 'dateTime' | 'expires'>

/** What must be known of a bid. */
export type Offer = Pick<Bid, 'auction' | 'price' | 'dateTime'>

/** An auction that is over, and its winner. */
export interface Sale<A extends Term, B extends Offer> {
  readonly auction: A
  readonly bid: B
}

/** A bid without what only some queries show. */
export function offerOf({ auction, price, dateTime }: Bid): Offer {
  return { auction, price, dateTime }
}

/** One record per auction with a valid bid; its event time is when the auction expired. */
export function winningBids<A extends Term, B extends Offer>(
  auctions: Stream<A>,
  bids: Stream<B>,
): Stream<Sale<A, B>> {
  return auctions
    .keyBy((auction) => auction.id)
    .connect(bids.keyBy((bid) => bid.auction))
    .process({
      state: {
        auction: valueState<A>(),
        best: valueState<B>(),
        /** Bids that came before their auction. */
        early: listState<B>(),
      },
      processRecord1(auction, { state, timers }) {
        // One that comes when it is over already is too late, and so is every bid for it.
        if (!timers.tryRegisterEventTime(auction.expires)) return
        state.auction.set(auction)
        for (const bid of state.early.get()) {
          if (bid.dateTime !== auction.expires) timers.deleteEventTime(bid.dateTime)
          if (counts(auction, bid) && wins(bid, state.best.get())) state.best.set(bid)
        }
        state.early.clear()
      },
      processRecord2(bid, { state, timers }) {
        const auction = state.auction.get()
        if (auction !== undefined) {
          if (counts(auction, bid) && wins(bid, state.best.get())) state.best.set(bid)
        } else if (timers.tryRegisterEventTime(bid.dateTime)) {
          state.early.add(bid)
        }
      },
      onTimer({ time }, { state, timers }, emit: Emit<Sale<A, B>>) {
        const auction = state.auction.get()
        if (auction === undefined) {
          // An auction that would open now could not have been opened when they were made.
          const left = state.early.get().filter((bid) => bid.dateTime > time)
          state.early.set(left)
          for (const bid of left) timers.tryRegisterEventTime(bid.dateTime)
          return
        }
        const bid = state.best.get()
        if (bid !== undefined) emit({ auction, bid })
        state.auction.clear()
        state.best.clear()
      },
    })
}

function counts(auction: Term, bid: Offer): boolean {
  return bid.dateTime >= auction.dateTime && bid.dateTime <= auction.expires
}

function wins(bid: Offer, best: Offer | undefined): boolean {
  if (best === undefined || bid.price > best.price) return true
  return bid.price === best.price && bid.dateTime < best.dateTime
}
