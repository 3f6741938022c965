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

/** One reader before several subtasks: records cross an edge, which at parallelism 1 would be none. */
function fromOneReader(sink: Sink<unknown>, failsAt = Infinity): JobDefinition {
  let left = failsAt
  return defineJob('one reader', (env) => {
    env
      .from(numbers(TOTAL, 50), { parallelism: 1 })
      .map((n) => {
        if (--left === 0) throw new Error('enough')
        return n
      })
      .to(sink)
  })
}

test('records in flight where a chain is now are read, and the next checkpoint has none of them', async () => {
  const { directory, sink } = await stopInFlight<unknown>((slow) => fromOneReader(slow), {
    folder,
    run: { parallelism: 3 },
  })
  const after = join(folder, 'after')
  let failures = 0
  const handle = runJob(fromOneReader(sink, 20), {
    host: new Simulator({ seed: 3, slots: 2 }),
    parallelism: 1,
    from: { directory },
    // Fails before there is another checkpoint: the next attempt reads them once more.
    checkpoints: { directory: after },
    onRestart: () => failures++,
  })
  const { subtasks } = await handle.result()
  assert.is(failures, 1)
  assert.is(subtasks.length, 2)
  assert.is(sink.values.length, TOTAL)
  assert.is(new Set(sink.values).size, TOTAL)
  // Nothing is left to do, and nothing keeps the operators apart.
  const chained = await runJob(fromOneReader(committingSink()), {
    parallelism: 1,
    from: { directory: after },
  }).result()
  assert.equal([chained.totals.recordsRead, chained.subtasks.length], [0, 1])
})

test('records of an edge that the job has no more are refused, or given up on demand', async () => {
  const build = (sink: Sink<unknown>, spread: boolean) =>
    defineJob('spread', (env) => {
      const all = env.from(numbers(TOTAL, 50))
      if (spread) all.rebalance().to(sink, { uid: 'sink' })
      else all.map((n) => n).to(sink, { uid: 'sink' })
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
