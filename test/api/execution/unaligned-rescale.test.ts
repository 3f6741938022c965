/** What was in flight goes to the right subtasks, also when there are more or fewer of them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../../api/index.ts'
import type { Sink } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { rejects } from '../../runner/expect.ts'
import { committingSink, shapedJob, SHAPES, sorted } from './fixtures/in-flight-shapes.ts'
import { numbers } from './fixtures/numbers.ts'
import { stopInFlight } from './fixtures/stop-in-flight.ts'

const TOTAL = 10_000
const INPUT = { total: TOTAL, perSplit: 50 }
const folder = mkdtempSync(join(tmpdir(), 'millrace-rescale-'))

test.after(() => {
  rmSync(folder, { recursive: true })
})

for (const [name, shape] of Object.entries(SHAPES)) {
  // Copies of a broadcast record are as many as there are subtasks.
  if (name === 'broadcast') continue
  test(`${name}: nothing is lost or doubled from 2 to 1, 2 and 3 subtasks`, async () => {
    for (const [seed, parallelism] of [1, 2, 3].entries()) {
      const { directory, sink } = await stopInFlight<unknown>(
        (slow) => shapedJob(shape, slow, INPUT),
        {
          folder,
        },
      )
      const host = new Simulator({ seed, slots: 2 })
      await runJob(shapedJob(shape, sink, INPUT), {
        host,
        parallelism,
        from: { directory },
      }).result()
      assert.equal(
        sorted(sink.values),
        sorted(shape.expected(TOTAL, parallelism)),
        `to ${parallelism}`,
      )
    }
  })
}

test('records of an edge that the job has no more are refused, or given up on demand', async () => {
  const build = (sink: Sink<unknown>, spread: boolean) =>
    defineJob('spread', (env) => {
      const all = env.from(numbers(TOTAL, 50))
      if (spread) all.rebalance().to(sink, { uid: 'sink' })
      else all.to(sink, { uid: 'sink' })
    })
  const { directory } = await stopInFlight<unknown>((sink) => build(sink, true), {
    folder,
    run: { parallelism: 1 },
  })
  const chained = build(committingSink(), false)
  await rejects(runJob(chained, { parallelism: 1, from: { directory } }).result(), {
    code: 'CHANNEL_STATE_WITHOUT_EDGE',
    message: /records that were in flight on the edge '.* > sink'/,
  })
  const from = { directory, allowNonRestoredState: true }
  const { totals } = await runJob(chained, { parallelism: 1, from }).result()
  assert.ok(totals.recordsRead < TOTAL)
})

test.run()
