/**
 * Makes the events of the Nexmark benchmark, each from its number alone.
 */
import type { Auction, NexmarkEvent, Person } from '../model.ts'
import { BidMaker } from './bids.ts'
import { EventRandom } from './event-random.ts'
import { FIRST_AUCTION, FIRST_PERSON, hot, HOT_SELLER_RATIO } from './hot-ids.ts'
import { priceOf } from './prices.ts'
import { city, creditCard, emailAddress, filling, fullName, state, words } from './texts.ts'
import { activePerson, auctionAt, EPOCH, epochOf, kindAt, Timeline } from './timeline.ts'
import type { TimelineOptions } from './timeline.ts'

const FIRST_CATEGORY = 10
const CATEGORIES = 5
/** Average sizes in bytes. */
const PERSON_BYTES = 200
const AUCTION_BYTES = 500
/** What numbers and times count for in a record. */
const PERSON_NUMBERS_BYTES = 8
const AUCTION_NUMBERS_BYTES = 48

/** Makes events. Not to be shared by threads. */
export class EventGenerator {
  readonly #random = new EventRandom()
  readonly #bids: BidMaker
  readonly #timeline: Timeline
  /** That of the last event. In order, fifty events share it. */
  #epoch = 0
  #epochStart = 0

  constructor(options: TimelineOptions = {}) {
    this.#timeline = new Timeline(options)
    this.#bids = new BidMaker(this.#timeline)
    this.#bids.enter(0)
  }

  /** The event that comes in the place of number `n`, a whole number from 0. */
  at(n: number): NexmarkEvent {
    const event = this.#timeline.eventAt(n)
    let position = event - this.#epochStart
    if (position < 0 || position >= EPOCH) position = this.#enter(event)
    const kind = kindAt(position)
    if (kind === 2) return this.#bids.make(event)
    const time = this.#timeline.timeOf(event)
    this.#random.startAt(event)
    return kind === 0
      ? { event_type: 0, person: this.#person(time) }
      : { event_type: 1, auction: this.#auction(n, position, time) }
  }

  /** Goes to the epoch of an event; returns its position there. */
  #enter(event: number): number {
    this.#epoch = epochOf(event)
    this.#epochStart = this.#epoch * EPOCH
    this.#bids.enter(this.#epoch)
    return event - this.#epochStart
  }

  #person(dateTime: number): Person {
    const random = this.#random
    const id = FIRST_PERSON + this.#epoch
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

  #auction(n: number, position: number, dateTime: number): Auction {
    const random = this.#random
    const seller =
      random.below(HOT_SELLER_RATIO) > 0 ? hot(this.#epoch) : activePerson(random, this.#epoch)
    const category = FIRST_CATEGORY + random.below(CATEGORIES)
    const initialBid = priceOf(random.next())
    const horizonMs = this.#timeline.auctionHorizon(n, dateTime)
    const expires = dateTime + 1 + random.below(Math.max(horizonMs * 2, 1))
    const itemName = words(random, 20)
    const description = words(random, 100)
    const reserve = initialBid + priceOf(random.next())
    const length = AUCTION_NUMBERS_BYTES + itemName.length + description.length
    return {
      id: FIRST_AUCTION + auctionAt(this.#epoch, position),
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
}
