/** Query 9 by hand: winning bids. */
import type { Loop } from './loop.ts'
import { winningBids } from './winning-bids.ts'

export const q9: Loop = (input, emit) => {
  winningBids(input, (auction, bid) => {
    emit([
      auction.id,
      auction.itemName,
      auction.description,
      auction.initialBid,
      auction.reserve,
      auction.dateTime,
      auction.expires,
      auction.seller,
      auction.category,
      auction.extra,
      bid.auction,
      bid.bidder,
      bid.price,
      bid.dateTime,
      bid.extra,
    ])
  })
}
