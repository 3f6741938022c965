/** Query 1: prices in euros. */
import { inEuros } from './formats.ts'
import type { Query } from './query.ts'

export const q1: Query = {
  title: 'prices in euros',
  columns: ['auction', 'bidder', 'priceEur', 'dateTime', 'extra'],
  build: ({ bids }) =>
    bids.map(({ auction, bidder, price, dateTime, extra }) => [
      auction,
      bidder,
      inEuros(price),
      dateTime,
      extra,
    ]),
}
