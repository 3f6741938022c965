import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count, defineJob, fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { JobHandle, JobMetrics, RunOptions, Stream } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects, throwsCode } from '../../runner/expect.ts'
import checkpoints from './fixtures/checkpoints.ts'
import { numbers } from './fixtures/numbers.ts'

const MODULE = new URL('./fixtures/checkpoints.js', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'))
let places = 0

test.after(() => {
  rmSync(folder, { recursive: true })
})

/** A path that nothing has yet. */
function place(): string {
  return join(folder, `place-${++places}`)
}

/** Ten keys, each counted from 1: what `total` records give, each counted once, in whatever order. */
function countsOf(total: number): number[] {
  return Array.from({ length: total }, (_, i) => Math.floor(i / 10) + 1)
}

function inOrder(values: Iterable<number>): number[] {
  return [...values].toSorted((a, b) => a - b)
}

async function countsIn(handle: JobHandle): Promise<number[]> {
  const values: number[] = []
  for await (const value of handle.collect<number>('counts')) values.push(value)
  return inOrder(values)
}

function countsInFile(path: string): number[] {
  return inOrder(readFileSync(path, 'utf8').trim().split('\n').map(Number))
}

/** A job that fails each time it has seen another 700 records, three times in all. */
function failingJob(total: number) {
  let seen = 0
  return defineJob('failing', (env) => {
    env
      .from(numbers(total, 100))
      .map((n) => {
        if (++seen % 700 === 0 && seen < 2_200) throw new Error(`the ${seen}th record`)
        return n
      })
      .keyBy((n) => n % 10)
      .aggregate(count())
      .collect('counts')
  })
}

test('after failures everything is counted once, from the last checkpoint on, at every interleaving', async () => {
  let completed = 0
  for (let seed = 0; seed < 30; seed++) {
    const handle = runJob(failingJob(2_000), {
      host: new Simulator({ seed, slots: 2 }),
      parallelism: 1 + (seed % 3),
      restart: fixedDelayRestart({ attempts: 5, delayMs: 1 }),
      onRestart: () => {},
      checkpoints: { intervalMs: 0.05 },
    })
    assert.equal(await countsIn(handle), countsOf(2_000), `seed ${seed}`)
    const { restarts, checkpoints: made } = await handle.result()
    // The third failure comes unless fewer than 100 records were read again.
    assert.ok(restarts === 2 || restarts === 3, `seed ${seed}: ${restarts} restarts`)
    completed += made.completed
  }
  assert.ok(completed > 60, `${completed} checkpoints in 30 runs: more than the last one of each`)
})

for (const host of ['inline', 'threads'] as const) {
  test(`on ${host}: a savepoint of a running job is where another one begins, at another parallelism`, async () => {
    const nothingLeft = leftovers()
    const directory = place()
    const job = host === 'threads' ? MODULE : checkpoints
    const options = { host, slots: 2, checkpoints: { intervalMs: 5 } }
    const first = runJob(job, { ...options, parallelism: 2, args: { pauseMs: 20 } })
    const seen: number[] = []
    for await (const value of first.collect<number>('counts')) {
      seen.push(value)
      if (seen.length === 100) break
    }
    const { id, kind } = await first.savepoint(directory)
    assert.is(kind, 'savepoint')
    await first.cancel()
    const second = runJob(job, {
      host,
      slots: 2,
      parallelism: 3,
      from: { directory, checkpointId: id },
    })
    const rest = await countsIn(second)
    assert.ok(rest.length > 0 && rest.length < 2_000, `${rest.length} records behind the savepoint`)
    const total = await second.result()
    assert.is(total.restarts, 0)
    // What each key had been counted to before the savepoint is not counted again, and nothing after it is missing.
    assert.is(rest.filter((value) => value === 200).length, 10)
    assert.is(new Set(rest).size, 200 - (rest[0] ?? 0) + 1)
    await nothingLeft()
  })
}

test('the same command starts a job, goes on after a cancel, and has nothing to do when it has finished', async () => {
  const directory = place()
  const output = `${place()}.jsonl`
  const options: RunOptions = {
    parallelism: 1,
    checkpoints: { directory, intervalMs: 3 },
    resume: true,
    args: { pauseMs: 2, output },
  }
  const first = runJob(checkpoints, { ...options, args: { pauseMs: 20, output } })
  const until = async (reached: (metrics: JobMetrics) => boolean): Promise<JobMetrics> => {
    for (;;) {
      const metrics = await first.metrics()
      if (reached(metrics)) return metrics
      assert.is.not(first.state, 'finished', 'the job ended before it could be cancelled')
      // A handle tells nobody when its figures change.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  // The second of two checkpoints completed behind the first records was begun behind them too.
  const { completed } = (await until(({ totals }) => totals.recordsRead > 0)).checkpoints
  await until(({ checkpoints: made }) => made.completed >= completed + 2)
  await first.cancel()
  assert.not.ok(readdirSync(folder).includes(output))
  const second = runJob(checkpoints, options)
  const { totals } = await second.result()
  assert.ok(totals.recordsRead < 2_000, `${totals.recordsRead} read after the cancel`)
  assert.equal(countsInFile(output), countsOf(2_000))
  const third = await runJob(checkpoints, options).result()
  assert.is(third.totals.recordsRead, 0)
  assert.equal(countsInFile(output), countsOf(2_000))
})

test('a run that does not resume leaves the checkpoints of others alone, and never goes on from them', async () => {
  const directory = place()
  const options = { parallelism: 1, checkpoints: { directory, intervalMs: 1_000 } }
  assert.equal(await countsIn(runJob(checkpoints, options)), countsOf(2_000))
  const again = runJob(checkpoints, options)
  assert.equal(await countsIn(again), countsOf(2_000))
})

test('on cancel: remove — the checkpoints of this run go, with keep they stay', async () => {
  for (const onCancel of ['keep', 'remove'] as const) {
    const directory = place()
    const handle = runJob(checkpoints, {
      parallelism: 1,
      args: { pauseMs: 5 },
      checkpoints: { directory, onCancel },
    })
    while (handle.state !== 'running') await new Promise(setImmediate)
    const { id } = await handle.checkpoint()
    await handle.cancel()
    assert.is(id, 1)
    const kept = readdirSync(directory).filter((name) => name.startsWith('checkpoint'))
    assert.is(kept.length, onCancel === 'keep' ? 1 : 0, onCancel)
  }
})

test('state whose operator is gone is refused, unless it may be given up; a directory without checkpoints is told', async () => {
  const directory = place()
  await runJob(checkpoints, { parallelism: 1, checkpoints: { directory } }).result()
  const other = defineJob('checkpoints', (env) => {
    env
      .from(numbers(100), { uid: 'numbers' })
      .keyBy((n) => n % 10)
      .aggregate(count(), { uid: 'counts by another name' })
      .collect('counts')
  })
  const from = (more: object) => runJob(other, { parallelism: 1, from: { directory, ...more } })
  await rejects(from({}).result(), { code: 'STATE_WITHOUT_OPERATOR', message: /'counts'/ })
  await from({ allowNonRestoredState: true }).result()
  await rejects(runJob(other, { from: place() }).result(), { code: 'STORE_NOT_FOUND' })
  await rejects(runJob(other, { from: folder }).result(), { code: 'NO_CHECKPOINT' })
})

test('state whose uid an operator without state has now is refused, not lost', async () => {
  const directory = place()
  await runJob(checkpoints, { parallelism: 1, checkpoints: { directory } }).result()
  const same = (value: number) => value
  const inList = (value: number) => [value]
  const changes: Record<string, (n: Stream<number>) => Stream<unknown>> = {
    map: (n) => n.map((value) => value, { uid: 'counts' }),
    filter: (n) => n.filter(() => true, { uid: 'counts' }),
    flatMap: (n) => n.flatMap((value) => [value], { uid: 'counts' }),
    timestamps: (n) => n.assignTimestamps(() => 1, undefined, { uid: 'counts' }),
    coMap: (n) => n.connect(n).map(same, same, { uid: 'counts' }),
    coFlatMap: (n) => n.connect(n).flatMap(inList, inList, { uid: 'counts' }),
    keyedCoMap: (n) => n.keyBy(same).connect(n.keyBy(same)).map(same, same, { uid: 'counts' }),
  }
  for (const change of Object.values(changes)) {
    const other = defineJob('checkpoints', (env) => {
      change(env.from(numbers(100), { uid: 'numbers' })).collect('out')
    })
    const from = (more: object) => runJob(other, { parallelism: 1, from: { directory, ...more } })
    await rejects(from({}).result(), {
      code: 'STATE_WITHOUT_OPERATOR',
      message: /'counts' is .* now/,
    })
    await from({ allowNonRestoredState: true }).result()
  }
})

test('a map under the uid of a source is refused, unless what the source had may be given up', async () => {
  const directory = place()
  await runJob(checkpoints, { parallelism: 1, checkpoints: { directory } }).result()
  const other = defineJob('checkpoints', (env) => {
    env
      .from(numbers(100), { uid: 'other numbers' })
      .map((n) => n, { uid: 'numbers' })
      .keyBy((n) => n % 10)
      .aggregate(count(), { uid: 'counts' })
      .collect('out')
  })
  const from = (more: object) => runJob(other, { parallelism: 1, from: { directory, ...more } })
  await rejects(from({}).result(), {
    code: 'INCOMPATIBLE_STATE',
    message: /'numbers'.*allowNonRestoredState/,
  })
  await from({ allowNonRestoredState: true }).result()
})

test('a record that always fails ends the job after five attempts, with its error', async () => {
  let attempts = 0
  const job = defineJob('poisoned', (env) => {
    env
      .from(numbers(10))
      .map((n) => {
        if (n === 7) throw new Error('seven')
        return n
      })
      .collect('numbers')
  })
  const handle = runJob(job, {
    host: new Simulator({ seed: 1 }),
    checkpoints: {},
    onRestart: () => attempts++,
  })
  await rejects(handle.result(), { message: /seven/ })
  assert.is(attempts, 4)
})

test('wrong options are refused, with what was expected', () => {
  const refused = (options: object, code: string): void => {
    throwsCode(() => runJob(checkpoints, options), code)
  }
  refused({ checkpoints: 5 }, 'INVALID_ARGUMENT')
  refused({ checkpoints: { intervalMs: 0 } }, 'INVALID_CHECKPOINT_OPTIONS')
  refused({ checkpoints: { interval: 5 } }, 'INVALID_ARGUMENT')
  refused({ resume: true }, 'INVALID_ARGUMENT')
  refused({ resume: 'yes', checkpoints: {} }, 'INVALID_ARGUMENT')
  refused({ from: 7 }, 'INVALID_ARGUMENT')
  refused({ from: { directory: '' } }, 'INVALID_ARGUMENT')
})

test('a job without checkpoints makes none, and neither does one that is over', async () => {
  const handle = runJob(checkpoints, { parallelism: 1, args: { pauseMs: 5 } })
  throwsCode(() => void handle.checkpoint(), 'JOB_NOT_RUNNING')
  while (handle.state !== 'running') await new Promise(setImmediate)
  await rejects(handle.checkpoint(), { code: 'CHECKPOINTS_OFF' })
  await rejects(handle.savepoint(''), { code: 'INVALID_ARGUMENT' })
  handle.result().catch(() => {})
  await handle.cancel()
  await rejects(handle.savepoint(place()), { code: 'JOB_NOT_RUNNING' })
})

test.run()
