import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob } from '../../../../api/index.ts'
import { FAULT_KINDS, simulateJob } from '../../../../api/testing/index.ts'
import type { SimulateOptions } from '../../../../api/testing/index.ts'
import { leftovers, rejects } from '../../../runner/expect.ts'
import { memorySink, numbers } from '../../execution/fixtures/numbers.ts'
import { counts } from './counting-job.ts'
import type { Counted } from './counting-job.ts'

const byKey = { counts: ({ key }: Counted) => key }

async function traceOf(options: SimulateOptions): Promise<string[]> {
  const lines: string[] = []
  await simulateJob(counts, { ...options, trace: (line) => lines.push(line) })
  return lines
}

test('a job survives faults of every kind, and puts out what it does undisturbed', async () => {
  const nothingLeft = leftovers()
  const report = await simulateJob(counts, { seeds: 50, order: byKey })
  assert.equal(report.failures, [])
  assert.is(report.seeds, 50)
  assert.equal(report.rows, { counts: 60 })
  const missing = FAULT_KINDS.filter((kind) => report.injected[kind] === undefined)
  assert.equal(missing, [])
  assert.ok(report.processes > 50 && report.restarts > 10 && report.checkpoints > 50)
  await nothingLeft()
})

test('the same seed gives the same trace, with all its faults', async () => {
  for (const seed of [3, 5, 6]) {
    const first = await traceOf({ seed })
    assert.equal(await traceOf({ seed }), first, `seed ${seed}`)
    assert.ok(first.length > 100)
  }
  assert.not.equal(await traceOf({ seed: 3 }), await traceOf({ seed: 4 }))
})

test('a seed alone does what it does among others', async () => {
  const among: number[] = []
  await simulateJob(counts, {
    seeds: 6,
    onSeed: ({ seed, steps }) => {
      if (seed === 5) among.push(steps)
    },
  })
  const { steps } = await simulateJob(counts, { seed: 5 })
  assert.equal(among, [steps])
})

test('a trace tells of faults, batches, barriers and control messages', async () => {
  const text = (await traceOf({ faults: ['slot'], firstSeed: 0, seeds: 5 })).join('\n')
  for (const part of [
    'FAULT: slot 1 dies',
    'batch of',
    'barrier of checkpoint 1 on channel',
    'main → slot 1: triggerCheckpoint(1',
    'records in',
    'is finishing',
    'the job starts again',
    'main: completed checkpoint 1',
    'main: begins with checkpoint',
  ]) {
    assert.ok(text.includes(part), part)
  }
})

test('where order counts within a key, rows in another order are found', async () => {
  const job = defineJob('shuffled', (env) => {
    env.from(numbers(60, 10)).shuffle().collect('out')
  })
  const options = { seeds: 20, faults: [], parallelism: 2 } as const
  assert.equal((await simulateJob(job, options)).failures, [])
  const { failures } = await simulateJob(job, { ...options, order: { out: () => 'all' } })
  assert.match(failures[0]?.message ?? '', /row \d+ of the key "all" is/)
})

test('each process has the parallelism that the list says', async () => {
  const lines = await traceOf({ seeds: 30, faults: ['process'], parallelism: [1, 3, 2] })
  for (const [i, parallelism] of [1, 3, 2, 2].entries())
    assert.ok(lines.includes(`process ${i + 1} begins, parallelism ${parallelism}`), `${i}`)
})

test('sinks are not run: what they are told is compared', async () => {
  const sink = memorySink<number>()
  const job = defineJob('sink', (env) => {
    env.from(numbers(60, 10)).to(sink, { name: 'numbers out' })
  })
  const report = await simulateJob(job, { seeds: 20 })
  assert.equal(report.failures, [])
  assert.equal(report.rows, { 'numbers out': 60 })
  assert.equal(sink.told, [])
})

test('a check in the place of the comparison decides what is wrong', async () => {
  const { failures } = await simulateJob(counts, {
    seeds: 5,
    maxFailures: 2,
    faults: [],
    check: (outputs, undisturbed) =>
      `${outputs['counts']?.length ?? 0} of ${undisturbed['counts']?.length ?? 0}`,
  })
  assert.equal(
    failures.map(({ seed, message }) => [seed, message]),
    [
      [0, '60 of 60'],
      [1, '60 of 60'],
    ],
  )
})

test('what is collected stays when the job fails between its last checkpoint and its end', async () => {
  // Seeds 95, 96 and 102 lost it once.
  const options = { firstSeed: 90, seeds: 15, faults: ['slot'], parallelism: 3 } as const
  assert.equal((await simulateJob(counts, options)).failures, [])
})

test('what is asked for is checked', async () => {
  const simulate = (options: unknown) => simulateJob(counts, options as SimulateOptions)
  await rejects(simulate(null), { code: 'INVALID_ARGUMENT' })
  await rejects(simulate({ sedes: 3 }), { code: 'INVALID_ARGUMENT' })
  await rejects(simulate({ seeds: 0 }), { code: 'INVALID_ARGUMENT' })
  await rejects(simulate({ seed: 1, seeds: 2 }), { code: 'INVALID_ARGUMENT' })
  await rejects(simulate({ seed: -1 }), { code: 'INVALID_SEED' })
  await rejects(simulate({ faults: ['flood'] }), { code: 'INVALID_FAULTS' })
  await rejects(simulate({ faults: 'actor' }), { code: 'INVALID_FAULTS' })
  await rejects(simulate({ parallelism: [] }), { code: 'INVALID_ARGUMENT' })
  await rejects(simulate({ order: { counts: 'key' } }), { code: 'INVALID_ARGUMENT' })
  await rejects(simulate({ check: true }), { code: 'INVALID_ARGUMENT' })
  await rejects(simulate({ checkpoints: { directory: 'x' } }), { code: 'INVALID_ARGUMENT' })
  await rejects(simulate({ checkpoints: { keep: 0 } }), { code: 'INVALID_CHECKPOINT_OPTIONS' })
  await rejects(simulateJob(7 as never), { code: 'INVALID_JOB' })
})

test.run()
