/**
 * Where bids come from: four channels that everybody knows, and ten thousand others. Each has one url, made when it is first needed.
 */
import { EventRandom } from './event-random.ts'
import { urlPart } from './texts.ts'

const HOT_NAMES = ['Google', 'Facebook', 'Baidu', 'Apple']
/** Number of channels that everybody knows: the first ones. */
export const HOT_CHANNELS = HOT_NAMES.length
/** Number of all channels. */
export const CHANNELS = HOT_CHANNELS + 10_000
const HOT_STREAM = 3
const COLD_STREAM = 4

// Two lists of texts rather than one of pairs: bids ask for any of them in any order, and these stay in the cache of the processor.
const channels: (string | undefined)[] = new Array(CHANNELS)
const urls: (string | undefined)[] = new Array(CHANNELS)

/** The name of a channel, 0 to `CHANNELS` - 1. */
export function channelAt(index: number): string {
  return channels[index] ?? makeChannel(index).channel
}

/** Its url. */
export function urlAt(index: number): string {
  return urls[index] ?? makeChannel(index).url
}

function makeChannel(index: number): { readonly channel: string; readonly url: string } {
  const { channel, url } =
    index < HOT_CHANNELS ? hotChannel(index) : coldChannel(index - HOT_CHANNELS)
  const made = { channel: inOnePiece(channel), url: inOnePiece(url) }
  channels[index] = made.channel
  urls[index] = made.url
  return made
}

/** V8 keeps a joined text as a tree of its parts, and a bid that crosses threads would have to be gathered from them each time. */
function inOnePiece(ascii: string): string {
  return Buffer.from(ascii, 'latin1').toString('latin1')
}

function hotChannel(index: number): { readonly channel: string; readonly url: string } {
  const random = new EventRandom()
  random.startAt(index, HOT_STREAM)
  return { channel: HOT_NAMES[index] as string, url: itemUrl(random) }
}

function coldChannel(index: number): { readonly channel: string; readonly url: string } {
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
