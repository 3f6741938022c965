/** Query 15 by hand: bids, bidders and auctions per day. */
import { dayOf } from '../queries/formats.ts'
import { perDay } from './days.ts'
import type { Loop } from './loop.ts'
import { BidStatistics } from './statistics.ts'

export const q15: Loop = (input, emit) => {
  perDay(input, {
    keyOf: () => 0,
    create: () => new BidStatistics(),
    send: (_, day, { counts }) => emit([dayOf(day), ...counts]),
  })
}
