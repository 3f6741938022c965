/** Query 5 by hand: bids are counted once, in slices of two seconds, of which five make a window. */
import { BEHIND_MS } from './loop.ts'
import type { EmitRow, Loop } from './loop.ts'

const SLIDE_MS = 2_000
const SLICES = 5

/** Number of bids by auction. */
type Counts = Map<number, number>

export const q5: Loop = ({ generator, events }, emit) => {
  const slices = new Map<number, Counts>()
  let current = -1
  let counts: Counts = new Map()
  /** The last slice of the next window. */
  let next = Number.POSITIVE_INFINITY
  let hasEnded = false
  let last = -1
  for (let n = 0; n < events; n++) {
    const event = generator.at(n)
    if (event.event_type !== 2) continue
    const { auction, dateTime } = event.bid
    const slice = Math.floor(dateTime / SLIDE_MS)
    if (slice !== current) {
      current = slice
      const known = slices.get(slice)
      if (known !== undefined) {
        counts = known
      } else {
        slices.set(slice, (counts = new Map()))
        if (!hasEnded && slice < next) next = slice
        if (slice > last) last = slice
      }
    }
    counts.set(auction, (counts.get(auction) ?? 0) + 1)
    while (dateTime - BEHIND_MS >= (next + 1) * SLIDE_MS - 1) {
      emitWindow(slices, next++, emit)
      hasEnded = true
    }
  }
  while (next < last + SLICES) emitWindow(slices, next++, emit)
}

function emitWindow(slices: Map<number, Counts>, lastSlice: number, emit: EmitRow): void {
  const first = lastSlice - SLICES + 1
  const window: Counts = new Map()
  for (let slice = first; slice <= lastSlice; slice++) {
    const counts = slices.get(slice)
    if (counts === undefined) continue
    for (const [auction, count] of counts) window.set(auction, (window.get(auction) ?? 0) + count)
  }
  slices.delete(first)
  let most = 0
  let auctions: number[] = []
  for (const [auction, count] of window) {
    if (count > most) {
      most = count
      auctions = [auction]
    } else if (count === most) {
      auctions.push(auction)
    }
  }
  const start = first * SLIDE_MS
  for (const auction of auctions) emit([auction, most, start, start + SLICES * SLIDE_MS])
}
