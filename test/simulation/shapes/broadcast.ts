/** Rules for every subtask: each record meets each rule once, whichever of them comes first. */
import { broadcastState, defineJob, listState } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { items, splitsSource, whole } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

interface Match {
  readonly id: number
  readonly rule: number
}

export const broadcast: Shape = {
  name: 'broadcast',
  make(random) {
    const splits = items(random, { records: 24 })
    const rules = Array.from({ length: 4 }, (_, rule) => ({ rule, least: whole(random, 10) }))
    const job = defineJob('broadcast', (env) => {
      const everywhere = env
        .from(splitsSource('rules', [rules]))
        .broadcast({ rules: broadcastState<number, number>() })
      env
        .from(splitsSource('items', splits))
        .keyBy(({ key }) => key)
        .connect(everywhere)
        .process({
          state: { seen: listState<Item>() },
          processRecord(item, { state, broadcast: known }, emit: Emit<Match>) {
            state.seen.add(item)
            for (const [rule, least] of known.rules.entries())
              if (item.amount >= least) emit({ id: item.id, rule })
          },
          processBroadcast({ rule, least }, { broadcast: known, forEachKey }, emit: Emit<Match>) {
            known.rules.set(rule, least)
            forEachKey('seen', (_key, seen) => {
              for (const { id, amount } of seen.get()) if (amount >= least) emit({ id, rule })
            })
          },
        })
        .collect('matches')
    })
    return {
      job,
      expected: {
        matches: splits
          .flat()
          .flatMap(({ id, amount }) =>
            rules.filter(({ least }) => amount >= least).map(({ rule }) => ({ id, rule })),
          ),
      },
    }
  },
}
