/** Query 22 by hand: folders of urls, as the query cuts them out. */
import { behindSlash } from '../queries/formats.ts'
import type { Loop } from './loop.ts'

/** Folders begin behind the third slash. */
const SLASHES = 3

export const q22: Loop = ({ generator, events }, emit) => {
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, bidder, price, channel, url } = event.bid
    let start = 0
    for (let slash = 0; slash < SLASHES; slash++) start = behindSlash(url, start)
    const second = behindSlash(url, start)
    const third = behindSlash(url, second)
    const end = behindSlash(url, third)
    emit([
      auction,
      bidder,
      price,
      channel,
      url.slice(start, second - 1),
      url.slice(second, third - 1),
      url.slice(third, end - 1),
    ])
  }
}
