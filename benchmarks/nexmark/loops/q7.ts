/** Query 7 by hand: the highest bids of every ten seconds, and those as high at the very end. */
import type { Bid } from '../model.ts'
import { BEHIND_MS } from './loop.ts'
import type { EmitRow, Loop } from './loop.ts'

const SIZE_MS = 10_000

interface Window {
  readonly end: number
  price: number
  highest: Bid[]
  readonly atTheEnd: Bid[]
}

export const q7: Loop = ({ generator, events }, emit) => {
  /** Few, in no order. */
  let windows: Window[] = []
  let current = openWindow(windows, Number.NEGATIVE_INFINITY)
  let firstEnd = Number.POSITIVE_INFINITY
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { bid } = event
    const { dateTime, price } = bid
    if (dateTime % SIZE_MS === 0) openWindow(windows, dateTime).atTheEnd.push(bid)
    if (dateTime >= current.end || dateTime < current.end - SIZE_MS)
      current = openWindow(windows, dateTime - (dateTime % SIZE_MS) + SIZE_MS)
    if (price > current.price) {
      current.price = price
      current.highest = [bid]
    } else if (price === current.price) {
      current.highest.push(bid)
    }
    if (current.end < firstEnd) firstEnd = current.end
    if (dateTime - BEHIND_MS < firstEnd) continue
    const over = dateTime - BEHIND_MS
    for (const window of windows) if (window.end <= over) emitWindow(window, emit)
    windows = windows.filter(({ end }) => end > over)
    firstEnd = Math.min(...windows.map(({ end }) => end))
  }
  for (const window of windows) emitWindow(window, emit)
}

function openWindow(windows: Window[], end: number): Window {
  for (const window of windows) if (window.end === end) return window
  const window = { end, price: Number.NEGATIVE_INFINITY, highest: [], atTheEnd: [] }
  windows.push(window)
  return window
}

function emitWindow({ price, highest, atTheEnd }: Window, emit: EmitRow): void {
  for (const bid of highest) emitBid(bid, emit)
  for (const bid of atTheEnd) if (bid.price === price) emitBid(bid, emit)
}

function emitBid({ auction, price, bidder, dateTime, extra }: Bid, emit: EmitRow): void {
  emit([auction, price, bidder, dateTime, extra])
}
