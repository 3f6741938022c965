/**
 * Makes bids. Nine events of ten are bids, so this is written for speed: the counter of the random numbers is a variable instead of a
 * field, and nothing is called that V8 does not inline. Numbers are drawn in the same order as by an `EventRandom`.
 */
import type { Bid } from '../model.ts'
import { bidChannel, HOT_CHANNELS, hotChannel } from './channels.ts'
import { below, scramble, seedOf, STRIDE } from './event-random.ts'
import { FIRST_AUCTION, FIRST_PERSON, hot, HOT_AUCTION_RATIO, HOT_BIDDER_RATIO } from './hot-ids.ts'
import { priceOf } from './prices.ts'
import { fillingLengths, lettersAt, LETTER_PLACES } from './texts.ts'
import { activePersons, lastAuction, lastPerson, LEAD, openAuctions } from './timeline.ts'

const HOT_CHANNEL_RATIO = 2
const COLD_CHANNELS = 10_000
/** Average size in bytes, and what numbers and times count for in it. */
const BID_BYTES = 100
const NUMBERS_BYTES = 32

const { shortest: SHORTEST_EXTRA, lengths: EXTRA_LENGTHS } = fillingLengths(
  NUMBERS_BYTES,
  BID_BYTES,
)

/** The bid that is event number `event`. */
export function makeBid(event: number, dateTime: number): Bid {
  const newest = lastAuction(event)
  const person = lastPerson(event)
  let counter = (seedOf(event) + STRIDE) | 0
  let auction: number
  if (below(scramble(counter), HOT_AUCTION_RATIO) > 0) {
    auction = hot(newest)
  } else {
    counter = (counter + STRIDE) | 0
    const open = openAuctions(newest)
    auction = newest - open + below(scramble(counter), open + 1 + LEAD)
  }
  counter = (counter + STRIDE) | 0
  let bidder: number
  if (below(scramble(counter), HOT_BIDDER_RATIO) > 0) {
    bidder = hot(person) + 1
  } else {
    counter = (counter + STRIDE) | 0
    const active = activePersons(person)
    bidder = person + 1 - active + below(scramble(counter), active + LEAD)
  }
  counter = (counter + STRIDE) | 0
  const price = priceOf(scramble(counter))
  counter = (counter + STRIDE) | 0
  const isHot = below(scramble(counter), HOT_CHANNEL_RATIO) > 0
  counter = (counter + STRIDE) | 0
  const bits = scramble(counter)
  const { channel, url } = isHot
    ? hotChannel(below(bits, HOT_CHANNELS))
    : bidChannel(below(bits, COLD_CHANNELS))
  counter = (counter + STRIDE) | 0
  const length = SHORTEST_EXTRA + below(scramble(counter), EXTRA_LENGTHS)
  counter = (counter + STRIDE) | 0
  return {
    auction: FIRST_AUCTION + auction,
    bidder: FIRST_PERSON + bidder,
    price,
    channel,
    url,
    dateTime,
    extra: lettersAt(below(scramble(counter), LETTER_PLACES), length),
  }
}
