/** Query 18: the last bid of everybody for each auction. One update per bid that replaces another. */
import { valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { BID_COLUMNS, bidCells } from './bid-rows.ts'
import type { Query, Row } from './query.ts'

export const q18: Query = {
  title: 'last bid per bidder and auction',
  columns: BID_COLUMNS,
  updatedBy: [0, 1],
  build: ({ bids }) =>
    bids
      .keyBy((bid) => [bid.bidder, bid.auction])
      .process({
        state: { latest: valueState<number>() },
        processRecord(bid, { state }, emit: Emit<Row>) {
          const latest = state.latest.get()
          // Of two at the same time the one that comes later counts.
          if (latest !== undefined && latest > bid.dateTime) return
          state.latest.set(bid.dateTime)
          emit(bidCells(bid))
        },
      }),
}
