/**
 * Bids as the Nexmark generator makes them: the same fields, sizes and proportions, without its timeline of persons and auctions.
 */

/** One bid. `dateTime` in milliseconds since 1970. */
export interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly dateTime: number
  readonly extra: string
}

const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'] as const
const BASE_TIME = 1436918400000
/** What the fields but `extra` take of the 100 bytes of an average bid. */
const EXTRA_AVERAGE = 100 - 32

/** Makes `count` bids; the same seed gives the same ones. Each string is flat and an object of its own. */
export function bids(count: number, seed: number): Bid[] {
  const random = generator(seed)
  const below = (n: number) => Math.floor(random() * n)
  const letters = (length: number) => {
    const bytes = Buffer.alloc(length)
    for (let i = 0; i < length; i++) bytes[i] = 97 + below(26)
    return bytes.toString('latin1')
  }
  const url = () =>
    `https://www.nexmark.com/${letters(5)}/${letters(5)}/${letters(5)}/item.htm?query=1`
  const hotUrls = HOT_CHANNELS.map(url)
  const coldUrls = new Map<number, string>()
  const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1')
  return Array.from({ length: count }, (_, i): Bid => {
    const hot = below(2) > 0 ? below(4) : -1
    const cold = below(10_000)
    let address = hot >= 0 ? hotUrls[hot] : coldUrls.get(cold)
    if (address === undefined) {
      address = below(10) > 0 ? `${url()}&channel_id=${Math.abs(reverseBits(cold))}` : url()
      coldUrls.set(cold, address)
    }
    const delta = Math.round(0.2 * EXTRA_AVERAGE)
    return {
      auction: 1000 + below(30_000),
      bidder: 1000 + below(10_000),
      price: Math.round(10 ** (6 * random()) * 100),
      channel: flat(HOT_CHANNELS[hot] ?? `channel-${cold}`),
      url: flat(address),
      dateTime: BASE_TIME + Math.floor(i / 10),
      extra: letters(EXTRA_AVERAGE - delta + below(2 * delta)),
    }
  })
}

function reverseBits(value: number): number {
  let result = 0
  for (let bit = 0; bit < 32; bit++) if ((value >>> bit) & 1) result |= 1 << (31 - bit)
  return result
}

/** Numbers in [0, 1), mulberry32 by Tommy Ettinger. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
