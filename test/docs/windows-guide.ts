/** The examples of docs/windows.md, between `#region` marks; `windows.test.ts` runs them and compares the text. */
// #region first
import { count, tumbling } from '../../api/index.ts'
import type { Stream } from '../../api/index.ts'

interface Order {
  readonly customer: string
  readonly amount: number
}

export const perMinute = (orders: Stream<Order>): Stream<object> =>
  orders
    .keyBy((order) => order.customer)
    .window(tumbling(60_000))
    .aggregate(count(), (orders, { key, windowStart }) => ({
      customer: key,
      minute: windowStart,
      orders,
    }))
// #endregion

// #region assigners
import { endOfStream, globalWindow, session, sliding } from '../../api/index.ts'

export const assigners = [
  tumbling(60_000), // one after the other
  tumbling({ size: 86_400_000, offset: -28_800_000 }), // days in UTC+8
  sliding({ size: 3_600_000, slide: 60_000 }), // the last hour, every minute
  session(1_800_000), // as long as no half hour passes without a record of the key
  session({ gapMs: (order: Order) => (order.amount > 100 ? 3_600_000 : 600_000) }),
  tumbling({ size: 1_000, time: 'processing' }), // by the clock; so do sliding and session
  endOfStream(), // everything, once bounded input has ended
  globalWindow(), // everything, whenever a trigger says so
]
// #endregion

// #region process
import { valueState } from '../../api/index.ts'
import type { Emit } from '../../api/index.ts'

export const visits = (orders: Stream<Order>): Stream<string> =>
  orders
    .keyBy((order) => order.customer)
    .window(session(1_800_000))
    .process({
      state: { visits: valueState<number>({ initial: () => 0 }) },
      process({ key, window, state }, orders, emit: Emit<string>) {
        const visit = state.visits.get() + 1
        state.visits.set(visit)
        emit(`${key}, visit ${visit}: ${orders.length} orders from ${window.start}`)
      },
    })
// #endregion

// #region both
import { outputTag, sum } from '../../api/index.ts'

const large = outputTag<string>('large')

export const totals = (orders: Stream<Order>): { main: Stream<number>; large: Stream<string> } => {
  const main = orders
    .keyBy((order) => order.customer)
    .window(tumbling(60_000))
    .aggregate(
      sum((order: Order) => order.amount),
      {
        process({ key, sideOutput }, total, emit: Emit<number>) {
          emit(total)
          if (total > 1_000) sideOutput(large, key)
        },
      },
    )
  return { main, large: main.sideOutput(large) }
}
// #endregion

// #region late
const late = outputTag<Order>('late')

export const patient = (orders: Stream<Order>): { main: Stream<string>; late: Stream<Order> } => {
  const main = orders
    .keyBy((order) => order.customer)
    .window(tumbling(60_000))
    .allowedLateness(30_000)
    .sideOutputLate(late)
    .aggregate(count(), (orders, { key, pane }) => `${key} ${orders} ${pane.timing}`)
  return { main, late: main.sideOutput(late) }
}
// #endregion

// #region results
export const early = (orders: Stream<Order>): Stream<string> =>
  orders
    .keyBy((order) => order.customer)
    .window(tumbling(60_000))
    .earlyResults({ everyMs: 1_000 })
    .aggregate(count(), (orders, { key, pane }) => `${key} ${orders} ${pane.timing}`)

export const final = (orders: Stream<Order>): Stream<string> =>
  orders
    .keyBy((order) => order.customer)
    .window(tumbling(60_000))
    .allowedLateness(30_000)
    .results('final')
    .aggregate(count(), (orders, { key }) => `${key} ${orders}`)
// #endregion

// #region triggers
import { evictors, mean, triggers } from '../../api/index.ts'
import type { Trigger } from '../../api/index.ts'

/** Fires, and begins anew, when the amounts have come to 1,000. */
const atThousand: Trigger<Order, { total: number }> = {
  name: 'at 1,000',
  createState: () => ({ total: 0 }),
  onElement({ amount }, _timestamp, { state }) {
    state.total += amount
    if (state.total < 1_000) return 'continue'
    state.total = 0
    return 'fireAndPurge'
  },
  onEventTime: () => 'continue',
  onProcessingTime: () => 'continue',
}

export const invoices = (orders: Stream<Order>): Stream<number> =>
  orders
    .keyBy((order) => order.customer)
    .window(globalWindow())
    .trigger(atThousand)
    .aggregate(count())

/** The three last orders of each customer, every time there is a new one. */
export const lastOrders = (orders: Stream<Order>): Stream<readonly number[]> =>
  orders
    .keyBy((order) => order.customer)
    .window(globalWindow())
    .trigger(triggers.count(1))
    .evictor(evictors.count(3))
    .process({
      process(_context, orders, emit: Emit<readonly number[]>) {
        emit(orders.map((order) => order.amount))
      },
    })

/** The mean of every ten orders, and of the last hundred at every tenth. */
export const byCount = (orders: Stream<Order>): Stream<number>[] => {
  const keyed = orders.keyBy((order) => order.customer)
  return [keyed.countWindow(10), keyed.countWindow(100, 10)].map((windows) =>
    windows.aggregate(mean((order: Order) => order.amount)),
  )
}
// #endregion

// #region all
import { max } from '../../api/index.ts'

export const largest = (orders: Stream<Order>): Stream<number | undefined> =>
  orders.windowAll(tumbling(60_000)).aggregate(max((order: Order) => order.amount))
// #endregion

// #region assigner
import type { WindowAssigner } from '../../api/index.ts'

const MONTH: WindowAssigner<Order> = {
  name: 'months',
  time: 'event',
  needsTimestamps: true,
  assignWindows(_order, timestamp) {
    const date = new Date(timestamp)
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
    return [{ start: Date.UTC(year, month), end: Date.UTC(year, month + 1) }]
  },
}

export const perMonth = (orders: Stream<Order>): Stream<number> =>
  orders
    .keyBy((order) => order.customer)
    .window(MONTH)
    .aggregate(count())
// #endregion
