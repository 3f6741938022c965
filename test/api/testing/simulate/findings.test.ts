import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob } from '../../../../api/index.ts'
import type { Environment, Source } from '../../../../api/index.ts'
import { simulateJob } from '../../../../api/testing/index.ts'
import { rejects } from '../../../runner/expect.ts'
import { numbers } from '../../execution/fixtures/numbers.ts'
import { counting, counts } from './counting-job.ts'

/** Reads each split from its start again. */
const forgetful: Source<number, number, number> = {
  ...numbers(60, 30),
  open: (start, context) => numbers(60, 30).open(start, { ...context, batchSize: 1 }),
}

test('a source that forgets its position is found, and its seed shows it again', async () => {
  const { failures } = await simulateJob(counting(forgetful), { seeds: 300 })
  const [failure] = failures
  assert.is(failure?.kind, 'wrong output')
  assert.match(failure?.message ?? '', /output 'counts': \d+ rows are too many/)
  assert.ok((failure?.faults.length ?? 0) > 0)
  const again = await simulateJob(counting(forgetful), { seed: failure?.seed ?? -1 })
  assert.equal(again.failures, failures)
})

test('state of a module is found out where it changes what the job does', async () => {
  let seen = 0
  const job = defineJob('remembers', (env) => {
    env
      .from(numbers(60, 10))
      .map((value) => (seen++ < 200 ? value : -1))
      .collect('out')
  })
  const { failures } = await simulateJob(job, { seeds: 20, faults: [] })
  assert.is(failures[0]?.kind, 'wrong output')
})

test('a job that waits for ever after a restart makes no progress, and its actors are shown', async () => {
  let opened = 0
  const stuck: Source<number, number, number> = {
    ...numbers(60, 60),
    open: (start, context, position) => {
      const reader = numbers(60, 60).open(start, { ...context, batchSize: 10 }, position)
      const isStuck = ++opened > 2
      return isStuck ? { position: start, read: () => new Promise(() => {}) } : reader
    },
  }
  const { failures } = await simulateJob(counting(stuck), {
    seeds: 50,
    parallelism: 1,
    faults: ['actor'],
    maxSteps: 2_000,
  })
  assert.is(failures[0]?.kind, 'no progress')
  assert.match(failures[0]?.message ?? '', /did not end within/)
  assert.ok(failures[0]?.actors.some((line) => line.includes('running')))
})

/** Calls that never come back. */
function waiting(env: Environment): void {
  env
    .from(numbers(60, 30))
    .mapAsync(() => new Promise<number>(() => {}))
    .collect('out')
}
const standsStill = { code: 'SIMULATION_FAILED', message: /nothing can happen any more; 60 op/ }

test('a job that waits for calls that never come back is told to stand still', async () => {
  await rejects(simulateJob(defineJob('waiting', waiting)), standsStill)
})

test('so is one beside which something stays open, after a while', async () => {
  const { setTimeout: real } = globalThis
  const hurried = (call: () => void, ms: number) => real(call, ms / 100)
  globalThis.setTimeout = hurried as typeof real
  let server: Server | undefined
  try {
    const job = defineJob('open', (env) => {
      server ??= createServer().listen(0)
      waiting(env)
    })
    await rejects(simulateJob(job), standsStill)
  } finally {
    globalThis.setTimeout = real
    server?.close()
  }
})

test('a job that does not end within its steps makes no progress', async () => {
  const options = { seeds: 1, faults: [], maxSteps: 50 } as const
  await rejects(simulateJob(counts, options), { code: 'SIMULATION_FAILED' })
})

test('a job that cannot go on from its checkpoints has failed', async () => {
  let opened = 0
  const once: Source<number, number, number> = {
    ...numbers(60, 60),
    open: (start, context, position) => {
      if (++opened > 2) throw new Error('cannot be opened again')
      return numbers(60, 60).open(start, { ...context, batchSize: 10 }, position)
    },
  }
  const options = { seeds: 50, parallelism: 1, faults: ['actor'] } as const
  const { failures } = await simulateJob(counting(once), options)
  assert.is(failures[0]?.kind, 'job failed')
  assert.match(failures[0]?.message ?? '', /cannot be opened again/)
})

test.run()
