/** Sessions by key, which merge as records come between them, with the lists of what was in them. */
import { boundedOutOfOrderness, count, defineJob, session } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { DISORDER_MS, groups, items, splitsSource } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

const GAP_MS = 35

interface Session {
  readonly key: string
  readonly from: number
  readonly ids: readonly number[]
}

export const sessionWindows: Shape = {
  name: 'session-windows',
  make(random) {
    const splits = items(random, { records: 36, keys: 4 })
    const job = defineJob('session windows', (env) => {
      const byKey = env
        .from(splitsSource('items', splits), {
          timestamp: ({ at }) => at,
          watermarks: boundedOutOfOrderness(DISORDER_MS),
        })
        .keyBy(({ key }) => key)
      byKey
        .window(session(GAP_MS))
        .aggregate(count(), (n, { key, windowStart, windowEnd }) => ({
          key,
          from: windowStart,
          to: windowEnd,
          n,
        }))
        .collect('counts')
      byKey
        .window(session(GAP_MS))
        .process({
          process({ key, window }, elements, emit: Emit<Session>) {
            const ids = Array.from(elements, ({ id }) => id).toSorted((a, b) => a - b)
            emit({ key, from: window.start, ids: [...new Set(ids)] })
          },
        })
        .collect('contents')
    })
    const sessions = groups(splits.flat(), ({ key }) => key).flatMap(([, own]) => sessionsOf(own))
    return {
      job,
      grows: { counts: 'n' },
      expected: {
        counts: sessions.map((own) => ({
          key: own[0]?.key,
          from: own[0]?.at,
          to: (own.at(-1)?.at ?? 0) + GAP_MS,
          n: own.length,
        })),
        contents: sessions.map((own) => ({
          key: own[0]?.key,
          from: own[0]?.at,
          ids: own.map(({ id }) => id).toSorted((a, b) => a - b),
        })),
      },
    }
  },
}

/** Cuts the records of a key where nothing comes for the gap, or longer. */
function sessionsOf(own: readonly Item[]): Item[][] {
  const found: Item[][] = []
  for (const item of own.toSorted((a, b) => a.at - b.at)) {
    const last = found.at(-1)
    if (last === undefined || item.at - (last.at(-1)?.at ?? 0) > GAP_MS) found.push([item])
    else last.push(item)
  }
  return found
}
