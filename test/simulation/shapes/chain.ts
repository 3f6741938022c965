/** A source, four operators in a chain, two outputs: a sink and a collected stream. */
import { defineJob } from '../../../api/index.ts'
import { discardSink } from '../../../connectors/discard/index.ts'
import { items, splitsSource } from './input.ts'
import type { Shape } from './shape.ts'

export const chain: Shape = {
  name: 'chain',
  make(random) {
    const splits = items(random)
    const job = defineJob('chain', (env) => {
      const halves = env
        .from(splitsSource('items', splits))
        .filter(({ amount }) => amount > 2)
        .flatMap(({ id, amount }) =>
          amount % 2 === 0
            ? [{ id, amount }]
            : [
                { id, amount },
                { id, amount: 0 },
              ],
        )
        .map(({ id, amount }) => ({ id, half: amount / 2 }))
      halves.to(discardSink(), { name: 'sunk' })
      halves
        .rebalance()
        .map(({ id, half }) => ({ id, double: half * 2 }))
        .collect('doubled')
    })
    const sunk = splits.flat().flatMap(({ id, amount }) => {
      if (amount <= 2) return []
      return amount % 2 === 0
        ? [{ id, half: amount / 2 }]
        : [
            { id, half: amount / 2 },
            { id, half: 0 },
          ]
    })
    return {
      job,
      expected: { sunk, doubled: sunk.map(({ id, half }) => ({ id, double: half * 2 })) },
    }
  },
}
