/** Query 22: the folders in each bid's url. */
import type { Query } from './query.ts'

/** Position of the first folder between the slashes: behind the scheme, an empty part and the host. */
const FIRST = 3

export const q22: Query = {
  title: 'folders of urls',
  columns: ['auction', 'bidder', 'price', 'channel', 'dir1', 'dir2', 'dir3'],
  build: ({ bids }) =>
    bids.map(({ auction, bidder, price, channel, url }) => {
      const parts = url.split('/', FIRST + 3)
      return [
        auction,
        bidder,
        price,
        channel,
        parts[FIRST] ?? '',
        parts[FIRST + 1] ?? '',
        parts[FIRST + 2] ?? '',
      ]
    }),
}
