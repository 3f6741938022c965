/**
 * The events of the Nexmark benchmark: people register, open auctions and bid. All times in ms since 1970, prices in cents.
 *
 * In memory they look as they do in a JSON Lines file.
 */

/** Somebody who registers, to sell or to bid. */
export interface Person {
  readonly id: number
  readonly name: string
  readonly emailAddress: string
  readonly creditCard: string
  readonly city: string
  /** Two letters. */
  readonly state: string
  readonly dateTime: number
  /** Fills the record up to its average size. */
  readonly extra: string
}

/** Something for sale. */
export interface Auction {
  readonly id: number
  readonly itemName: string
  readonly description: string
  readonly initialBid: number
  readonly reserve: number
  readonly dateTime: number
  /** The last moment at which a bid counts. */
  readonly expires: number
  /** The `id` of a person. */
  readonly seller: number
  /** 10 to 14. */
  readonly category: number
  readonly extra: string
}

/** An offer for an auction. */
export interface Bid {
  /** The `id` of an auction; it may be a few events ahead of that. */
  readonly auction: number
  /** The `id` of a person. */
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly dateTime: number
  readonly extra: string
}

/** One event of the stream. */
export type NexmarkEvent =
  | { readonly event_type: 0; readonly person: Person }
  | { readonly event_type: 1; readonly auction: Auction }
  | { readonly event_type: 2; readonly bid: Bid }

/** When an event happened, in ms since 1970. */
export function eventTime(event: NexmarkEvent): number {
  if (event.event_type === 2) return event.bid.dateTime
  return event.event_type === 1 ? event.auction.dateTime : event.person.dateTime
}
