/** Query 4 by hand: average closing price per category. */
import type { Loop } from './loop.ts'
import { winningBids } from './winning-bids.ts'

export const q4: Loop = (input, emit) => {
  const prices = new Map<number, { sum: number; count: number }>()
  winningBids(input, ({ category }, { price }) => {
    let all = prices.get(category)
    if (all === undefined) prices.set(category, (all = { sum: 0, count: 0 }))
    all.sum += price
    all.count++
    emit([category, Math.trunc(all.sum / all.count)])
  })
}
