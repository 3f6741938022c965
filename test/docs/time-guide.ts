/** The examples of docs/time.md, between `#region` marks; `time.test.ts` runs them and compares the text. */
// #region first
import { boundedOutOfOrderness, count, defineJob, runJob, tumbling } from '../../api/index.ts'
import { arraySource } from '../../connectors/collection/index.ts'

interface Order {
  readonly customer: string
  readonly placedAt: number
}

const orders: Order[] = [
  { customer: 'Ada', placedAt: 1_000 },
  { customer: 'Ada', placedAt: 62_000 },
  { customer: 'Ada', placedAt: 59_000 }, // out of order, and still counted in the first minute
]

const ordersPerMinute = defineJob('orders per minute', (env) => {
  env
    .from(arraySource(orders), {
      timestamp: (order) => order.placedAt,
      watermarks: boundedOutOfOrderness(5_000),
    })
    .keyBy((order) => order.customer)
    .window(tumbling(60_000))
    .aggregate(count(), (n, { key, windowStart }) => `${key} from ${windowStart}: ${n}`)
    .collect('counts')
})

export async function countOrders(): Promise<string[]> {
  const job = runJob(ordersPerMinute)
  const counts: string[] = []
  for await (const line of job.collect<string>('counts')) counts.push(line)
  return counts // ['Ada from 0: 2', 'Ada from 60000: 1']
}
// #endregion

// #region custom
import { periodicWatermarks, punctuatedWatermarks } from '../../api/index.ts'

interface Reading {
  readonly sensor: string
  readonly at: number
  /** The sensor promises that nothing older will follow. */
  readonly complete?: boolean
}

/** By the records: as soon as one says so, and before the next one is processed. */
export const byPromise = punctuatedWatermarks((reading: Reading) =>
  reading.complete === true ? reading.at : undefined,
)

/** By the clock: every second, from what has been seen of a split until then. */
export const everySecond = periodicWatermarks({
  intervalMs: 1_000,
  create: () => {
    const newest = new Map<string, number>()
    return {
      onRecord: ({ sensor, at }: Reading) => newest.set(sensor, at),
      onPeriodicEmit: () => Math.min(...newest.values()) - 1,
    }
  },
})
// #endregion

// #region idle
import { withIdleness } from '../../api/index.ts'

export const tolerant = withIdleness(boundedOutOfOrderness(5_000), 60_000)
// #endregion

// #region splits
import type { Source } from '../../api/index.ts'

/** What a queue's client offers. */
export interface Queue {
  readonly partitions: readonly string[]
  /** Waits for records; undefined at the end. */
  fetch(partition: string, offset: number): Promise<Reading[] | undefined>
}

export function queueSource(queue: Queue): Source<Reading, string, number> {
  return {
    name: 'queue',
    splitsAtOnce: 16,
    enumerate() {
      const rest = [...queue.partitions]
      return { next: () => rest.shift() }
    },
    open(partition, _context, start = 0) {
      let offset = start
      return {
        get position() {
          return offset
        },
        async read() {
          const batch = await queue.fetch(partition, offset)
          offset += batch?.length ?? 0
          return batch
        },
      }
    },
  }
}
// #endregion

// #region aligned
import { withAlignment } from '../../api/index.ts'
import type { Stream } from '../../api/index.ts'

export const both = (clicks: Source<Reading>, history: Source<Reading>) =>
  defineJob('clicks and history', (env) => {
    const together = (source: Source<Reading>): Stream<Reading> =>
      env.from(source, {
        timestamp: (reading) => reading.at,
        watermarks: withAlignment(tolerant, { group: 'all', maxDriftMs: 600_000 }),
      })
    together(clicks)
      .union(together(history))
      .map((reading) => reading.sensor)
      .collect('sensors')
  })
// #endregion

// #region late
import { outputTag } from '../../api/index.ts'
import type { Emit } from '../../api/index.ts'

const late = outputTag<Reading>('late')

export function splitLate(readings: Stream<Reading>): Record<'onTime' | 'late', Stream<Reading>> {
  const onTime = readings.process({
    processRecord(reading, { timestamp, currentWatermark, sideOutput }, emit: Emit<Reading>) {
      if (timestamp > currentWatermark) emit(reading)
      else sideOutput(late, reading)
    },
  })
  return { onTime, late: onTime.sideOutput(late) }
}
// #endregion
