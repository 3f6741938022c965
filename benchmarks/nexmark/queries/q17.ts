/** Query 17: bids and prices of every auction and day. */
import { combine, max, min, sum, tumbling } from '../../../api/index.ts'
import type { Bid } from '../model.ts'
import { bidsPerClass, UPDATE_EVERY_MS } from './bid-statistics.ts'
import { dayOf } from './formats.ts'
import type { Query } from './query.ts'

const DAY_MS = 86_400_000

/** What counts of a bid. */
type Priced = Pick<Bid, 'auction' | 'price'>

const priceOf = (bid: Priced): number => bid.price

export const q17: Query = {
  title: 'bids and prices per auction and day',
  columns: [
    'auction',
    'day',
    'bids',
    'cheapBids',
    'middlingBids',
    'dearBids',
    'min',
    'max',
    'avg',
    'sum',
  ],
  updatedBy: [0, 1],
  build: ({ bids }) =>
    bids
      .map(({ auction, price }): Priced => ({ auction, price }))
      .keyBy((bid) => bid.auction)
      .window(tumbling(DAY_MS))
      .earlyResults({ everyMs: UPDATE_EVERY_MS })
      .aggregate(
        combine({
          bids: bidsPerClass(),
          lowest: min(priceOf),
          highest: max(priceOf),
          sum: sum(priceOf),
        }),
        ({ bids, lowest, highest, sum }, { key, windowStart }) => [
          key,
          dayOf(windowStart),
          ...bids,
          lowest ?? 0,
          highest ?? 0,
          Math.trunc(sum / bids[0]),
          sum,
        ],
      ),
}
