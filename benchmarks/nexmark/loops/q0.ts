/** Query 0 by hand: bids pass through. */
import type { Loop } from './loop.ts'

export const q0: Loop = ({ generator, events }, emit) => {
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, bidder, price, dateTime, extra } = event.bid
    emit([auction, bidder, price, dateTime, extra])
  }
}
