/** Query 2: bids for a few of the auctions. */
import type { Query } from './query.ts'

const EVERY = 123

export const q2: Query = {
  title: 'bids for every 123rd auction',
  columns: ['auction', 'price'],
  build: ({ bids }) =>
    bids.filter((bid) => bid.auction % EVERY === 0).map(({ auction, price }) => [auction, price]),
}
