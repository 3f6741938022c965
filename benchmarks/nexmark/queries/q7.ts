/**
 * Query 7: the highest bids of every ten seconds.
 *
 * A bid at the very end of a window counts if it is as high as the highest in the window, although it belongs to the next one: such
 * bids wait for that window's result.
 */
import { tumbling, valueState } from '../../../api/index.ts'
import type { Emit, Stream } from '../../../api/index.ts'
import type { Bid } from '../model.ts'
import { mostOf } from './most-of.ts'
import type { Query, Row } from './query.ts'

const SIZE_MS = 10_000

export const q7: Query = {
  title: 'highest bids',
  columns: ['auction', 'price', 'bidder', 'dateTime', 'extra'],
  build({ bids }) {
    const highest = bids.windowAll(tumbling(SIZE_MS)).aggregate(mostOf((bid: Bid) => bid.price))
    return highest
      .flatMap((most) => most)
      .union(highestAtTheEnd(bids, highest))
      .map(({ auction, price, bidder, dateTime, extra }): Row => [
        auction,
        price,
        bidder,
        dateTime,
        extra,
      ])
  },
}

interface Highest {
  readonly windowEnd: number
  readonly price: number
}

/** Bids at the moment when a window ends that are as high as its highest. */
function highestAtTheEnd(bids: Stream<Bid>, highest: Stream<readonly Bid[]>): Stream<Bid> {
  const prices = highest.map((most, timestamp): Highest => ({
    windowEnd: timestamp + 1,
    price: (most[0] as Bid).price,
  }))
  return bids
    .filter((bid) => bid.dateTime % SIZE_MS === 0)
    .keyBy((bid) => bid.dateTime)
    .connect(prices.keyBy((price) => price.windowEnd))
    .process({
      state: {
        highest: valueState<number>(),
        bids: valueState({ initial: (): readonly Bid[] => [] }),
      },
      processRecord1(bid, { state }) {
        state.bids.set([...state.bids.get(), bid])
      },
      processRecord2({ price, windowEnd }, { state, timers }) {
        state.highest.set(price)
        timers.registerEventTime(windowEnd)
      },
      onTimer(_timer, { state }, emit: Emit<Bid>) {
        const highest = state.highest.get()
        for (const bid of state.bids.get()) if (bid.price === highest) emit(bid)
        state.bids.clear()
        state.highest.clear()
      },
    })
}
