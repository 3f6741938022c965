/** What was in flight goes to the right subtasks, also when there are more or fewer of them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../../api/index.ts'
import type { JobDefinition, Sink } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { rejects } from '../../runner/expect.ts'
import { committingSink, shapedJob, SHAPES, sorted } from './fixtures/in-flight-shapes.ts'
import { numbers } from './fixtures/numbers.ts'

const TOTAL = 10_000
const INPUT = { total: TOTAL, perSplit: 50 }
/** What a checkpoint must have in flight to be gone on from. */
const LEAST = 20
const folder = mkdtempSync(join(tmpdir(), 'millrace-rescale-'))
let places = 0

test.after(() => {
  rmSync(folder, { recursive: true })
})

type Build = (sink: Sink<unknown>) => JobDefinition

/** Runs a job with a slow sink until a checkpoint has records in flight, and stops it. Returns where the checkpoints are, and the sink, fast now. */
async function stopInFlight(build: Build, parallelism: number) {
  for (;;) {
    const directory = join(folder, `place-${++places}`)
    const sink = committingSink<unknown>(200)
    const handle = runJob(build(sink), {
      parallelism,
      slots: 2,
      checkpoints: { directory, intervalMs: 1, unaligned: true, keep: 1 },
    })
    const ended = handle.result().catch(() => {})
    while (handle.state !== 'finished') {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      const { checkpoints } = await handle.metrics()
      const last = checkpoints.recent.findLast(({ state }) => state === 'completed')
      if ((last?.recordsInFlight ?? 0) < LEAST) continue
      await handle.cancel()
      await ended
      sink.turns = 0
      return { directory, sink }
    }
    assert.ok(places < 50, 'nothing is ever in flight')
  }
}

for (const [name, shape] of Object.entries(SHAPES)) {
  // Copies of a broadcast record are as many as there are subtasks.
  if (name === 'broadcast') continue
  test(`${name}: nothing is lost or doubled from 2 to 1, 2 and 3 subtasks`, async () => {
    for (const [seed, parallelism] of [1, 2, 3].entries()) {
      const { directory, sink } = await stopInFlight((slow) => shapedJob(shape, slow, INPUT), 2)
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
  const { directory } = await stopInFlight((sink) => build(sink, true), 1)
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
