/** Query 13 by hand: bids with a value from a side table, which is a list here, because its keys are 0 to 9,999. */
import type { Loop } from './loop.ts'

const SIDE_ROWS = 10_000

const sideTable = Array.from({ length: SIDE_ROWS }, (_, i) => String(i))

export const q13: Loop = ({ generator, events }, emit) => {
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, bidder, price, dateTime } = event.bid
    const value = sideTable[auction % SIDE_ROWS]
    if (value !== undefined) emit([auction, bidder, price, dateTime, value])
  }
}
