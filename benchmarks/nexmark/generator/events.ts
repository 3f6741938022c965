/**
 * Makes the events of the Nexmark benchmark, each from its number alone.
 */
import type { Auction, Bid, NexmarkEvent, Person } from '../model.ts'
import { bidChannel, HOT_CHANNELS, hotChannel } from './channels.ts'
import { EventRandom } from './event-random.ts'
import { city, creditCard, emailAddress, filling, fullName, state, words } from './texts.ts'
import { activePerson, kindOf, lastAuction, lastPerson, openAuction, Timeline } from './timeline.ts'
import type { TimelineOptions } from './timeline.ts'

const FIRST_PERSON = 1_000
const FIRST_AUCTION = 1_000
const FIRST_CATEGORY = 10
const CATEGORIES = 5
/** Every so many people or auctions there is one that is hot for a while. */
const HOT_EVERY = 100
/** One in so many is not for the hot auction, by the hot seller or by the hot bidder. */
const HOT_AUCTION_RATIO = 2
const HOT_SELLER_RATIO = 4
const HOT_BIDDER_RATIO = 4
const HOT_CHANNEL_RATIO = 2
const COLD_CHANNELS = 10_000
/** Average sizes in bytes. */
const PERSON_BYTES = 200
const AUCTION_BYTES = 500
const BID_BYTES = 100
/** What numbers and times count for in a record. */
const PERSON_NUMBERS_BYTES = 8
const AUCTION_NUMBERS_BYTES = 48
const BID_NUMBERS_BYTES = 32

/** Makes events. Not to be shared by threads. */
export class EventGenerator {
  readonly #random = new EventRandom()
  readonly #timeline: Timeline

  constructor(options: TimelineOptions = {}) {
    this.#timeline = new Timeline(options)
  }

  /** The event that comes in the place of number `n`, a whole number from 0. */
  at(n: number): NexmarkEvent {
    const event = this.#timeline.eventAt(n)
    const time = this.#timeline.timeOf(event)
    this.#random.startAt(event)
    switch (kindOf(event)) {
      case 0:
        return { event_type: 0, person: this.#person(event, time) }
      case 1:
        return { event_type: 1, auction: this.#auction(n, event, time) }
      default:
        return { event_type: 2, bid: this.#bid(event, time) }
    }
  }

  #person(event: number, dateTime: number): Person {
    const random = this.#random
    const id = FIRST_PERSON + lastPerson(event)
    const name = fullName(random)
    const email = emailAddress(random)
    const card = creditCard(random)
    const home = city(random)
    const where = state(random)
    const length =
      PERSON_NUMBERS_BYTES + name.length + email.length + card.length + home.length + where.length
    return {
      id,
      name,
      emailAddress: email,
      creditCard: card,
      city: home,
      state: where,
      dateTime,
      extra: filling(random, length, PERSON_BYTES),
    }
  }

  #auction(n: number, event: number, dateTime: number): Auction {
    const random = this.#random
    const seller =
      random.below(HOT_SELLER_RATIO) > 0 ? hot(lastPerson(event)) : activePerson(random, event)
    const category = FIRST_CATEGORY + random.below(CATEGORIES)
    const initialBid = price(random)
    const horizonMs = this.#timeline.auctionHorizon(n, dateTime)
    const expires = dateTime + 1 + random.below(Math.max(horizonMs * 2, 1))
    const itemName = words(random, 20)
    const description = words(random, 100)
    const reserve = initialBid + price(random)
    const length = AUCTION_NUMBERS_BYTES + itemName.length + description.length
    return {
      id: FIRST_AUCTION + lastAuction(event),
      itemName,
      description,
      initialBid,
      reserve,
      dateTime,
      expires,
      seller: FIRST_PERSON + seller,
      category,
      extra: filling(random, length, AUCTION_BYTES),
    }
  }

  #bid(event: number, dateTime: number): Bid {
    const random = this.#random
    const auction =
      random.below(HOT_AUCTION_RATIO) > 0 ? hot(lastAuction(event)) : openAuction(random, event)
    const bidder =
      random.below(HOT_BIDDER_RATIO) > 0 ? hot(lastPerson(event)) + 1 : activePerson(random, event)
    const amount = price(random)
    const { channel, url } =
      random.below(HOT_CHANNEL_RATIO) > 0
        ? hotChannel(random.below(HOT_CHANNELS))
        : bidChannel(random.below(COLD_CHANNELS))
    return {
      auction: FIRST_AUCTION + auction,
      bidder: FIRST_PERSON + bidder,
      price: amount,
      channel,
      url,
      dateTime,
      extra: filling(random, BID_NUMBERS_BYTES, BID_BYTES),
    }
  }
}

function hot(last: number): number {
  return Math.floor(last / HOT_EVERY) * HOT_EVERY
}

/** In cents: each power of ten between one dollar and a million is as likely. */
function price(random: EventRandom): number {
  return Math.round(10 ** (random.unit() * 6) * 100)
}
