/** Query 19 by hand: ten highest bids per auction. */
import type { Bid } from '../model.ts'
import { rankedCells } from '../queries/bid-rows.ts'
import type { Loop } from './loop.ts'

const RANKS = 10

export const q19: Loop = ({ generator, events }, emit) => {
  const auctions = new Map<number, Bid[]>()
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { bid } = event
    let highest = auctions.get(bid.auction)
    if (highest === undefined) auctions.set(bid.auction, (highest = []))
    let at = highest.length
    while (at > 0 && (highest[at - 1] as Bid).price < bid.price) at--
    if (at === RANKS) continue
    highest.splice(at, 0, bid)
    if (highest.length > RANKS) highest.pop()
    for (; at < highest.length; at++) emit(rankedCells(highest[at] as Bid, at + 1))
  }
}
