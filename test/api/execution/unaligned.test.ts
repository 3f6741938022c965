/** Jobs whose barriers overtake: nothing is lost or doubled, wherever the records are when the checkpoint is made. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count, defineJob, fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { CheckpointOptions, JobHandle, JobMetrics } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { numbers } from './fixtures/numbers.ts'

/** Records in flight in all checkpoints that a job has made. */
function recordsInFlight({ checkpoints }: JobMetrics): number {
  return checkpoints.recent.reduce((sum, { recordsInFlight: records }) => sum + (records ?? 0), 0)
}

async function collected<T>(handle: JobHandle, name: string): Promise<T[]> {
  const values: T[] = []
  for await (const value of handle.collect<T>(name)) values.push(value)
  return values
}

function countsOf(total: number): number[] {
  return Array.from({ length: total }, (_, i) => Math.floor(i / 10) + 1)
}

const MODES: readonly (readonly [name: string, options: CheckpointOptions])[] = [
  ['unaligned', { unaligned: true }],
  ['aligned with a timeout', { unaligned: true, alignedTimeoutMs: 1 }],
  ['aligned', {}],
]

for (const [name, options] of MODES) {
  test(`${name}: everything is counted once`, async () => {
    let records = 0
    for (let seed = 0; seed < 12; seed++) {
      let seen = 0
      const job = defineJob('failing', (env) => {
        env
          .from(numbers(2_000, 100))
          .rebalance()
          .map((n) => {
            if (++seen % 700 === 0 && seen < 2_200) throw new Error(`the ${seen}th record`)
            return n
          })
          .keyBy((n) => n % 10)
          .aggregate(count())
          .collect('counts')
      })
      const handle = runJob(job, {
        host: new Simulator({ seed, slots: 2 }),
        parallelism: 1 + (seed % 3),
        restart: fixedDelayRestart({ attempts: 5, delayMs: 1 }),
        onRestart: () => {},
        checkpoints: { intervalMs: 0.05, ...options },
      })
      const counts = await collected<number>(handle, 'counts')
      assert.equal(
        counts.toSorted((a, b) => a - b),
        countsOf(2_000),
        `seed ${seed}`,
      )
      records += recordsInFlight(await handle.result())
    }
    assert.is(records > 0, options.unaligned === true)
  })
}

test.run()
