/**
 * Events that a generator hardly ever makes: few ids, so that bids tie; times on both sides of every boundary; prices at the limits of classes; people and
 * auctions that come after those who name them, or never; texts of all kinds.
 */
import type { Auction, Bid, NexmarkEvent, Person } from '../../../benchmarks/nexmark/model.ts'
import { seededRandom } from '../../../runtime/seeded-random.ts'

/** Behind that comes a leap day. */
const START = Date.UTC(2024, 1, 28, 23, 59, 40)
/** Events may be so late that they still count, to the millisecond. */
const LATE_MS = [0, 0, 0, 0, 1, 1_999, 3_999, 4_000]
/** How far time goes on from event to event: gaps of sessions and windows, one more and one less. */
const STEPS_MS = [0, 0, 0, 0, 1, 20, 499, 1_999, 2_000, 9_999, 10_000, 10_001]
const PRICES = [0, 1, 99, 9_999, 10_000, 10_001, 999_999, 1_000_000, 1_101_321, 1_101_322]
const DEAR_PRICES = [55_066_079, 55_066_080, 2 ** 31, 2 ** 40]
const CHANNELS = ['apple', 'APPLE', 'Google', 'baidu', 'FACEBOOK', 'channel-7', '', 'größe 😀']
const URLS = [
  'https://www.nexmark.com/a/b/c/item.htm?query=1',
  'https://www.nexmark.com/a/b/c/item.htm?query=1&channel_id=12',
  'https://www.nexmark.com/_//ü/item.htm?channel_id=5&query=1',
  'https://x/ "quoted" /\\/😀',
  'no/slashes',
  '',
]
const TEXTS = [
  '',
  'cCc',
  'a "quote"',
  'back\\slash',
  '\u2028',
  '__proto__',
  '😀 größe',
  'x'.repeat(300),
]
const STATES = ['OR', 'ID', 'CA', 'AZ', 'WA']
/** Few, so that most things meet. */
const IDS = 12

/** So many events, by a seed. Ids of people and of auctions come once each. */
export function edgeEvents(seed: number, count: number): readonly NexmarkEvent[] {
  const random = seededRandom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const from = <T>(list: readonly T[]): T => list[below(list.length)] as T
  let now = START
  const time = (): number => now - from(LATE_MS)
  // Each of them is in the list once, and some never leave it.
  const shuffled = (least: number): number[] =>
    Array.from({ length: IDS }, (_, i) => ({ id: least + i, at: random() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ id }) => id)
  const people = shuffled(0)
  const auctions = shuffled(118)
  const person = (id: number): Person => ({
    id,
    name: from(TEXTS),
    emailAddress: from(TEXTS),
    creditCard: '1 2 3',
    city: from(TEXTS),
    state: from(STATES),
    dateTime: time(),
    extra: from(TEXTS),
  })
  const auction = (id: number): Auction => {
    const dateTime = time()
    return {
      id,
      itemName: from(TEXTS),
      description: from(TEXTS),
      initialBid: from(PRICES),
      reserve: from(PRICES),
      dateTime,
      expires: dateTime + from([0, 1, 2_000, 10_000, 60_000]),
      seller: below(IDS + 2),
      category: 10 + below(2),
      extra: from(TEXTS),
    }
  }
  const bid = (n: number): Bid => ({
    auction: 118 + below(IDS + 2),
    bidder: below(IDS + 2),
    price: from(below(4) === 0 ? DEAR_PRICES : PRICES),
    channel: from(CHANNELS),
    url: from(URLS),
    dateTime: time(),
    // Tells bids apart that are the same otherwise.
    extra: `${from(TEXTS)}${n}`,
  })
  /** Who has just registered is the seller of the next auction. */
  let newcomer: number | undefined
  return Array.from({ length: count }, (_, n): NexmarkEvent => {
    now += from(STEPS_MS)
    const kind = below(20)
    if (kind === 0 && people.length > 1) {
      newcomer = people.pop() as number
      return { event_type: 0, person: person(newcomer) }
    }
    if ((kind <= 2 || newcomer !== undefined) && auctions.length > 1) {
      const made = auction(auctions.pop() as number)
      const seller = newcomer ?? made.seller
      newcomer = undefined
      return { event_type: 1, auction: { ...made, seller } }
    }
    return { event_type: 2, bid: bid(n) }
  })
}
