/**
 * What the scaling benchmark runs: numbers → keyBy → an update of the state of the key, or a count per key in sliding windows.
 */
import { count, defineJob, monotonous, sliding, valueState } from '../../api/index.ts'
import type { Source } from '../../api/index.ts'
import { discardSink } from '../../connectors/discard/index.ts'

/** Records per second of event time, all splits together. */
export const RECORDS_PER_SLIDE = 10_000
const SLIDE_MS = 1_000
/** Keys that follow each other in the stream do not follow each other as numbers. */
const STRIDE = 7_919

interface Reading {
  readonly sensor: number
  readonly time: number
}

/** `count` readings of each of `splits` splits, in the order of their times. */
function readings(splits: number, count: number, keys: number): Source<Reading, number, number> {
  return {
    name: 'readings',
    enumerate: () => {
      let next = 0
      return { next: () => (next < splits ? next++ : undefined) }
    },
    open: (split, { batchSize }, position = 0) => {
      let at = position
      return {
        get position() {
          return at
        },
        read() {
          if (at >= count) return undefined
          const length = Math.min(batchSize, count - at)
          const batch: Reading[] = new Array(length)
          for (let i = 0; i < length; i++, at++) {
            const nth = at * splits + split
            const time = Math.floor((nth * SLIDE_MS) / RECORDS_PER_SLIDE)
            batch[i] = { sensor: (nth * STRIDE) % keys, time }
          }
          return batch
        },
      }
    },
  }
}

export default defineJob(
  {
    name: 'scaling',
    args: {
      splits: { type: 'integer', default: 1 },
      records: { type: 'integer', default: 1_000_000, description: 'per split' },
      keys: { type: 'integer', default: 1_000 },
      slides: { type: 'integer', default: 0, description: 'of a window; 0: state, no windows' },
    },
  },
  (env, { splits, records, keys, slides }) => {
    const time = { timestamp: (reading: Reading) => reading.time, watermarks: monotonous() }
    const keyed = env.from(readings(splits, records, keys), time).keyBy(({ sensor }) => sensor)
    if (slides > 0) {
      const windows = sliding({ size: slides * SLIDE_MS, slide: SLIDE_MS })
      keyed.window(windows).aggregate(count()).to(discardSink())
      return
    }
    keyed
      .process({
        state: { readings: valueState<number>() },
        processRecord: (_reading, { state }) => {
          state.readings.set((state.readings.get() ?? 0) + 1)
        },
      })
      .to(discardSink())
  },
)
