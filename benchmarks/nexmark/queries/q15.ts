/** Query 15: bids, bidders and auctions of every day, in classes of price. */
import { combine, countDistinctWhere, tumbling } from '../../../api/index.ts'
import type { Bid } from '../model.ts'
import { bidsPerClass, inColumns, PRICE_CLASSES, UPDATE_EVERY_MS } from './bid-statistics.ts'
import { dayOf } from './formats.ts'
import type { Query } from './query.ts'

const DAY_MS = 86_400_000

/** What is counted of a bid. */
type Counted = Pick<Bid, 'auction' | 'bidder' | 'price'>

export const q15: Query = {
  title: 'bids, bidders and auctions per day',
  columns: [
    'day',
    'bids',
    'cheapBids',
    'middlingBids',
    'dearBids',
    'bidders',
    'cheapBidders',
    'middlingBidders',
    'dearBidders',
    'auctions',
    'cheapAuctions',
    'middlingAuctions',
    'dearAuctions',
  ],
  updatedBy: [0],
  build: ({ bids }) =>
    bids
      .map(({ auction, bidder, price }): Counted => ({ auction, bidder, price }))
      .windowAll(tumbling(DAY_MS))
      .earlyResults({ everyMs: UPDATE_EVERY_MS })
      .aggregate(
        combine({
          bids: bidsPerClass(),
          bidders: countDistinctWhere((bid: Counted) => bid.bidder, PRICE_CLASSES),
          auctions: countDistinctWhere((bid: Counted) => bid.auction, PRICE_CLASSES),
        }),
        ({ bids, bidders, auctions }, { windowStart }) => [
          dayOf(windowStart),
          ...bids,
          ...inColumns(bidders),
          ...inColumns(auctions),
        ],
      ),
}
