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
  const windows = new HighestBids(emit)
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type === 2) windows.add(event.bid)
  }
  windows.end()
}

/** The windows. */
export class HighestBids {
  readonly #emit: EmitRow
  /** Few, in no order. */
  #windows: Window[] = []
  #current: Window = { end: -1, price: Number.NEGATIVE_INFINITY, highest: [], atTheEnd: [] }
  #firstEnd = Number.POSITIVE_INFINITY

  constructor(emit: EmitRow) {
    this.#emit = emit
  }

  /** Looks at a bid, and emits the windows that are over. */
  add(bid: Bid): void {
    const { dateTime, price } = bid
    if (dateTime % SIZE_MS === 0) this.#at(dateTime).atTheEnd.push(bid)
    let window = this.#current
    if (dateTime >= window.end || dateTime < window.end - SIZE_MS)
      this.#current = window = this.#at(dateTime - (dateTime % SIZE_MS) + SIZE_MS)
    if (price > window.price) {
      window.price = price
      window.highest = [bid]
    } else if (price === window.price) {
      window.highest.push(bid)
    }
    if (dateTime - BEHIND_MS >= this.#firstEnd) this.#emitOver(dateTime - BEHIND_MS)
  }

  /** Emits the windows that are left. */
  end(): void {
    this.#emitOver(Number.POSITIVE_INFINITY)
  }

  #at(end: number): Window {
    for (const window of this.#windows) if (window.end === end) return window
    const window = { end, price: Number.NEGATIVE_INFINITY, highest: [], atTheEnd: [] }
    this.#windows.push(window)
    if (end < this.#firstEnd) this.#firstEnd = end
    return window
  }

  #emitOver(time: number): void {
    const windows = this.#windows
    for (const window of windows) if (window.end <= time) emitWindow(window, this.#emit)
    this.#windows = windows.filter(({ end }) => end > time)
    this.#firstEnd = Math.min(...this.#windows.map(({ end }) => end))
  }
}

function emitWindow({ price, highest, atTheEnd }: Window, emit: EmitRow): void {
  for (const bid of highest) emitBid(bid, emit)
  for (const bid of atTheEnd) if (bid.price === price) emitBid(bid, emit)
}

function emitBid({ auction, price, bidder, dateTime, extra }: Bid, emit: EmitRow): void {
  emit([auction, price, bidder, dateTime, extra])
}
