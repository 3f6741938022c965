/** Three sources, two of them with an operator in their chain, into one stream, which is kept as it is and counted by key. */
import { count, defineJob } from '../../../api/index.ts'
import { groups, items, splitsSource } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

const minus = (item: Item): Item => ({ ...item, amount: -item.amount })
const isEven = ({ id }: Item): boolean => id % 2 === 0

export const union: Shape = {
  name: 'union',
  make(random) {
    const inputs = [0, 100, 200].map((firstId) =>
      items(random, { records: 14, splits: 2, firstId }),
    )
    const [first = [], second = [], third = []] = inputs
    const job = defineJob('union', (env) => {
      const all = env
        .from(splitsSource('first', first))
        .union(
          env.from(splitsSource('second', second)).map(minus),
          env.from(splitsSource('third', third)).filter(isEven),
        )
      all.map(({ id, amount }) => ({ id, amount })).collect('all')
      all
        .keyBy(({ key }) => key)
        .aggregate(count(), (n, key) => ({ key, n }))
        .collect('counts')
    })
    const all = [...first.flat(), ...second.flat().map(minus), ...third.flat().filter(isEven)]
    return {
      job,
      expected: {
        all: all.map(({ id, amount }) => ({ id, amount })),
        counts: groups(all, ({ key }) => key).flatMap(([key, own]) =>
          own.map((_, i) => ({ key, n: i + 1 })),
        ),
      },
    }
  },
}
