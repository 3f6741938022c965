/** Query 1 by hand: prices in euros. */
import { inEuros } from '../queries/formats.ts'
import type { Loop } from './loop.ts'

export const q1: Loop = ({ generator, events }, emit) => {
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, bidder, price, dateTime, extra } = event.bid
    emit([auction, bidder, inEuros(price), dateTime, extra])
  }
}
