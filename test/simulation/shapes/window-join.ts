/** Two streams that meet window by window: pairs, and whole groups. */
import { boundedOutOfOrderness, defineJob, tumbling } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import type { Environment } from '../../../api/environment.ts'
import { DISORDER_MS, groups, items, splitsSource } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

const SIZE_MS = 70

interface Group {
  readonly key: string
  readonly from: number
  readonly lefts: readonly number[]
  readonly rights: readonly number[]
}

const from = ({ at }: Item): number => Math.floor(at / SIZE_MS) * SIZE_MS
const idsOf = (own: readonly Item[]): number[] =>
  [...new Set(own.map(({ id }) => id))].toSorted((a, b) => a - b)

export const windowJoin: Shape = {
  name: 'window-join',
  make(random) {
    const left = items(random, { records: 20, splits: 2, keys: 3 })
    const right = items(random, { records: 20, splits: 2, keys: 3, firstId: 100 })
    const job = defineJob('window join', (env) => {
      const lefts = source(env, 'left', left).keyBy(({ key }) => key)
      const rights = source(env, 'right', right).keyBy(({ key }) => key)
      lefts
        .join(rights)
        .window(tumbling(SIZE_MS))
        .inner((a, b) => ({ left: a.id, right: b.id }))
        .collect('pairs')
      lefts
        .coGroup(rights)
        .window(tumbling(SIZE_MS))
        .process({
          coGroup({ key, window }, { first, second }, emit: Emit<Group>) {
            emit({ key, from: window.start, lefts: idsOf(first), rights: idsOf(second) })
          },
        })
        .collect('groups')
    })
    const [lefts, rights] = [left.flat(), right.flat()]
    const both = groups([...lefts, ...rights], (item) => `${item.key} ${from(item)}`)
    return {
      job,
      expected: {
        pairs: lefts.flatMap((a) =>
          rights
            .filter((b) => a.key === b.key && from(a) === from(b))
            .map((b) => ({ left: a.id, right: b.id })),
        ),
        groups: both.map(([, own]) => ({
          key: own[0]?.key,
          from: from(own[0] as Item),
          lefts: idsOf(own.filter(({ id }) => id < 100)),
          rights: idsOf(own.filter(({ id }) => id >= 100)),
        })),
      },
    }
  },
}

function source(env: Environment, name: string, splits: readonly (readonly Item[])[]) {
  const watermarks = boundedOutOfOrderness(DISORDER_MS)
  return env.from(splitsSource(name, splits), { timestamp: ({ at }) => at, watermarks })
}
