/**
 * Bids with seven fields, three of them strings, in the proportions of Nexmark: made beforehand, so that making them is not
 * what is measured.
 */
import type { Source } from '../../operators/source.ts'
import { seededRandom } from '../../runtime/seeded-random.ts'

/** One bid. */
export interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly dateTime: number
  readonly extra: string
}

/** Bids in the pool that the records of a run repeat: few enough to be warm in the cache, as records are that were just read. */
const POOL = 4_096
const AUCTIONS = 1_000
const FIRST_MS = 1_436_918_400_000
const CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'] as const
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** A pool of bids, the same for the same seed. */
export function makeBids(seed: number): Bid[] {
  const random = seededRandom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const text = (length: number): string =>
    Array.from({ length }, () => LETTERS[below(LETTERS.length)]).join('')
  const bids = Array.from({ length: POOL }, (_, i): Bid => {
    const known = below(2) > 0
    return {
      auction: 1000 + below(AUCTIONS),
      bidder: 1000 + below(10_000),
      price: Math.round(10 ** (6 * random()) * 100),
      channel: known ? (CHANNELS[below(4)] ?? 'Apple') : `channel-${below(10_000)}`,
      url: `https://www.nexmark.com/${text(5)}/${text(5)}/${text(5)}/item.htm?query=1`,
      dateTime: FIRST_MS + i,
      extra: text(12 + below(12)),
    }
  })
  // As if they had been read: a string put together from pieces is a tree of them, and slower to walk.
  return JSON.parse(JSON.stringify(bids)) as Bid[]
}

/** A source of `splits` splits, each of which gives `count` bids. Makes its pool at once, before the job starts. */
export function bidSource(splits: number, count: number): Source<Bid, number, number> {
  const pool = makeBids(1)
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
