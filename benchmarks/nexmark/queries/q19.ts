/** Query 19: the ten highest bids of each auction. One update per rank that changes. */
import { valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import type { Bid } from '../model.ts'
import { BID_COLUMNS, rankedCells } from './bid-rows.ts'
import type { Query, Row } from './query.ts'

const RANKS = 10

export const q19: Query = {
  title: 'ten highest bids per auction',
  columns: [...BID_COLUMNS, 'rank'],
  updatedBy: [0, 7],
  build: ({ bids }) =>
    bids
      .keyBy((bid) => bid.auction)
      .process({
        state: { highest: valueState({ initial: (): Bid[] => [] }) },
        processRecord(bid, { state }, emit: Emit<Row>) {
          const highest = state.highest.get()
          let at = highest.length
          while (at > 0 && (highest[at - 1] as Bid).price < bid.price) at--
          if (at === RANKS) return
          highest.splice(at, 0, bid)
          if (highest.length > RANKS) highest.pop()
          state.highest.set(highest)
          for (; at < highest.length; at++) emit(rankedCells(highest[at] as Bid, at + 1))
        },
      }),
}
