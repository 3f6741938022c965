/** Records that wait for answers from outside, in order and out of order, with retries. */
import { count, defineJob, fixedDelay } from '../../../api/index.ts'
import { groups, items, splitsSource } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

export const asyncIo: Shape = {
  name: 'async-io',
  make(random) {
    const splits = items(random, { records: 30 })
    const job = defineJob('async I/O', (env) => {
      const source = env.from(splitsSource('items', splits))
      let asked = 0
      source
        .mapAsync(
          async (item: Item) => ({ id: item.id, twice: await Promise.resolve(2 * item.amount) }),
          { capacity: 3 },
        )
        .collect('in order')
      source
        .flatMapAsync(
          ({ id, key, amount }: Item) => {
            if (++asked % 5 === 0) return Promise.reject(new Error('ask again'))
            return Promise.resolve(
              Array.from({ length: amount % 3 }, (_, copy) => ({ id, key, copy })),
            )
          },
          { capacity: 5, order: 'unordered', retry: fixedDelay({ attempts: 10, delayMs: 2 }) },
        )
        .keyBy(({ key }) => key)
        .aggregate(count(), (n, key) => ({ key, n }))
        .collect('copies')
    })
    const all = splits.flat()
    return {
      job,
      expected: {
        'in order': all.map(({ id, amount }) => ({ id, twice: 2 * amount })),
        copies: groups(all, ({ key }) => key).flatMap(([key, own]) => {
          const copies = own.reduce((sum, { amount }) => sum + (amount % 3), 0)
          return Array.from({ length: copies }, (_, i) => ({ key, n: i + 1 }))
        }),
      },
    }
  },
}
