/** Query 14 by hand: large bids by the time of day. */
import { hourOf, inEuros } from '../queries/formats.ts'
import type { Loop } from './loop.ts'

const LEAST_EUROS = 1_000_000
const MOST_EUROS = 50_000_000
const EUROS_PER_DOLLAR = 0.908
const LETTER = 'c'

export const q14: Loop = ({ generator, events }, emit) => {
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, bidder, price, dateTime, extra } = event.bid
    const euros = price * EUROS_PER_DOLLAR
    if (!(euros > LEAST_EUROS && euros < MOST_EUROS)) continue
    let letters = 0
    for (let at = extra.indexOf(LETTER); at >= 0; at = extra.indexOf(LETTER, at + 1)) letters++
    emit([auction, bidder, inEuros(price), timeOfDay(dateTime), dateTime, extra, letters])
  }
}

function timeOfDay(timeMs: number): string {
  const hour = hourOf(timeMs)
  if (hour >= 8 && hour <= 18) return 'dayTime'
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
}
