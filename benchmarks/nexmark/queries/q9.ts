/** Query 9: every auction that is over with its winning bid. */
import type { Query } from './query.ts'
import { winningBids } from './winning-bids.ts'

export const q9: Query = {
  title: 'winning bids',
  columns: [
    'id',
    'itemName',
    'description',
    'initialBid',
    'reserve',
    'dateTime',
    'expires',
    'seller',
    'category',
    'extra',
    'auction',
    'bidder',
    'price',
    'bidDateTime',
    'bidExtra',
  ],
  build: ({ auctions, bids, inOrder }) =>
    winningBids(
      auctions,
      bids.map(
        ({ auction, bidder, price, dateTime, extra }) => ({
          auction,
          bidder,
          price,
          dateTime,
          extra,
        }),
        inOrder,
      ),
    ).map(({ auction, bid }) => [
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
    ]),
}
