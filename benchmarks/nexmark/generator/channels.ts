/**
 * Where bids come from: four channels that everybody knows, and ten thousand others. Each has one url, made when it is first needed.
 */
import { EventRandom } from './event-random.ts'
import { urlPart } from './texts.ts'

/** A channel and its url. */
export interface BidChannel {
  readonly channel: string
  readonly url: string
}

const HOT_NAMES = ['Google', 'Facebook', 'Baidu', 'Apple']
/** Number of channels that everybody knows. */
export const HOT_CHANNELS = HOT_NAMES.length
const HOT_STREAM = 3
const COLD_STREAM = 4

const hotChannels = HOT_NAMES.map((channel, index): BidChannel => {
  const random = new EventRandom()
  random.startAt(index, HOT_STREAM)
  return { channel, url: itemUrl(random) }
})
const coldChannels: (BidChannel | undefined)[] = []

/** One of the channels that everybody knows, 0 to `HOT_CHANNELS` - 1. */
export function hotChannel(index: number): BidChannel {
  return hotChannels[index] as BidChannel
}

/** One of the others: a whole number from 0. */
export function bidChannel(index: number): BidChannel {
  return (coldChannels[index] ??= makeChannel(index))
}

function makeChannel(index: number): BidChannel {
  const random = new EventRandom()
  random.startAt(index, COLD_STREAM)
  const url = itemUrl(random)
  const withId = random.below(10) > 0
  return {
    channel: `channel-${index}`,
    url: withId ? `${url}&channel_id=${Math.abs(reversedBits(index))}` : url,
  }
}

function itemUrl(random: EventRandom): string {
  const path = [urlPart(random, 5), urlPart(random, 5), urlPart(random, 5)].join('/')
  return `https://www.nexmark.com/${path}/item.htm?query=1`
}

/** The 32 bits of an integer in the opposite order, as a signed integer. */
function reversedBits(value: number): number {
  let reversed = 0
  for (let bit = 0; bit < 32; bit++) reversed = (reversed << 1) | ((value >>> bit) & 1)
  return reversed
}
