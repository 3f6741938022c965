/** Query 13: bids with a value from a side table. */
import type { Query } from './query.ts'

const SIDE_ROWS = 10_000

/** Bounded and never changed, so every thread may have its own. */
const sideTable = new Map(Array.from({ length: SIDE_ROWS }, (_, i) => [i, String(i)]))

export const q13: Query = {
  title: 'bids with a value from a side table',
  columns: ['auction', 'bidder', 'price', 'dateTime', 'value'],
  build: ({ bids }) =>
    bids.map(({ auction, bidder, price, dateTime }) => [
      auction,
      bidder,
      price,
      dateTime,
      // It has a row for each remainder.
      sideTable.get(auction % SIDE_ROWS) as string,
    ]),
}
