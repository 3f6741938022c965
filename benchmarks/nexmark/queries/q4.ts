/** Query 4: what do things of each category cost in the end, on average? One update per auction that is over. */
import { mean } from '../../../api/index.ts'
import type { Query } from './query.ts'
import { offerOf, winningBids } from './winning-bids.ts'

interface Price {
  readonly category: number
  readonly price: number
}

export const q4: Query = {
  title: 'average closing price per category',
  columns: ['category', 'avgFinalPrice'],
  updatedBy: [0],
  build: ({ auctions, bids }) =>
    winningBids(
      auctions.map(({ id, dateTime, expires, category }) => ({ id, dateTime, expires, category })),
      bids.map(offerOf),
    )
      .map(({ auction, bid }): Price => ({ category: auction.category, price: bid.price }))
      .keyBy(({ category }) => category)
      .aggregate(
        mean(({ price }: Price) => price),
        (price, category) => [category, Math.trunc(price)],
      ),
}
