/** Query 18 by hand: last bid per bidder and auction. */
import { bidCells } from '../queries/bid-rows.ts'
import type { Loop } from './loop.ts'

/** No auction has an id as large. */
const AUCTIONS = 2 ** 26

export const q18: Loop = ({ generator, events }, emit) => {
  const latest = new Map<number, number>()
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, bidder, dateTime } = event.bid
    const key = bidder * AUCTIONS + auction
    const before = latest.get(key)
    if (before !== undefined && before > dateTime) continue
    latest.set(key, dateTime)
    emit(bidCells(event.bid))
  }
}
