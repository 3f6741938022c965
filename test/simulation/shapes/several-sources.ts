/** Sources that read several splits side by side and keep together, one fast and one slow; each key gets the records of both in order of time. */
import { boundedOutOfOrderness, defineJob, listState, withAlignment } from '../../../api/index.ts'
import type { Emit, Stream } from '../../../api/index.ts'
import type { Environment } from '../../../api/environment.ts'
import { groups, items, splitsSource } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

/** More than the time from the first record to the last one: a split may be found after others have been read. */
const LATEST_MS = 1_000

export const severalSources: Shape = {
  name: 'several-sources',
  make(random) {
    const slow = items(random, { records: 12, splits: 3 })
    const fast = items(random, { records: 24, splits: 4, firstId: 100 })
    const job = defineJob('several sources', (env) => {
      source(env, 'slow', slow)
        .union(source(env, 'fast', fast))
        .keyBy(({ key }) => key)
        .process({
          state: { items: listState<Item>() },
          processRecord(item, { state, timers }) {
            state.items.add(item)
            timers.registerEventTime(item.at + LATEST_MS)
          },
          onTimer({ time }, { state }, emit: Emit<{ id: number; at: number }>) {
            const due = [...state.items.get()].filter(({ at }) => at === time - LATEST_MS)
            for (const { id, at } of due) emit({ id, at })
            state.items.set([...state.items.get()].filter((item) => !due.includes(item)))
          },
        })
        .collect('in time')
    })
    const all = [...slow.flat(), ...fast.flat()]
    return {
      job,
      expected: {
        'in time': groups(all, ({ key }) => key).flatMap(([, own]) =>
          own.map(({ id, at }) => ({ id, at })),
        ),
      },
    }
  },
}

function source(
  env: Environment,
  name: string,
  splits: readonly (readonly Item[])[],
): Stream<Item> {
  return env.from(splitsSource(name, splits, 2), {
    timestamp: ({ at }) => at,
    watermarks: withAlignment(boundedOutOfOrderness(LATEST_MS), {
      group: 'all',
      maxDriftMs: 60,
      updateIntervalMs: 1,
    }),
  })
}
