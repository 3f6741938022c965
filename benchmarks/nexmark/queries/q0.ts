/** Query 0: bids pass through, which shows what the engine itself costs. */
import type { Query } from './query.ts'

export const q0: Query = {
  title: 'pass bids through',
  columns: ['auction', 'bidder', 'price', 'dateTime', 'extra'],
  build: ({ bids }) =>
    bids.map(({ auction, bidder, price, dateTime, extra }) => [
      auction,
      bidder,
      price,
      dateTime,
      extra,
    ]),
}
