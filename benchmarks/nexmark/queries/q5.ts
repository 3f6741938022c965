/** Query 5: which auctions had the most bids in the last ten seconds, every two seconds? */
import { count, sliding, tumbling } from '../../../api/index.ts'
import { mostOf } from './most-of.ts'
import type { Query } from './query.ts'

const SIZE_MS = 10_000
const SLIDE_MS = 2_000

interface Popularity {
  readonly auction: number
  readonly bids: number
  readonly windowStart: number
  readonly windowEnd: number
}

export const q5: Query = {
  title: 'auctions with the most bids',
  columns: ['auction', 'num', 'windowStart', 'windowEnd'],
  build: ({ bids }) =>
    bids
      .keyBy((bid) => bid.auction)
      .window(sliding({ size: SIZE_MS, slide: SLIDE_MS }))
      .aggregate(count(), (bids, { key, windowStart, windowEnd }): Popularity => ({
        auction: key,
        bids,
        windowStart,
        windowEnd,
      }))
      // What leaves a window has its last moment as event time, so the results of one window meet here.
      .windowAll(tumbling(SLIDE_MS))
      .aggregate(mostOf((popularity: Popularity) => popularity.bids))
      .flatMap((most) => most)
      .map(({ auction, bids, windowStart, windowEnd }) => [auction, bids, windowStart, windowEnd]),
}
