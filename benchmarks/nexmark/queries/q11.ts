/** Query 11: how many bids does somebody make in one sitting? */
import { count, session } from '../../../api/index.ts'
import type { Query } from './query.ts'

const GAP_MS = 10_000

export const q11: Query = {
  title: 'bids per bidder and session',
  columns: ['bidder', 'count', 'start', 'end'],
  build: ({ bids }) =>
    bids
      .map(({ bidder }) => ({ bidder }))
      .keyBy(({ bidder }) => bidder)
      .window(session(GAP_MS))
      .aggregate(count(), (bids, { key, windowStart, windowEnd }) => [
        key,
        bids,
        windowStart,
        windowEnd,
      ]),
}
