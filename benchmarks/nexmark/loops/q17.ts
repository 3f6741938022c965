/** Query 17 by hand: bids and prices per auction and day. */
import type { Bid } from '../model.ts'
import { classOf } from '../queries/bid-statistics.ts'
import { dayOf } from '../queries/formats.ts'
import { perDay } from './days.ts'
import type { Gathered } from './days.ts'
import type { Loop } from './loop.ts'

class Prices implements Gathered {
  bids = 0
  cheap = 0
  middling = 0
  dear = 0
  lowest = Number.POSITIVE_INFINITY
  highest = Number.NEGATIVE_INFINITY
  sum = 0
  isChanged = false

  add({ price }: Bid): void {
    this.bids++
    const priceClass = classOf(price)
    if (priceClass === 1) this.cheap++
    else if (priceClass === 2) this.middling++
    else this.dear++
    if (price < this.lowest) this.lowest = price
    if (price > this.highest) this.highest = price
    this.sum += price
    this.isChanged = true
  }
}

export const q17: Loop = (input, emit) => {
  perDay(input, {
    keyOf: ({ auction }) => auction,
    create: () => new Prices(),
    send(auction, day, { bids, cheap, middling, dear, lowest, highest, sum }) {
      const mean = Math.trunc(sum / bids)
      emit([auction, dayOf(day), bids, cheap, middling, dear, lowest, highest, mean, sum])
    },
  })
}
