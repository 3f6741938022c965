/** Query 23: bids with the person who bids, and each of the auctions in which that person sells, however far they are apart. */
import { listState, valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import type { Auction, Bid, Person } from '../model.ts'
import type { Query, Row } from './query.ts'

export const q23: Query = {
  title: 'bids with bidders and what they sell',
  columns: [
    'bidder',
    'price',
    'channel',
    'url',
    'bidExtra',
    'personId',
    'name',
    'emailAddress',
    'creditCard',
    'city',
    'state',
    'personExtra',
    'itemName',
    'description',
    'initialBid',
    'reserve',
    'auctionDateTime',
    'expires',
    'seller',
    'category',
    'auctionExtra',
  ],
  build: ({ auctions, bids, persons }) =>
    bids
      .keyBy((bid) => bid.bidder)
      .connect(
        persons
          .map((person) => ({ person, auction: undefined }))
          .union(auctions.map((auction) => ({ person: undefined, auction })))
          .keyBy(({ person, auction }) => (person === undefined ? auction.seller : person.id)),
      )
      .process({
        state: {
          person: valueState<Person>(),
          auctions: listState<Auction>(),
          bids: listState<Bid>(),
        },
        processRecord1(bid, { state }, emit: Emit<Row>) {
          state.bids.add(bid)
          const person = state.person.get()
          if (person === undefined) return
          for (const auction of state.auctions.get()) emit(joined(bid, person, auction))
        },
        processRecord2(added, { state }, emit: Emit<Row>) {
          const { auction } = added
          if (auction !== undefined) {
            state.auctions.add(auction)
            const person = state.person.get()
            if (person === undefined) return
            for (const bid of state.bids.get()) emit(joined(bid, person, auction))
            return
          }
          const { person } = added
          state.person.set(person)
          for (const bid of state.bids.get()) {
            for (const sold of state.auctions.get()) emit(joined(bid, person, sold))
          }
        },
      }),
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
