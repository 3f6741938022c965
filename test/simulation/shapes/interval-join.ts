/** Two streams joined by key where their times are close, inner and outer. */
import { boundedOutOfOrderness, defineJob } from '../../../api/index.ts'
import type { Environment } from '../../../api/environment.ts'
import type { KeyedStream } from '../../../api/keyed-stream.ts'
import { DISORDER_MS, items, splitsSource } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

const LOWER_MS = -15
const UPPER_MS = 45

export const intervalJoin: Shape = {
  name: 'interval-join',
  make(random) {
    const left = items(random, { records: 22, splits: 2, keys: 3 })
    const right = items(random, { records: 22, splits: 2, keys: 3, firstId: 100 })
    const job = defineJob('interval join', (env) => {
      const interval = { lowerMs: LOWER_MS, upperMs: UPPER_MS }
      const lefts = timed(env, 'left', left)
      const rights = timed(env, 'right', right)
      lefts
        .intervalJoin(rights, interval)
        .inner((a, b) => ({ left: a.id, right: b.id }))
        .collect('inner')
      lefts
        .intervalJoin(rights, interval)
        .left((a, b) => ({ left: a.id, right: b?.id ?? -1 }))
        .collect('left')
    })
    const inner = left
      .flat()
      .flatMap((a) => partners(a, right).map((b) => ({ left: a.id, right: b.id })))
    const alone = left.flat().filter((a) => partners(a, right).length === 0)
    return {
      job,
      expected: { inner, left: [...inner, ...alone.map(({ id }) => ({ left: id, right: -1 }))] },
    }
  },
}

function timed(
  env: Environment,
  name: string,
  splits: readonly (readonly Item[])[],
): KeyedStream<string, Item> {
  const watermarks = boundedOutOfOrderness(DISORDER_MS)
  return env
    .from(splitsSource(name, splits), { timestamp: ({ at }) => at, watermarks })
    .keyBy(({ key }) => key)
}

function partners(a: Item, right: readonly (readonly Item[])[]): Item[] {
  return right
    .flat()
    .filter((b) => b.key === a.key && b.at >= a.at + LOWER_MS && b.at <= a.at + UPPER_MS)
}
