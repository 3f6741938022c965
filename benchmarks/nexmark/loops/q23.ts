/** Query 23 by hand: bids with bidders and what they sell. */
import type { Auction, Bid, Person } from '../model.ts'
import type { Row } from '../queries/query.ts'
import type { Loop } from './loop.ts'

/** All that is known of somebody. */
interface Account {
  person: Person | undefined
  readonly auctions: Auction[]
  readonly bids: Bid[]
}

export const q23: Loop = ({ generator, events }, emit) => {
  const accounts = new Map<number, Account>()
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type === 2) {
      const { bid } = event
      const { person, auctions, bids } = accountOf(accounts, bid.bidder)
      bids.push(bid)
      if (person === undefined) continue
      for (const auction of auctions) emit(joined(bid, person, auction))
    } else if (event.event_type === 1) {
      const { auction } = event
      const { person, auctions, bids } = accountOf(accounts, auction.seller)
      auctions.push(auction)
      if (person === undefined) continue
      for (const bid of bids) emit(joined(bid, person, auction))
    } else {
      const { person } = event
      const account = accountOf(accounts, person.id)
      account.person = person
      for (const bid of account.bids) {
        for (const auction of account.auctions) emit(joined(bid, person, auction))
      }
    }
  }
}

function accountOf(accounts: Map<number, Account>, id: number): Account {
  let account = accounts.get(id)
  if (account === undefined) {
    account = { person: undefined, auctions: [], bids: [] }
    accounts.set(id, account)
  }
  return account
}

function joined(bid: Bid, person: Person, auction: Auction): Row {
  return [
    bid.bidder,
    bid.price,
    bid.channel,
    bid.url,
    bid.extra,
    person.id,
    person.name,
    person.emailAddress,
    person.creditCard,
    person.city,
    person.state,
    person.extra,
    auction.itemName,
    auction.description,
    auction.initialBid,
    auction.reserve,
    auction.dateTime,
    auction.expires,
    auction.seller,
    auction.category,
    auction.extra,
  ]
}
