import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count, defineJob, fixedDelayRestart, noRestart, runJob } from '../../../api/index.ts'
import type { JobDefinition, JobHandle, RestartNotice, RunOptions } from '../../../api/index.ts'
import { jsonLinesSink } from '../../../connectors/json-lines/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects } from '../../runner/expect.ts'
import { numbers } from './fixtures/numbers.ts'

const MODULE = new URL('./fixtures/regions.js', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'millrace-regions-'))
let places = 0

test.after(() => {
  rmSync(folder, { recursive: true })
})

function place(): string {
  return join(folder, `place-${++places}`)
}

function inOrder(values: Iterable<number>): number[] {
  return [...values].toSorted((a, b) => a - b)
}

/** Ten keys, each counted from 1. */
function countsOf(total: number): number[] {
  return Array.from({ length: total }, (_, i) => Math.floor(i / 10) + 1)
}

async function listOf(handle: JobHandle, name: string): Promise<number[]> {
  const values: number[] = []
  for await (const value of handle.collect<number>(name)) values.push(value)
  return values
}

/** Three pipelines that have nothing to do with each other; `fails` is asked before each record of one of them. */
function pipelines(
  total: number,
  fails: (pipeline: string, seen: number) => boolean,
  opened: string[] = [],
): JobDefinition {
  const seen = new Map<string, number>()
  return defineJob('pipelines', (env) => {
    for (const name of ['one', 'two', 'three']) {
      const source = numbers(total, 100)
      const watched: typeof source = {
        ...source,
        enumerate: (context) => {
          opened.push(name)
          return source.enumerate(context)
        },
      }
      env
        .from(watched, { uid: name })
        .map((n) => {
          const count = (seen.get(name) ?? 0) + 1
          seen.set(name, count)
          if (fails(name, count)) throw new Error(`${name} at ${count}`)
          return n
        })
        .keyBy((n) => n % 10)
        .aggregate(count(), { uid: `counts of ${name}` })
        .collect(name)
    }
  })
}

for (const checkpoints of [{ intervalMs: 0.3 }, undefined]) {
  test(`a pipeline that fails starts again alone, ${checkpoints === undefined ? 'from the start' : 'from its checkpoint'}, and everything is counted once`, async () => {
    let completed = 0
    for (let seed = 0; seed < 14; seed++) {
      const opened: string[] = []
      const heard: RestartNotice[] = []
      const job = pipelines(
        1_000,
        (name, seen) =>
          (name === 'two' && (seen === 400 || seen === 900)) || (name === 'three' && seen === 700),
        opened,
      )
      const handle = runJob(job, {
        host: new Simulator({ seed, slots: 2 }),
        parallelism: 1 + (seed % 2),
        restart: fixedDelayRestart({ attempts: 5, delayMs: 1 }),
        onRestart: (notice) => heard.push(notice),
        ...(checkpoints === undefined ? {} : { checkpoints }),
      })
      const lists = await Promise.all(['one', 'two', 'three'].map((name) => listOf(handle, name)))
      for (const list of lists) assert.equal(inOrder(list), countsOf(1_000), `seed ${seed}`)
      const { restarts, checkpoints: made } = await handle.result()
      assert.is(restarts, 3, `seed ${seed}`)
      assert.equal(inOrderOfNames(opened), ['one', 'three', 'three', 'two', 'two', 'two'])
      assert.ok(
        heard.every(({ tasks }) => tasks?.every((name) => !name.startsWith('one')) === true),
      )
      completed += made.completed
    }
    if (checkpoints !== undefined) assert.ok(completed > 14, `${completed} checkpoints in 14 runs`)
  })
}

function inOrderOfNames(names: readonly string[]): string[] {
  return [...names].toSorted()
}

for (const host of ['inline', 'threads'] as const) {
  test(`on ${host}: a pipeline starts again beside one that goes on, and both files are whole`, async () => {
    const nothingLeft = leftovers()
    const output = place()
    const heard: RestartNotice[] = []
    const module = await import('./fixtures/regions.ts')
    const options: RunOptions = {
      host,
      slots: 2,
      parallelism: 2,
      args: { output, marks: place() },
      checkpoints: { directory: place(), intervalMs: 4 },
      restart: fixedDelayRestart({ attempts: 3, delayMs: 2 }),
      onRestart: (notice) => heard.push(notice),
    }
    const { restarts } = await runJob(
      host === 'threads' ? MODULE : module.default,
      options,
    ).result()
    // Two subtasks may stumble before either is ended, where a loaded machine lets one get far ahead of the other.
    assert.ok(restarts === 2 || (host === 'threads' && restarts === 1), `${restarts} restarts`)
    assert.ok(heard.every(({ tasks }) => tasks?.some((name) => name.includes('fragile')) === true))
    for (const name of ['sturdy', 'fragile']) {
      const files = readdirSync(folder).filter((file) =>
        join(folder, file).startsWith(`${output}-${name}`),
      )
      const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('')
      assert.equal(inOrder(text.trim().split('\n').map(Number)), countsOf(2_000), name)
    }
    await nothingLeft()
  })
}

test('when the strategy has had enough of one pipeline, the job fails with its error', async () => {
  const job = pipelines(500, (name, seen) => name === 'two' && seen > 300)
  const failing = runJob(job, {
    host: new Simulator({ seed: 4 }),
    parallelism: 1,
    restart: fixedDelayRestart({ attempts: 2, delayMs: 1 }),
    onRestart: () => {},
  })
  await rejects(failing.result(), { message: /two at .* started again 2 times/ })
  const never = runJob(
    pipelines(500, (name) => name === 'two'),
    { host: new Simulator({ seed: 4 }), restart: noRestart() },
  )
  await rejects(never.result(), { message: /two at 1/ })
})

test('a job can be cancelled while one of its pipelines waits', async () => {
  const nothingLeft = leftovers()
  let tellWaiting: () => void = () => {}
  const waiting = new Promise<void>((resolve) => {
    tellWaiting = resolve
  })
  const job = defineJob('waits', (env) => {
    env
      .from(numbers(10))
      .map((n) => {
        if (n === 5) throw new Error('five')
        return n
      })
      .collect('fails')
    env.from(numbers(10)).to(jsonLinesSink({ path: place() }))
  })
  const handle = runJob(job, {
    parallelism: 1,
    restart: fixedDelayRestart({ attempts: 1, delayMs: 3_600_000 }),
    onRestart: () => {
      tellWaiting()
    },
  })
  handle.result().catch(() => {})
  await waiting
  await handle.cancel()
  assert.is(handle.state, 'cancelled')
  await nothingLeft()
})

test.run()
