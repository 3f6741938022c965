/** Query 22: the folders in each bid's url. */
import { behindSlash } from './formats.ts'
import type { Query } from './query.ts'

/** The folders begin behind the third slash: that of the scheme, its second, and that behind the host. */
const SLASHES = 3

export const q22: Query = {
  title: 'folders of urls',
  columns: ['auction', 'bidder', 'price', 'channel', 'dir1', 'dir2', 'dir3'],
  build: ({ bids }) =>
    bids.map(({ auction, bidder, price, channel, url }) => {
      let first = 0
      for (let slash = 0; slash < SLASHES; slash++) first = behindSlash(url, first)
      const second = behindSlash(url, first)
      const third = behindSlash(url, second)
      const end = behindSlash(url, third)
      return [
        auction,
        bidder,
        price,
        channel,
        url.slice(first, second - 1),
        url.slice(second, third - 1),
        url.slice(third, end - 1),
      ]
    }),
}
