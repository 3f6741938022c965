/**
 * Makes bids. Nine events of ten are bids, so this is written for speed. Numbers are drawn in the same order as by an `EventRandom`, but:
 *
 * - What is the same for all bids of an epoch of the timeline is computed once per epoch.
 * - What random bits decide is selected by masks instead of branches, because no processor foresees them, and one that guessed wrong
 *   begins again. So a number is drawn for a cold auction, bidder or channel even where the hot one is taken; whether it counts is a mask too.
 * - The counter of the random numbers is a variable, and nothing is called per bid that V8 does not inline, except for cutting a text.
 */
import type { NexmarkEvent } from '../model.ts'
import * as channels from './channels.ts'
import * as random from './event-random.ts'
import { FIRST_AUCTION, FIRST_PERSON, hot } from './hot-ids.ts'
import * as prices from './prices.ts'
import * as texts from './texts.ts'
import { activePersons, lastAuctionOf, LEAD, openAuctions } from './timeline.ts'
import type { Timeline } from './timeline.ts'

// V8 knows what a constant of this module is when it compiles `make`; what is imported it reads, and checks, for every bid.
const { below, scramble, seedOf, STRIDE, UINT32 } = random
const { channelAt, urlAt, HOT_CHANNELS } = channels
const { lettersAt, LETTER_PLACES } = texts
const { priceOf } = prices
const COLD_CHANNELS = channels.CHANNELS - HOT_CHANNELS
/** Average size in bytes, and what numbers and times count for in it. */
const BID_BYTES = 100
const NUMBERS_BYTES = 32

const { shortest: SHORTEST_EXTRA, lengths: EXTRA_LENGTHS } = texts.fillingLengths(
  NUMBERS_BYTES,
  BID_BYTES,
)

/** Makes the bids of one epoch after the other. Not to be shared by threads. */
export class BidMaker {
  // Ids that a bid can have begin at `lowest`; the hot one and the number of them count from there.
  #lowestAuction = 0
  #hotAuction = 0
  #auctions = 1
  #lowestBidder = 0
  #hotBidder = 0
  #bidders = 1
  readonly #timeline: Timeline

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  /** The bids that follow are of this epoch, see `epochOf`. */
  enter(epoch: number): void {
    const auction = lastAuctionOf(epoch)
    const open = openAuctions(auction)
    this.#lowestAuction = FIRST_AUCTION + auction - open
    this.#hotAuction = hot(auction) - (auction - open)
    this.#auctions = open + 1 + LEAD
    const active = activePersons(epoch)
    this.#lowestBidder = FIRST_PERSON + epoch + 1 - active
    this.#hotBidder = hot(epoch) + active - epoch
    this.#bidders = active + LEAD
  }

  /** Event number `event`, which is a bid of the epoch. */
  make(event: number): NexmarkEvent {
    const seed = event < UINT32 ? scramble(event | 0) : seedOf(event)
    let counter = (seed + STRIDE) | 0
    // One in two bids is not for the hot auction.
    let isHot = scramble(counter) >> 31
    counter = (counter + STRIDE) | 0
    const auction = either(isHot, this.#hotAuction, below(scramble(counter), this.#auctions))
    counter = (counter + (STRIDE & ~isHot)) | 0
    // One in four is not by the hot bidder.
    isHot = ~(((scramble(counter) >>> 30) - 1) >> 31)
    counter = (counter + STRIDE) | 0
    const bidder = either(isHot, this.#hotBidder, below(scramble(counter), this.#bidders))
    counter = (counter + (STRIDE & ~isHot)) | 0
    const price = priceOf(scramble(counter))
    counter = (counter + STRIDE) | 0
    // One in two is not from a hot channel.
    isHot = scramble(counter) >> 31
    counter = (counter + STRIDE) | 0
    const among = either(isHot, HOT_CHANNELS, COLD_CHANNELS)
    const index = below(scramble(counter), among) + (HOT_CHANNELS & ~isHot)
    const channel = channelAt(index)
    const url = urlAt(index)
    counter = (counter + STRIDE) | 0
    const length = SHORTEST_EXTRA + below(scramble(counter), EXTRA_LENGTHS)
    counter = (counter + STRIDE) | 0
    const extra = lettersAt(below(scramble(counter), LETTER_PLACES), length)
    // All is there before the record is made, so that it is written in one go.
    return {
      event_type: 2,
      bid: {
        auction: this.#lowestAuction + auction,
        bidder: this.#lowestBidder + bidder,
        price,
        channel,
        url,
        dateTime: this.#timeline.timeOf(event),
        extra,
      },
    }
  }
}

/** The first of two 32-bit integers where `mask` is -1, the second where it is 0. */
function either(mask: number, first: number, second: number): number {
  return second ^ ((first ^ second) & mask)
}
