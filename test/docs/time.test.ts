/** The examples of docs/time.md are those of its guide, and do what the page says. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../api/index.ts'
import type { JobHandle } from '../../api/index.ts'
import { operatorHarness } from '../../api/testing/index.ts'
import { arraySource } from '../../connectors/collection/index.ts'
import { checkPage } from './page.ts'
import {
  both,
  byPromise,
  countOrders,
  everySecond,
  queueSource,
  splitLate,
  tolerant,
} from './time-guide.ts'

async function all<T>(job: JobHandle, name: string): Promise<T[]> {
  const values: T[] = []
  for await (const value of job.collect<T>(name)) values.push(value)
  return values
}

test('every example of the page is a region of the guide', () =>
  checkPage('docs/time.md', 'test/docs/time-guide.ts'))

test('orders are counted in the minutes in which they were placed', async () => {
  assert.equal(await countOrders(), ['Ada from 0: 2', 'Ada from 60000: 1'])
})

test('watermarks by promise and by the clock', () => {
  const promised = byPromise.createGenerator()
  promised.onRecord?.({ sensor: 'a', at: 5 }, 5)
  assert.is(promised.current, -Infinity)
  promised.onRecord?.({ sensor: 'a', at: 7, complete: true }, 7)
  assert.is(promised.current, 7)

  const periodic = everySecond.createGenerator()
  periodic.onRecord?.({ sensor: 'a', at: 50 }, 50)
  periodic.onRecord?.({ sensor: 'b', at: 20 }, 20)
  periodic.onPeriodicEmit?.()
  assert.is(periodic.current, 19)
})

test('the partitions of a queue are read side by side, each with its own watermark', async () => {
  const logs: Record<string, number[]> = { a: [10, 20], b: [1, 2, 3, 4], c: [] }
  const source = queueSource({
    partitions: Object.keys(logs),
    fetch: async (partition, offset) => {
      const at = logs[partition]?.[offset]
      return at === undefined ? undefined : [{ sensor: partition, at }]
    },
  })
  const job = defineJob('queue', (env) => {
    const timestamp = (reading: { readonly at: number }): number => reading.at
    splitLate(env.from(source, { timestamp, watermarks: tolerant })).onTime.collect('on time')
  })
  const read = await all<{ readonly at: number }>(runJob(job, { parallelism: 1 }), 'on time')
  assert.equal(
    read.map(({ at }) => at).sort((a, b) => a - b),
    [1, 2, 3, 4, 10, 20],
  )
})

test('aligned sources come to their end', async () => {
  const readings = (sensor: string): { sensor: string; at: number }[] =>
    Array.from({ length: 100 }, (_, i) => ({ sensor, at: i * 1_000 }))
  const job = both(arraySource(readings('click')), arraySource(readings('history')))
  assert.is((await all(runJob(job, { parallelism: 2 }), 'sensors')).length, 200)
})

test('late records leave by the side', () => {
  const harness = operatorHarness(splitLate)
  harness.processRecord({ sensor: 'a', at: 5 }, 5)
  harness.processWatermark(6)
  harness.processRecord({ sensor: 'a', at: 6 }, 6)
  harness.processRecord({ sensor: 'a', at: 7 }, 7)
  assert.equal(
    harness.takeValues('onTime').map(({ at }) => at),
    [5, 7],
  )
  assert.equal(
    harness.takeValues('late').map(({ at }) => at),
    [6],
  )
})

test.run()
