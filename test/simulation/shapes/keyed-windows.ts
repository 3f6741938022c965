/** Records by key, in tumbling windows with a pre-aggregate, in sliding windows, and counted one by one. */
import {
  boundedOutOfOrderness,
  combine,
  count,
  defineJob,
  sliding,
  sum,
  tumbling,
} from '../../../api/index.ts'
import { DISORDER_MS, groups, items, splitsSource, total } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

const TUMBLING_MS = 60
const SLIDE_MS = 40
const SLIDING_MS = 120

export const keyedWindows: Shape = {
  name: 'keyed-windows',
  make(random) {
    const splits = items(random, { records: 36 })
    const job = defineJob('keyed windows', (env) => {
      const byKey = env
        .from(splitsSource('items', splits), {
          timestamp: ({ at }) => at,
          watermarks: boundedOutOfOrderness(DISORDER_MS),
        })
        .keyBy(({ key }) => key)
      byKey
        .window(tumbling(TUMBLING_MS))
        .aggregate(
          combine({ n: count(), amount: sum((item: Item) => item.amount) }),
          (result, { key, windowStart }) => ({
            key,
            from: windowStart,
            amount: result.amount,
          }),
        )
        .collect('tumbling')
      byKey
        .window(sliding({ size: SLIDING_MS, slide: SLIDE_MS }))
        .aggregate(count(), (n, { key, windowStart }) => ({ key, from: windowStart, n }))
        .collect('sliding')
      byKey.aggregate(count(), (n, key) => ({ key, n })).collect('running')
    })
    const all = splits.flat()
    const byKey = groups(all, ({ key }) => key)
    return {
      job,
      grows: { tumbling: 'amount', sliding: 'n' },
      expected: {
        tumbling: byKey.flatMap(([key, own]) =>
          groups(own, ({ at }) => Math.floor(at / TUMBLING_MS) * TUMBLING_MS).map(
            ([from, inside]) => ({
              key,
              from,
              amount: total(inside),
            }),
          ),
        ),
        sliding: byKey.flatMap(([key, own]) =>
          slidingStarts(own).map((from) => ({
            key,
            from,
            n: own.filter(({ at }) => at >= from && at < from + SLIDING_MS).length,
          })),
        ),
        running: byKey.flatMap(([key, own]) => own.map((_, i) => ({ key, n: i + 1 }))),
      },
    }
  },
}

/** The begins of all windows with a record in them. */
function slidingStarts(own: readonly Item[]): number[] {
  const starts = new Set<number>()
  for (const { at } of own) {
    const newest = Math.floor(at / SLIDE_MS) * SLIDE_MS
    for (let from = newest; from > at - SLIDING_MS; from -= SLIDE_MS) starts.add(from)
  }
  return [...starts]
}
