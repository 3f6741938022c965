/**
 * Query 6: per seller, the average over the winning prices of an auction and of the ten before it, in the order in which the winners
 * bid. An auction may be over later than one whose winner bid later: then the averages behind it are sent again.
 */
import { valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import type { Query, Row } from './query.ts'
import { offerOf, winningBids } from './winning-bids.ts'

/** Auctions in an average: this one and those before. */
const IN_AVERAGE = 11

interface Closing {
  readonly seller: number
  readonly auction: number
  readonly bidTime: number
  readonly price: number
}

export const q6: Query = {
  title: 'average closing price of a seller’s last auctions',
  columns: ['auctionId', 'seller', 'avgPrice'],
  updatedBy: [0],
  build: ({ auctions, bids }) =>
    winningBids(
      auctions.map(({ id, dateTime, expires, seller }) => ({ id, dateTime, expires, seller })),
      bids.map(offerOf),
    )
      .map(({ auction, bid }): Closing => ({
        seller: auction.seller,
        auction: auction.id,
        bidTime: bid.dateTime,
        price: bid.price,
      }))
      .keyBy(({ seller }) => seller)
      .process({
        state: { closings: valueState({ initial: (): Closing[] => [] }) },
        processRecord(closing, { key, state }, emit: Emit<Row>) {
          const closings = state.closings.get()
          let at = closings.length
          while (at > 0 && isBefore(closing, closings[at - 1] as Closing)) at--
          closings.splice(at, 0, closing)
          state.closings.set(closings)
          const end = Math.min(at + IN_AVERAGE, closings.length)
          for (; at < end; at++)
            emit([(closings[at] as Closing).auction, key, averageUpTo(closings, at)])
        },
      }),
}

function isBefore(a: Closing, b: Closing): boolean {
  return a.bidTime === b.bidTime ? a.auction < b.auction : a.bidTime < b.bidTime
}

function averageUpTo(closings: readonly Closing[], last: number): number {
  const first = Math.max(0, last - IN_AVERAGE + 1)
  let sum = 0
  for (let at = first; at <= last; at++) sum += (closings[at] as Closing).price
  return Math.trunc(sum / (last - first + 1))
}
