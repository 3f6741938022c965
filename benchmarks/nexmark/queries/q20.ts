/**
 * Query 20: bids with the auctions of category 10 that they are for, however far they are apart.
 *
 * All auctions are looked at, not only those that are asked for: so bids for others need not be kept.
 */
import { listState, valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import type { Auction, Bid } from '../model.ts'
import type { Query, Row } from './query.ts'

const CATEGORY = 10

/** An auction, or only its id where nobody asks for it: one form, with a field that may be missing, travels best. */
interface Offered {
  readonly id: number
  readonly auction: Auction | undefined
}

export const q20: Query = {
  title: 'bids with their auctions of category 10',
  columns: [
    'auction',
    'bidder',
    'price',
    'channel',
    'url',
    'bidDateTime',
    'bidExtra',
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
  build: ({ auctions, bids }) =>
    bids
      .keyBy((bid) => bid.auction)
      .connect(
        auctions
          .map((auction): Offered => {
            const { id, category } = auction
            return { id, auction: category === CATEGORY ? auction : undefined }
          })
          .keyBy(({ id }) => id),
      )
      .process({
        state: {
          auction: valueState<Auction | 'another category'>(),
          /** Bids that came before their auction. */
          early: listState<Bid>(),
        },
        processRecord1(bid, { state }, emit: Emit<Row>) {
          const auction = state.auction.get()
          if (auction === undefined) state.early.add(bid)
          else if (auction !== 'another category') emit(joined(bid, auction))
        },
        processRecord2({ auction }, { state }, emit: Emit<Row>) {
          if (auction !== undefined) for (const bid of state.early.get()) emit(joined(bid, auction))
          state.auction.set(auction ?? 'another category')
          state.early.clear()
        },
      }),
}

function joined(bid: Bid, auction: Auction): Row {
  return [
    bid.auction,
    bid.bidder,
    bid.price,
    bid.channel,
    bid.url,
    bid.dateTime,
    bid.extra,
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
