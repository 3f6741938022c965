/** Keyed state of which a little changes from one checkpoint to the next, for so long that they build on each other; what is put into it is taken out again. */
import { defineJob, listState, mapState, valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { groups, items, splitsSource } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

/** So many records wait for each other. */
const TOGETHER = 3

interface Count {
  readonly key: string
  readonly n: number
}

export const changingState: Shape = {
  name: 'changing-state',
  make(random) {
    const splits = items(random, { records: 150, splits: 6, keys: 12 })
    const job = defineJob('changing-state', (env) => {
      env
        .from(splitsSource('items', splits))
        // Tuples of two integers, which state keeps in a table of their own.
        .keyBy(({ key }) => [Number(key.slice(1)), -1])
        .process({
          state: {
            n: valueState<number>({ initial: () => 0 }),
            waiting: listState<number>(),
            ofEach: mapState<number, number>(),
          },
          processRecord({ id, key, amount }: Item, { state, timers }, emit: Emit<Count>) {
            timers.registerEventTime(Number.POSITIVE_INFINITY)
            state.n.set(state.n.get() + 1)
            state.ofEach.set(amount, (state.ofEach.get(amount) ?? 0) + 1)
            emit({ key: `${key} ${amount}`, n: state.ofEach.get(amount) ?? 0 })
            state.waiting.add(id)
            if (state.waiting.get().length < TOGETHER) return
            for (const each of state.waiting.get()) emit({ key: 'ids', n: each })
            state.waiting.clear()
          },
          onTimer(_timer, { key, state }, emit: Emit<Count>) {
            emit({ key: `k${key[0]}`, n: state.n.get() })
            for (const each of state.waiting.get()) emit({ key: 'ids', n: each })
          },
        })
        .collect('counts')
    })
    const all = splits.flat()
    const counted = (byKey: readonly [string, readonly Item[]][]): Count[] =>
      byKey.flatMap(([key, own]) => own.map((_, i) => ({ key, n: i + 1 })))
    return {
      job,
      parallelism: [1, 3, 2],
      grows: { counts: 'n' },
      expected: {
        counts: [
          ...counted(groups(all, ({ key, amount }) => `${key} ${amount}`)),
          ...groups(all, ({ key }) => key).map(([key, own]) => ({ key, n: own.length })),
          ...all.map(({ id }) => ({ key: 'ids', n: id })),
        ],
      },
    }
  },
}
