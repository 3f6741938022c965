/** Two streams of different types that meet by key in one process function, with state in common. */
import { defineJob, mapState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { items, splitsSource } from './input.ts'
import type { Shape } from './shape.ts'

interface Pair {
  readonly id: number
  readonly amount: number
  readonly paid: number
}

export const coProcess: Shape = {
  name: 'co-process',
  make(random) {
    const orders = items(random, { records: 24, splits: 2 })
    const payments = orders
      .flat()
      .toReversed()
      .filter(() => random() < 0.7)
      .map(({ id, key, amount }) => ({ order: id, customer: key, paid: amount + 1 }))
    const job = defineJob('co-process', (env) => {
      env
        .from(splitsSource('orders', orders))
        .keyBy(({ key }) => key)
        .connect(
          env
            .from(splitsSource('payments', [payments.slice(0, 8), payments.slice(8)]))
            .keyBy(({ customer }) => customer),
        )
        .process({
          state: { orders: mapState<number, number>(), payments: mapState<number, number>() },
          processRecord1({ id, amount }, { state }, emit: Emit<Pair>) {
            const paid = state.payments.get(id)
            if (paid === undefined) return state.orders.set(id, amount)
            state.payments.delete(id)
            emit({ id, amount, paid })
          },
          processRecord2({ order, paid }, { state }, emit: Emit<Pair>) {
            const amount = state.orders.get(order)
            if (amount === undefined) return state.payments.set(order, paid)
            state.orders.delete(order)
            emit({ id: order, amount, paid })
          },
        })
        .collect('pairs')
    })
    return {
      job,
      expected: {
        pairs: payments.map(({ order, paid }) => ({ id: order, amount: paid - 1, paid })),
      },
    }
  },
}
