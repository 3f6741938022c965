/** Query 20 by hand: bids with their auctions of category 10. One of another category is remembered as undefined. */
import type { Auction, Bid } from '../model.ts'
import type { Row } from '../queries/query.ts'
import type { Loop } from './loop.ts'

const CATEGORY = 10

export const q20: Loop = ({ generator, events }, emit) => {
  const auctions = new Map<number, Auction | undefined>()
  const early = new Map<number, Bid[]>()
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type === 2) {
      const { bid } = event
      const auction = auctions.get(bid.auction)
      if (auction !== undefined) {
        emit(joined(bid, auction))
      } else if (!auctions.has(bid.auction)) {
        const waiting = early.get(bid.auction)
        if (waiting === undefined) early.set(bid.auction, [bid])
        else waiting.push(bid)
      }
    } else if (event.event_type === 1) {
      const { auction } = event
      const isAsked = auction.category === CATEGORY
      auctions.set(auction.id, isAsked ? auction : undefined)
      const waiting = early.get(auction.id)
      if (waiting === undefined) continue
      early.delete(auction.id)
      if (isAsked) for (const bid of waiting) emit(joined(bid, auction))
    }
  }
}

function joined(bid: Bid, auction: Auction): Row {
  return [
    bid.auction,
    bid.bidder,
    bid.price,
    bid.channel,
    bid.url,
    bid.dateTime,
    bid.extra,
    auction.itemName,
    auction.description,
    auction.initialBid,
    auction.reserve,
    auction.dateTime,
    auction.expires,
    auction.seller,
    auction.category,
    auction.extra,
  ]
}
