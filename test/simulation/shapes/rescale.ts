/** Keyed state, timers and lists of subtasks that change hands: one subtask at first, then three, then two. */
import { broadcastState, defineJob, splitListState, valueState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { groups, items, splitsSource } from './input.ts'
import type { Shape } from './shape.ts'

interface Count {
  readonly key: string
  readonly n: number
}

export const rescale: Shape = {
  name: 'rescale',
  make(random) {
    const splits = items(random, { records: 40, splits: 5, keys: 12 })
    const job = defineJob('rescale', (env) => {
      const source = env.from(splitsSource('items', splits))
      source
        .keyBy(({ key }) => key)
        .process({
          state: { n: valueState<number>({ initial: () => 0 }) },
          processRecord(_item, { key, state, timers }, emit: Emit<Count>) {
            timers.registerEventTime(Number.POSITIVE_INFINITY)
            state.n.set(state.n.get() + 1)
            emit({ key, n: state.n.get() })
          },
          onTimer(_timer, { key, state }, emit: Emit<Count>) {
            emit({ key, n: -state.n.get() })
          },
        })
        .collect('counts')
      const opening = env.from(splitsSource('opening', [[{ open: true }]]))
      source
        .rebalance()
        .connect(opening.broadcast({ gate: broadcastState<string, boolean>() }))
        .process({
          // What comes before the gate is open waits, in a list that is dealt out anew.
          operatorState: { waiting: splitListState<number>() },
          processRecord({ id }, { broadcast, operatorState }, emit: Emit<{ id: number }>) {
            if (broadcast.gate.get('open') === true) emit({ id })
            else operatorState.waiting.add(id)
          },
          processBroadcast({ open }, { broadcast, operatorState }, emit: Emit<{ id: number }>) {
            broadcast.gate.set('open', open)
            for (const id of operatorState.waiting.get()) emit({ id })
            operatorState.waiting.clear()
          },
        })
        .collect('through the gate')
    })
    const all = splits.flat()
    return {
      job,
      parallelism: [1, 3, 2],
      expected: {
        counts: groups(all, ({ key }) => key).flatMap(([key, own]) => [
          ...own.map((_, i) => ({ key, n: i + 1 })),
          { key, n: -own.length },
        ]),
        'through the gate': all.map(({ id }) => ({ id })),
      },
    }
  },
}
