/** Query 10 by hand: bids with the folder that they belong to. Day and minute are made once per minute. */
import { dayOf, minuteOf } from '../queries/formats.ts'
import type { Loop } from './loop.ts'

const MINUTE_MS = 60_000

export const q10: Loop = ({ generator, events }, emit) => {
  let from = Number.POSITIVE_INFINITY
  let day = ''
  let minute = ''
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, bidder, price, dateTime, extra } = event.bid
    if (dateTime < from || dateTime >= from + MINUTE_MS) {
      from = dateTime - (dateTime % MINUTE_MS)
      day = dayOf(dateTime)
      minute = minuteOf(dateTime)
    }
    emit([auction, bidder, price, dateTime, extra, day, minute])
  }
}
