/** Query 5 by hand: bids are counted once, in slices of two seconds, of which five make a window. */
import type { Bid } from '../model.ts'
import { BEHIND_MS } from './loop.ts'
import type { EmitRow, Loop } from './loop.ts'

const SLIDE_MS = 2_000
const SLICES = 5

/** Number of bids by auction. */
type Counts = Map<number, number>

export const q5: Loop = ({ generator, events }, emit) => {
  const windows = new PopularAuctions(emit)
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type === 2) windows.add(event.bid)
  }
  windows.end()
}

/** The windows. */
export class PopularAuctions {
  readonly #emit: EmitRow
  readonly #slices = new Map<number, Counts>()
  #current = -1
  #counts: Counts = new Map()
  /** The last slice of the next window. */
  #next = Number.POSITIVE_INFINITY
  #hasEnded = false
  #last = -1

  constructor(emit: EmitRow) {
    this.#emit = emit
  }

  /** Counts a bid, and emits the windows that are over. */
  add({ auction, dateTime }: Bid): void {
    const slice = Math.floor(dateTime / SLIDE_MS)
    if (slice !== this.#current) this.#move(slice)
    const counts = this.#counts
    counts.set(auction, (counts.get(auction) ?? 0) + 1)
    while (dateTime - BEHIND_MS >= (this.#next + 1) * SLIDE_MS - 1) {
      this.#emitWindow(this.#next++)
      this.#hasEnded = true
    }
  }

  /** Emits the windows that are left. */
  end(): void {
    while (this.#next < this.#last + SLICES) this.#emitWindow(this.#next++)
  }

  #move(slice: number): void {
    this.#current = slice
    const known = this.#slices.get(slice)
    if (known !== undefined) {
      this.#counts = known
      return
    }
    this.#counts = new Map()
    this.#slices.set(slice, this.#counts)
    if (!this.#hasEnded && slice < this.#next) this.#next = slice
    if (slice > this.#last) this.#last = slice
  }

  #emitWindow(lastSlice: number): void {
    const first = lastSlice - SLICES + 1
    const window: Counts = new Map()
    for (let slice = first; slice <= lastSlice; slice++) {
      const counts = this.#slices.get(slice)
      if (counts === undefined) continue
      for (const [auction, count] of counts) window.set(auction, (window.get(auction) ?? 0) + count)
    }
    this.#slices.delete(first)
    const start = first * SLIDE_MS
    const { most, auctions } = mostOf(window)
    for (const auction of auctions) this.#emit([auction, most, start, start + SLICES * SLIDE_MS])
  }
}

function mostOf(counts: Counts): { most: number; auctions: readonly number[] } {
  let most = 0
  let auctions: number[] = []
  for (const [auction, count] of counts) {
    if (count > most) {
      most = count
      auctions = [auction]
    } else if (count === most) {
      auctions.push(auction)
    }
  }
  return { most, auctions }
}
