/** Asynchronous operators in whole jobs, on every host. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../../api/index.ts'
import type { JobHandle, RunOptions } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects } from '../../runner/expect.ts'
import { calls } from './fixtures/async-calls.ts'

const JOB = new URL('./fixtures/async-calls.js', import.meta.url)
const HOSTS = ['inline', 'threads', 'simulator'] as const
const ORDERS = ['ordered', 'unordered'] as const
type Host = (typeof HOSTS)[number]

function options(host: Host, parallelism: number, args: RunOptions['args'] = {}): RunOptions {
  return host === 'simulator'
    ? { host: new Simulator({ seed: parallelism, slots: 2 }), parallelism, args }
    : { host, parallelism, slots: 2, args }
}

async function collected(job: JobHandle): Promise<number[]> {
  const values: number[] = []
  for await (const value of job.collect<number>('values')) values.push(value)
  await job.result()
  return values
}

/** Waits until every subtask has asked something. */
async function untilAsked(job: JobHandle): Promise<void> {
  for (;;) {
    const { subtasks } = await job.metrics()
    const asking = subtasks.filter(({ taskName }) => taskName === 'mapAsync')
    if (asking.length > 0 && asking.every(({ recordsIn }) => recordsIn > 0)) return
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

const byNumber = (a: number, b: number): number => a - b

for (const host of HOSTS) {
  // A thread takes a tenth of a second to start.
  for (const parallelism of host === 'threads' ? [2] : [1, 2, 3]) {
    for (const order of ORDERS) {
      test(`${host} × ${parallelism}: ${order}, every record has its result once`, async () => {
        const nothingLeft = leftovers()
        const count = host === 'simulator' ? 250 : 1_000
        const args = { order, count, capacity: 20 }
        const values = await collected(runJob(JOB, options(host, parallelism, args)))
        const expected = Array.from({ length: count }, (_, i) => i * 2)
        assert.equal([...values].sort(byNumber), expected)
        if (parallelism === 1 && order === 'ordered') assert.equal(values, expected)
        await nothingLeft()
      })

      test(`${host} × ${parallelism}: ${order}, no result is late for its window`, async () => {
        const count = host === 'simulator' ? 250 : 1_000
        const args = { how: 'windows', order, count, capacity: 50 }
        const sums = await collected(runJob(JOB, options(host, parallelism, args)))
        assert.equal(
          sums.sort(byNumber),
          Array.from({ length: count / 10 }, (_, window) => 200 * window + 90),
        )
      })
    }
  }

  test(`${host}: a cancelled job aborts what is in flight and leaves nothing`, async () => {
    const nothingLeft = leftovers()
    // More than one subtask can take before it is held back, or it may leave nothing to the other.
    const job = runJob(JOB, options(host, 2, { how: 'late', count: 50_000 }))
    await untilAsked(job)
    await job.cancel()
    await rejects(job.result(), { code: 'JOB_CANCELLED' })
    await nothingLeft()
  })

  test(`${host}: so does a job that fails elsewhere`, async () => {
    const nothingLeft = leftovers()
    const job = runJob(JOB, options(host, 2, { how: 'fails', count: 500 }))
    await rejects(job.result(), { code: 'OPERATOR_FAILED' })
    await nothingLeft()
  })
}

for (const host of ['inline', 'simulator'] as const) {
  test(`${host}: retries and timeouts go by the clock of the host`, async () => {
    const args = { how: 'flaky', order: 'unordered', count: 200 }
    const values = await collected(runJob(JOB, options(host, 2, args)))
    assert.equal(values.sort(byNumber), [
      -1,
      -1,
      ...Array.from({ length: 200 }, (_, i) => i).filter((i) => i % 100 !== 99),
    ])
  })
}

test('a source that never waits is held back by the capacity', async () => {
  const args = { how: 'endless', order: 'unordered', capacity: 10 }
  calls.most = 0
  const job = runJob(JOB, options('inline', 2, args))
  let taken = 0
  for await (const _ of job.collect('values')) if (++taken === 5_000) break
  const { totals } = await job.metrics()
  await job.cancel()
  assert.is(calls.most, 20, 'ten in each of two subtasks')
  const queued = totals.recordsRead - taken
  assert.ok(queued < 30_000, `${queued} records have been read and not answered`)
})

test('several seeds of the simulator give the same results', async () => {
  for (let seed = 0; seed < 12; seed++) {
    const order = ORDERS[seed % 2]
    const simulator = new Simulator({ seed, slots: 1 + (seed % 3) })
    const args = { how: 'windows', order, count: 120, capacity: 1 + (seed % 9) }
    const parallelism = 1 + (seed % 3)
    const sums = await collected(runJob(JOB, { host: simulator, parallelism, args }))
    assert.equal(
      sums.sort(byNumber),
      Array.from({ length: 12 }, (_, window) => 200 * window + 90),
      `seed ${seed}`,
    )
  }
})

test.run()
