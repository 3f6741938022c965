/**
 * A source of full bids that are made beforehand, so that making them is not what is measured.
 */
import type { Source } from '../../operators/source.ts'
import { bids } from '../nexmark-bids.ts'
import type { Bid } from '../nexmark-bids.ts'

/** Bids that the records of a run repeat: few enough to be warm in the cache, as records are that were just read. */
export const POOL = 4_096

/** A source of `splits` splits, each of which gives `count` bids. Makes its pool at once, before the job starts. */
export function bidSource(splits: number, count: number): Source<Bid, number, number> {
  const pool = bids(POOL, 1)
  return {
    name: 'bids',
    enumerate: () => {
      let next = 0
      return { next: () => (next < splits ? next++ : undefined) }
    },
    open: (_split, { batchSize }, position = 0) => {
      let at = position
      return {
        get position() {
          return at
        },
        read() {
          if (at >= count) return undefined
          const from = at % POOL
          const batch = pool.slice(from, from + Math.min(batchSize, count - at))
          at += batch.length
          return batch
        },
      }
    },
  }
}
