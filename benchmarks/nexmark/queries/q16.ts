/** Query 16: bids, bidders and auctions of every channel and day, in classes of price. */
import { combine, countDistinctWhere, max, tumbling } from '../../../api/index.ts'
import type { Bid } from '../model.ts'
import { bidsPerClass, inColumns, PRICE_CLASSES, UPDATE_EVERY_MS } from './bid-statistics.ts'
import { dayOf, minuteOf } from './formats.ts'
import type { Query } from './query.ts'

const DAY_MS = 86_400_000

/** What is counted of a bid. */
type Counted = Omit<Bid, 'url' | 'extra'>

export const q16: Query = {
  title: 'bids, bidders and auctions per channel and day',
  columns: [
    'channel',
    'day',
    'minute',
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
  updatedBy: [0, 1],
  build: ({ bids }) =>
    bids
      .map(({ auction, bidder, price, channel, dateTime }): Counted => ({
        auction,
        bidder,
        price,
        channel,
        dateTime,
      }))
      .keyBy((bid) => bid.channel)
      .window(tumbling(DAY_MS))
      .earlyResults({ everyMs: UPDATE_EVERY_MS })
      .aggregate(
        combine({
          // The latest time of a day has its latest minute.
          latest: max((bid: Counted) => bid.dateTime),
          bids: bidsPerClass(),
          bidders: countDistinctWhere((bid: Counted) => bid.bidder, PRICE_CLASSES),
          auctions: countDistinctWhere((bid: Counted) => bid.auction, PRICE_CLASSES),
        }),
        ({ latest, bids, bidders, auctions }, { key, windowStart }) => [
          key,
          dayOf(windowStart),
          minuteOf(latest ?? windowStart),
          ...bids,
          ...inColumns(bidders),
          ...inColumns(auctions),
        ],
      ),
}
