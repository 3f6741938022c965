/** Query 3 by hand: sellers of category 10 in three states. Somebody of another state is remembered as undefined. */
import type { Auction, Person } from '../model.ts'
import type { Row } from '../queries/query.ts'
import type { Loop } from './loop.ts'

const CATEGORY = 10

export const q3: Loop = ({ generator, events }, emit) => {
  const sellers = new Map<number, Person | undefined>()
  const early = new Map<number, Auction[]>()
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type === 1) {
      const { auction } = event
      if (auction.category !== CATEGORY) continue
      const seller = sellers.get(auction.seller)
      if (seller !== undefined) {
        emit(sale(seller, auction))
      } else if (!sellers.has(auction.seller)) {
        const waiting = early.get(auction.seller)
        if (waiting === undefined) early.set(auction.seller, [auction])
        else waiting.push(auction)
      }
    } else if (event.event_type === 0) {
      const { person } = event
      const isAsked = person.state === 'OR' || person.state === 'ID' || person.state === 'CA'
      sellers.set(person.id, isAsked ? person : undefined)
      const waiting = early.get(person.id)
      if (waiting === undefined) continue
      early.delete(person.id)
      if (isAsked) for (const auction of waiting) emit(sale(person, auction))
    }
  }
}

function sale({ name, city, state }: Person, { id }: Auction): Row {
  return [name, city, state, id]
}
