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

/** An auction that is not over, and the best bid so far. */
interface Open<A, B> {
  readonly auction: A
  best: B | undefined
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
        open: valueState<Open<A, B>>(),
        /** Bids that came before their auction. A timer waits at the time of the first. */
        early: listState<B>(),
      },
      processRecord1(auction, { state, timers }) {
        // One that comes when it is over already is too late, and so is every bid for it.
        if (!timers.tryRegisterEventTime(auction.expires)) return
        const early = state.early.get()
        let best: B | undefined
        for (const bid of early) if (wins(bid, best) && counts(auction, bid)) best = bid
        state.open.set({ auction, best })
        const [first] = early
        if (first === undefined) return
        if (first.dateTime !== auction.expires) timers.deleteEventTime(first.dateTime)
        state.early.clear()
      },
      processRecord2(bid, { state, timers, currentWatermark }) {
        const open = state.open.get()
        if (open !== undefined) {
          // Most lose by their price: the times, which mostly are not in the processor's cache, need no look then.
          if (!wins(bid, open.best) || !counts(open.auction, bid)) return
          open.best = bid
          state.open.set(open)
        } else if (bid.dateTime > currentWatermark) {
          if (state.early.get().length === 0) timers.registerEventTime(bid.dateTime)
          state.early.add(bid)
        }
      },
      onTimer({ time }, { state, timers }, emit: Emit<Sale<A, B>>) {
        const open = state.open.get()
        if (open === undefined) {
          // An auction that would open now could not have been opened when they were made.
          const left = state.early.get().filter((bid) => bid.dateTime > time)
          state.early.set(left)
          const [first] = left
          if (first !== undefined) timers.registerEventTime(first.dateTime)
          return
        }
        const { auction, best } = open
        if (best !== undefined) emit({ auction, bid: best })
        state.open.clear()
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
