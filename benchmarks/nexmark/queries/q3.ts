/**
 * Query 3: who sells things of category 10 in three states? People and auctions are joined however far they are apart, so both are
 * kept for ever.
 */
import { listState, valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import type { Auction, Person } from '../model.ts'
import type { Query, Row } from './query.ts'

const CATEGORY = 10
const STATES = new Set(['OR', 'ID', 'CA'])

export const q3: Query = {
  title: 'sellers of category 10 in OR, ID and CA',
  columns: ['name', 'city', 'state', 'auctionId'],
  build: ({ auctions, persons }) =>
    auctions
      .filter((auction) => auction.category === CATEGORY)
      .keyBy((auction) => auction.seller)
      .connect(persons.filter((person) => STATES.has(person.state)).keyBy((person) => person.id))
      .process({
        state: {
          seller: valueState<Person>(),
          /** Those that came before their seller. */
          early: listState<Auction>(),
        },
        processRecord1(auction, { state }, emit: Emit<Row>) {
          const seller = state.seller.get()
          if (seller === undefined) state.early.add(auction)
          else emit(sale(seller, auction))
        },
        processRecord2(person, { state }, emit: Emit<Row>) {
          state.seller.set(person)
          for (const auction of state.early.get()) emit(sale(person, auction))
          state.early.clear()
        },
      }),
}

function sale({ name, city, state }: Person, { id }: Auction): Row {
  return [name, city, state, id]
}
