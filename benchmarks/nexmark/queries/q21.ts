/** Query 21: the number of each bid's channel. */
import type { Query } from './query.ts'

const KNOWN = new Map([
  ['apple', '0'],
  ['google', '1'],
  ['facebook', '2'],
  ['baidu', '3'],
])
const IN_URL = /[&?]channel_id=([^&]*)/

export const q21: Query = {
  title: 'bids with the number of their channel',
  columns: ['auction', 'bidder', 'price', 'channel', 'channelId'],
  build: ({ bids }) =>
    bids.flatMap(({ auction, bidder, price, channel, url }) => {
      const id = KNOWN.get(channel.toLowerCase()) ?? IN_URL.exec(url)?.[1]
      return id === undefined ? [] : [[auction, bidder, price, channel, id]]
    }),
}
