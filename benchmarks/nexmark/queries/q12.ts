/** Query 12: how many bids does somebody make in ten seconds of the clock? */
import { count, tumbling } from '../../../api/index.ts'
import type { Query } from './query.ts'

const SIZE_MS = 10_000

export const q12: Query = {
  title: 'bids per bidder and ten seconds of the clock',
  columns: ['bidder', 'count', 'start', 'end'],
  build: ({ bids }) =>
    bids
      .keyBy((bid) => bid.bidder)
      .window(tumbling({ size: SIZE_MS, time: 'processing' }))
      .aggregate(count(), (bids, { key, windowStart, windowEnd }) => [
        key,
        bids,
        windowStart,
        windowEnd,
      ]),
}
