/** One stream into three branches of different length and partitioning, which meet again: each key knows the sum of all three. */
import { defineJob, valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { groups, items, splitsSource, total } from './input.ts'
import type { Shape } from './shape.ts'

interface Sum {
  readonly key: string
  readonly amount: number
}

export const diamond: Shape = {
  name: 'diamond',
  make(random) {
    const splits = items(random, { records: 30 })
    const job = defineJob('diamond', (env) => {
      const source = env.from(splitsSource('items', splits), { timestamp: ({ at }) => at })
      const upper = source
        .rebalance()
        .map((item) => ({ ...item, amount: item.amount * 10 }), { chain: false })
      const lower = source.shuffle().flatMap((item) => [item, item])
      source
        .forward()
        .union(upper, lower)
        .keyBy(({ key }) => key)
        .process({
          state: { sum: valueState<number>({ initial: () => 0 }) },
          processRecord({ amount }, { state, timers }) {
            if (state.sum.get() === 0) timers.registerEventTime(Number.POSITIVE_INFINITY)
            state.sum.set(state.sum.get() + amount)
          },
          onTimer(_timer, { key, state }, emit: Emit<Sum>) {
            emit({ key, amount: state.sum.get() })
            state.sum.clear()
          },
        })
        .collect('sums')
    })
    return {
      job,
      grows: { sums: 'amount' },
      expected: {
        sums: groups(splits.flat(), ({ key }) => key).map(([key, own]) => ({
          key,
          amount: 13 * total(own),
        })),
      },
    }
  },
}
