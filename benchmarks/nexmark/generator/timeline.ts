/**
 * Which event comes when, and which people and auctions there are by then. Pure arithmetic over the number of the event.
 *
 * Of every 50 events one is a person, three are auctions, and the others bids.
 */
import type { EventRandom } from './event-random.ts'

/** The pace of the stream. */
export interface TimelineOptions {
  /** Events per second of event time. Default: 10,000. */
  readonly eventsPerSecond?: number
  /** Event time of the first event in ms. Default: 2015-07-15T00:00:00Z. */
  readonly baseTime?: number
  /** Events are out of order inside groups of this size. Default: 1, in order. */
  readonly groupSize?: number
}

/** Events of an epoch: a person, three auctions, the bids. */
export const EPOCH = 50
const PERSONS = 1
const AUCTIONS = 3
const ACTIVE_PERSONS = 1_000
const AUCTIONS_IN_FLIGHT = 100
/** Ids may be this far ahead of what has been seen. */
export const LEAD = 10
/** Spreads the events of a group; it has no factor in common with sensible group sizes. */
const SPREAD = 953
const DEFAULT_BASE_TIME = Date.UTC(2015, 6, 15)

/** Which fifty events it is one of; epochs count from 0. Its number is also that of the newest person that its events can know of. */
export function epochOf(event: number): number {
  return Math.floor(event / EPOCH)
}

/** What kind of event it is at this position in its epoch, 0 to `EPOCH` - 1, as in `NexmarkEvent.event_type`. */
export function kindAt(position: number): 0 | 1 | 2 {
  if (position < PERSONS) return 0
  return position < PERSONS + AUCTIONS ? 1 : 2
}

/** The auction at this position, behind the person, of an epoch; auctions count from 0. */
export function auctionAt(epoch: number, position: number): number {
  return epoch * AUCTIONS + position - PERSONS
}

/** The newest auction that the bids of an epoch can know of. */
export function lastAuctionOf(epoch: number): number {
  return auctionAt(epoch, PERSONS + AUCTIONS - 1)
}

/** One of the people who are active, or about to be, when `last` is the newest one. */
export function activePerson(random: EventRandom, last: number): number {
  const active = activePersons(last)
  return last + 1 - active + random.below(active + LEAD)
}

/** How many people up to person `last` are active. */
export function activePersons(last: number): number {
  return Math.min(last + 1, ACTIVE_PERSONS)
}

/** How many auctions before auction `last` are still in flight. `last` is at least 0. */
export function openAuctions(last: number): number {
  return Math.min(last, AUCTIONS_IN_FLIGHT)
}

/** Times of events. */
export class Timeline {
  readonly #delayUs: number
  readonly #baseTime: number
  readonly #groupSize: number

  constructor({ eventsPerSecond = 10_000, baseTime, groupSize = 1 }: TimelineOptions) {
    this.#delayUs = 1_000_000 / eventsPerSecond
    this.#baseTime = baseTime ?? DEFAULT_BASE_TIME
    this.#groupSize = groupSize
  }

  /** The event that comes in the place of number `n`: out of order inside its group. */
  eventAt(n: number): number {
    const size = this.#groupSize
    if (size === 1) return n
    return Math.floor(n / size) * size + ((n * SPREAD) % size)
  }

  /** Event time in ms. */
  timeOf(event: number): number {
    return this.#baseTime + Math.floor(Math.floor(event * this.#delayUs) / 1000)
  }

  /** How long after number `n` as many auctions have been opened as can be in flight, in ms. */
  auctionHorizon(n: number, time: number): number {
    const events = Math.floor((AUCTIONS_IN_FLIGHT * EPOCH) / AUCTIONS)
    return this.timeOf(this.eventAt(n + events)) - time
  }
}
