/** Query 21 by hand: bids with the number of their channel. */
import type { Loop } from './loop.ts'

const IN_URL = /[&?]channel_id=([^&]*)/

export const q21: Loop = ({ generator, events }, emit) => {
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, bidder, price, channel, url } = event.bid
    const id = numberOf(channel, url)
    if (id !== undefined) emit([auction, bidder, price, channel, id])
  }
}

function numberOf(channel: string, url: string): string | undefined {
  switch (channel.toLowerCase()) {
    case 'apple':
      return '0'
    case 'google':
      return '1'
    case 'facebook':
      return '2'
    case 'baidu':
      return '3'
    default:
      return IN_URL.exec(url)?.[1]
  }
}
