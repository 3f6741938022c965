/** Query 16 by hand: bids, bidders and auctions per channel and day. */
import { dayOf, minuteOf } from '../queries/formats.ts'
import { perDay } from './days.ts'
import type { Loop } from './loop.ts'
import { BidStatistics } from './statistics.ts'

export const q16: Loop = (input, emit) => {
  perDay(input, {
    keyOf: ({ channel }) => channel,
    create: () => new BidStatistics(),
    send: (channel, day, { latest, counts }) =>
      emit([channel, dayOf(day), minuteOf(latest), ...counts]),
  })
}
