/** Query 6 by hand: average closing price of a seller's last auctions. */
import type { Loop } from './loop.ts'
import { winningBids } from './winning-bids.ts'

/** Auctions in an average: this one and those before. */
const IN_AVERAGE = 11

interface Closing {
  readonly auction: number
  readonly bidTime: number
  readonly price: number
}

export const q6: Loop = (input, emit) => {
  const sellers = new Map<number, Closing[]>()
  winningBids(input, ({ id, seller }, { dateTime, price }) => {
    let closings = sellers.get(seller)
    if (closings === undefined) sellers.set(seller, (closings = []))
    let at = closings.length
    while (at > 0 && isBefore(dateTime, id, closings[at - 1] as Closing)) at--
    const closing = { auction: id, bidTime: dateTime, price }
    if (at === closings.length) closings.push(closing)
    else closings.splice(at, 0, closing)
    const end = Math.min(at + IN_AVERAGE, closings.length)
    for (; at < end; at++)
      emit([(closings[at] as Closing).auction, seller, averageUpTo(closings, at)])
  })
}

function isBefore(bidTime: number, auction: number, other: Closing): boolean {
  return bidTime === other.bidTime ? auction < other.auction : bidTime < other.bidTime
}

function averageUpTo(closings: readonly Closing[], last: number): number {
  const first = Math.max(0, last - IN_AVERAGE + 1)
  let sum = 0
  for (let at = first; at <= last; at++) sum += (closings[at] as Closing).price
  return Math.trunc(sum / (last - first + 1))
}
