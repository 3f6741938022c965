/** Records that tell how far event time has come, and whether each one that follows is late: which only the watermark of the chain knows. */
import { defineJob, punctuatedWatermarks } from '../../../api/index.ts'
import type { Emit } from '../../../api/index.ts'
import { items, splitsSource } from './input.ts'
import type { Item } from './input.ts'
import type { Shape } from './shape.ts'

interface Row {
  readonly id: number
  readonly late: boolean
}

/** A large record promises that nothing before this time follows, which is wrong now and then. */
const promise = ({ at, amount }: Item): number | undefined => (amount >= 7 ? at + 15 : undefined)

export const lateRecords: Shape = {
  name: 'late-records',
  make(random) {
    const splits = items(random, { records: 40, splits: 1 })
    const job = defineJob('late records', (env) => {
      env
        .from(splitsSource('items', splits), {
          parallelism: 1,
          timestamp: ({ at }) => at,
          watermarks: punctuatedWatermarks(promise),
        })
        .process(
          {
            processRecord({ id }, { timestamp, currentWatermark }, emit: Emit<Row>) {
              emit({ id, late: timestamp <= currentWatermark })
            },
          },
          { parallelism: 1 },
        )
        .collect('rows')
    })
    let watermark = Number.NEGATIVE_INFINITY
    const rows = splits.flat().map((item) => {
      const late = item.at <= watermark
      watermark = Math.max(watermark, promise(item) ?? watermark)
      return { id: item.id, late }
    })
    return { job, expected: { rows } }
  },
}
