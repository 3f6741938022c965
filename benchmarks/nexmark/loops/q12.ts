/** Query 12 by hand: bids per bidder and ten seconds of the clock. The last window is still open when the input ends. */
import type { Loop } from './loop.ts'

const SIZE_MS = 10_000

export const q12: Loop = ({ generator, events, now }, emit) => {
  const bids = new Map<number, number>()
  let end = Number.NEGATIVE_INFINITY
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const time = now()
    if (time >= end) {
      for (const [bidder, count] of bids) emit([bidder, count, end - SIZE_MS, end])
      bids.clear()
      end = time - (time % SIZE_MS) + SIZE_MS
    }
    bids.set(event.bid.bidder, (bids.get(event.bid.bidder) ?? 0) + 1)
  }
}
