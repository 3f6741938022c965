/** Query 4: what do things of each category cost in the end, on average? One update per auction that is over. */
import { mean } from '../../../api/index.ts'
import type { Query } from './query.ts'
import { winningBids } from './winning-bids.ts'
import type { Sale } from './winning-bids.ts'

export const q4: Query = {
  title: 'average closing price per category',
  columns: ['category', 'avgFinalPrice'],
  updatedBy: [0],
  build: (events) =>
    winningBids(events)
      .keyBy((sale) => sale.auction.category)
      .aggregate(
        mean((sale: Sale) => sale.bid.price),
        (price, category) => [category, Math.trunc(price)],
      ),
}
