/** One operator with a main output, two side outputs and dead letters, each of which goes another way. */
import { defineJob, outputTag } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { items, splitsSource } from './input.ts'
import type { Shape } from './shape.ts'

interface Row {
  readonly id: number
}

export const sideOutputs: Shape = {
  name: 'side-outputs',
  make(random) {
    const splits = items(random)
    const small = outputTag<Row>('small')
    const large = outputTag<Row>('large')
    const job = defineJob('side outputs', (env) => {
      const sorted = env.from(splitsSource('items', splits)).process(
        {
          processRecord({ id, amount }, { sideOutput }, emit: Emit<Row>) {
            if (amount === 5) throw new Error('five')
            if (amount < 4) sideOutput(small, { id })
            else if (amount > 6) sideOutput(large, { id })
            else emit({ id })
          },
        },
        { onError: 'deadLetter' },
      )
      sorted.collect('middle')
      sorted
        .sideOutput(small)
        .rebalance()
        .map(({ id }) => ({ id, small: true }))
        .collect('small')
      sorted
        .sideOutput(large)
        .keyBy(({ id }) => id % 3)
        .reduce((a, b) => ({ id: a.id + b.id }), { name: 'sums' })
        .filter(({ id }) => id < 0)
        .collect('negative')
      sorted
        .sideOutput(large)
        .union(sorted)
        .map(({ id }) => ({ id, atLeast: 4 }))
        .collect('not small')
      sorted
        .deadLetters()
        .map(({ record }) => ({ id: (record as Row).id }))
        .collect('dead letters')
    })
    const ids = (holds: (amount: number) => boolean): Row[] =>
      splits
        .flat()
        .filter(({ amount }) => holds(amount))
        .map(({ id }) => ({ id }))
    return {
      job,
      expected: {
        middle: ids((amount) => amount === 4 || amount === 6),
        small: ids((amount) => amount < 4).map(({ id }) => ({ id, small: true })),
        negative: [],
        'not small': ids((amount) => amount === 4 || amount >= 6).map(({ id }) => ({
          id,
          atLeast: 4,
        })),
        'dead letters': ids((amount) => amount === 5),
      },
    }
  },
}
