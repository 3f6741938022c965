/** Query 2 by hand: bids for every 123rd auction. */
import type { Loop } from './loop.ts'

const EVERY = 123

export const q2: Loop = ({ generator, events }, emit) => {
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, price } = event.bid
    if (auction % EVERY === 0) emit([auction, price])
  }
}
