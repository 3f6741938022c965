/** Checkpoints of every mode, with crashes, at any interleaving: each record counts once, wherever it is when a barrier passes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { CheckpointOptions, JobMetrics } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { committingSink, shapedJob, SHAPES, sorted } from './fixtures/in-flight-shapes.ts'

const TOTAL = 300
const folder = mkdtempSync(join(tmpdir(), 'millrace-unaligned-'))

test.after(() => {
  rmSync(folder, { recursive: true })
})

/** Records in flight in all checkpoints that a job has made. */
function recordsInFlight({ checkpoints }: JobMetrics): number {
  return checkpoints.recent.reduce((sum, { recordsInFlight: records }) => sum + (records ?? 0), 0)
}

interface Run {
  readonly shape: string
  readonly seed: number
  readonly parallelism: number
  /** After how many records it fails, twice. */
  readonly crashes: readonly number[]
  readonly checkpoints: CheckpointOptions
}

/** Runs a shape in the simulator. Returns what the sink has committed, and the metrics. */
async function simulate({ shape: name, seed, parallelism, crashes, checkpoints }: Run) {
  const shape = SHAPES[name]!
  const sink = committingSink<unknown>()
  let seen = 0
  const watch = (): void => {
    if (crashes.includes(++seen)) throw new Error(`the ${seen}th record`)
  }
  const job = shapedJob(shape, sink, { total: TOTAL, perSplit: 4, seen: watch })
  const handle = runJob(job, {
    host: new Simulator({ seed, slots: 2 }),
    parallelism,
    restart: fixedDelayRestart({ attempts: crashes.length, delayMs: 1 }),
    onRestart: () => {},
    checkpoints: { intervalMs: 0.3, ...checkpoints },
  })
  const metrics = await handle.result()
  return { values: sink.values, metrics, expected: shape.expected(TOTAL, parallelism) }
}

const runs = {
  shape: fc.constantFrom(...Object.keys(SHAPES)),
  seed: fc.nat(1_000_000),
  parallelism: fc.integer({ min: 1, max: 3 }),
  crashes: fc.uniqueArray(fc.integer({ min: 80, max: 400 }), { minLength: 1, maxLength: 2 }),
}

const MODES: readonly (readonly [name: string, overtakes: boolean, options: CheckpointOptions])[] =
  [
    ['unaligned', true, { unaligned: true }],
    ['aligned with a timeout', true, { unaligned: true, alignedTimeoutMs: 1 }],
    ['aligned', false, {}],
  ]

for (const [mode, overtakes, checkpoints] of MODES) {
  test(`${mode}: every record counts once, after crashes too`, async () => {
    let records = 0
    await fc.assert(
      fc.asyncProperty(fc.record(runs), async (run) => {
        const { values, metrics, expected } = await simulate({ ...run, checkpoints })
        assert.equal(sorted(values), sorted(expected))
        if (run.crashes.some((at) => at <= TOTAL)) assert.ok(metrics.restarts > 0)
        records += recordsInFlight(metrics)
      }),
      { numRuns: 15 },
    )
    assert.is(records > 0, overtakes, `${records} records in flight`)
  })
}

test('at least once: nobody waits, so that records count twice after a crash, and none is lost', async () => {
  let twice = 0
  const always = { parallelism: fc.constant(3), shape: fc.constant('chain') }
  await fc.assert(
    fc.asyncProperty(fc.record({ ...runs, ...always }), async (run) => {
      const checkpoints = { mode: 'at-least-once' } as const
      const { values, expected } = await simulate({ ...run, checkpoints })
      const came = new Set(sorted(values))
      assert.equal(
        sorted(expected).filter((value) => !came.has(value)),
        [],
      )
      twice += values.length - expected.length
    }),
    { numRuns: 15 },
  )
  assert.ok(twice > 0, 'no record has ever come twice')
})

test('on threads: the same after the end of a thread', async () => {
  const marks = join(folder, 'threads')
  const handle = runJob(new URL('./fixtures/restarts.js', import.meta.url), {
    host: 'threads',
    parallelism: 2,
    slots: 2,
    args: { marks, failures: 1, trouble: 'exits' },
    restart: fixedDelayRestart({ attempts: 1, delayMs: 1 }),
    onRestart: () => {},
    checkpoints: { intervalMs: 1, unaligned: true },
  })
  const counts: number[] = []
  for await (const value of handle.collect<number>('counts')) counts.push(value)
  assert.equal(
    counts.toSorted((a, b) => a - b),
    Array.from({ length: 1_000 }, (_, i) => Math.floor(i / 10) + 1),
  )
  assert.is((await handle.result()).restarts, 1)
})

test.run()
