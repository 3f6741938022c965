/** Query 14: a calculation, a classification and a function of one's own per bid. */
import { hourOf, inEuros } from './formats.ts'
import type { Query } from './query.ts'

const LEAST_EUROS = 1_000_000
const MOST_EUROS = 50_000_000
const EUROS_PER_DOLLAR = 0.908
const LETTER = 'c'

export const q14: Query = {
  title: 'large bids by the time of day',
  columns: ['auction', 'bidder', 'priceEur', 'bidTimeType', 'dateTime', 'extra', 'cCounts'],
  build: ({ bids }) =>
    bids
      .filter(({ price }) => {
        const euros = price * EUROS_PER_DOLLAR
        return euros > LEAST_EUROS && euros < MOST_EUROS
      })
      .map(({ auction, bidder, price, dateTime, extra }) => [
        auction,
        bidder,
        inEuros(price),
        timeOfDay(dateTime),
        dateTime,
        extra,
        occurrences(extra, LETTER),
      ]),
}

function timeOfDay(timeMs: number): string {
  const hour = hourOf(timeMs)
  if (hour >= 8 && hour <= 18) return 'dayTime'
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
}

function occurrences(text: string, letter: string): number {
  let found = 0
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) found++
  return found
}
