/** The examples of docs/state.md, between `#region` marks; `state.test.ts` runs them and compares the text. */
// #region first
import { valueState } from '../../api/index.ts'
import type { Emit, Stream } from '../../api/index.ts'

interface Order {
  readonly customer: string
  readonly product: string
  readonly amount: number
}

export const runningTotals = (orders: Stream<Order>): Stream<string> =>
  orders
    .keyBy((order) => order.customer)
    .process({
      state: { total: valueState<number>({ initial: () => 0 }) },
      processRecord(order, { key, state }, emit: Emit<string>) {
        const total = state.total.get() + order.amount
        state.total.set(total)
        emit(`${key}: ${total}`)
      },
    })
// #endregion

// #region kinds
import { aggregatingState, listState, mapState, mean, reducingState } from '../../api/index.ts'

const states = {
  last: valueState<Order>(),
  amounts: listState<number>(),
  byProduct: mapState<string, number>(),
  largest: reducingState((a: number, b: number) => Math.max(a, b)),
  mean: aggregatingState(mean((order: Order) => order.amount)),
}

export const profiles = (orders: Stream<Order>): Stream<object> =>
  orders
    .keyBy((order) => order.customer)
    .process({
      state: states,
      processRecord(order, { state }, emit: Emit<object>) {
        const { product, amount } = order
        state.last.set(order)
        state.amounts.add(amount)
        state.byProduct.set(product, (state.byProduct.get(product) ?? 0) + amount)
        state.largest.add(amount)
        state.mean.add(order)
        emit({
          amounts: [...state.amounts.get()],
          products: state.byProduct.size,
          largest: state.largest.get(),
          mean: state.mean.get(),
        })
      },
    })
// #endregion

// #region ttl
export const firstOrders = (orders: Stream<Order>): Stream<Order> =>
  orders
    .keyBy((order) => [order.customer, order.product])
    .process({
      state: { seen: valueState<boolean>({ ttl: { ttlMs: 86_400_000 } }) },
      processRecord(order, { state }, emit: Emit<Order>) {
        if (state.seen.get() === undefined) emit(order)
        state.seen.set(true)
      },
    })
// #endregion

// #region operator
import { splitListState } from '../../api/index.ts'

export const inPairs = (orders: Stream<Order>): Stream<readonly Order[]> =>
  orders.process({
    operatorState: { waiting: splitListState<Order>() },
    processRecord(order, { operatorState }, emit: Emit<readonly Order[]>) {
      operatorState.waiting.add(order)
      if (operatorState.waiting.get().length < 2) return
      emit([...operatorState.waiting.get()])
      operatorState.waiting.clear()
    },
  })
// #endregion

// #region version
interface Money {
  readonly cents: number
}

export const total = valueState<Money>({
  version: 2,
  migrate: (stored) => ({ cents: (stored as number) * 100 }), // version 1 was a number of euros
})
// #endregion
