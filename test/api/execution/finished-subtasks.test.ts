import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count, defineJob, endOfStream, fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { JobDefinition, Sink, Source } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { numbers } from './fixtures/numbers.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-finished-'))

test.after(() => {
  rmSync(folder, { recursive: true })
})

interface Told {
  /** What the sink of the short branch has shown. */
  readonly shown: number[]
  /** What was committed. */
  readonly done: Set<string>
  /** Subtasks that opened a writer. */
  opened: number
  /** Times that the enumerator of the short source was started. */
  enumerated: number
  /** Splits of it that were opened. */
  read: number
}

/** A sink in two phases whose commits can be counted. */
function committing(told: Told): Sink<number, never, number> {
  const { done } = told
  let writers = 0
  return {
    name: 'committing',
    open() {
      told.opened++
      const writer = writers++
      let prepared = 0
      let values: number[] = []
      return {
        write(batch) {
          values.push(...batch)
        },
        flush() {},
        prepare() {
          const committables = [{ id: `${writer}-${prepared++}`, values }]
          values = []
          return { committables: committables as never }
        },
        close() {},
      }
    },
    commit(committables) {
      for (const { id, values } of committables as unknown as { id: string; values: number[] }[]) {
        if (done.has(id)) continue
        done.add(id)
        told.shown.push(...values)
      }
    },
  }
}

function counted(source: Source<number, number, number>, told: Told): typeof source {
  return {
    ...source,
    enumerate: (context) => {
      told.enumerated++
      return source.enumerate(context)
    },
    open: (split, context, position) => {
      told.read++
      return source.open(split, context, position)
    },
  }
}

/** A short branch that ends early, and a long one that fails when `fails` says so. */
function twoBranches(told: Told, fails: (n: number) => boolean): JobDefinition {
  return defineJob('two branches', (env) => {
    env
      .from(counted(numbers(40, 10), told), { uid: 'short' })
      .keyBy((n) => n % 4)
      .window(endOfStream())
      .aggregate(count(), { uid: 'window' })
      .to(committing(told), { uid: 'sink' })
    env
      .from(numbers(4_000, 100), { uid: 'long' })
      .map((n) => {
        if (fails(n)) throw new Error(`number ${n}`)
        return n
      })
      .collect('long')
  })
}

const nothing = (): Told => ({ shown: [], done: new Set(), opened: 0, enumerated: 0, read: 0 })

test('a branch that had finished in the checkpoint is not run again: no second end of input, no second output', async () => {
  let skipped = 0
  for (let seed = 0; seed < 30; seed++) {
    const told = nothing()
    let failures = 0
    const parallelism = 1 + (seed % 2)
    const handle = runJob(
      twoBranches(told, (n) => n === 3_999 && failures++ < 1),
      {
        host: new Simulator({ seed, slots: 2 }),
        parallelism,
        restart: fixedDelayRestart({ attempts: 2, delayMs: 1 }),
        onRestart: () => {},
        checkpoints: { intervalMs: 0.5 },
      },
    )
    const long: number[] = []
    for await (const n of handle.collect<number>('long')) long.push(n)
    const { restarts, subtasks } = await handle.result()
    assert.is(restarts, 1)
    assert.is(new Set(long).size, 4_000, `seed ${seed}`)
    assert.is(long.length, 4_000, `seed ${seed}`)
    assert.equal(told.shown, [10, 10, 10, 10], `seed ${seed}`)
    assert.ok(subtasks.every(({ state }) => state === 'finished'))
    if (told.opened === parallelism) {
      skipped++
      assert.is(told.enumerated, 1)
      assert.is(told.read, 4)
    }
  }
  assert.ok(skipped > 10, `the short branch had finished before the failure in ${skipped} runs`)
})

test('a job that had finished has nothing to do, also at another parallelism', async () => {
  const directory = join(folder, 'finished')
  const told = nothing()
  const job = twoBranches(told, () => false)
  const options = { checkpoints: { directory }, resume: true }
  await runJob(job, { ...options, parallelism: 2 }).result()
  const { done, ...first } = told
  assert.is(done.size, 2)
  assert.equal(first, { shown: [10, 10, 10, 10], opened: 2, enumerated: 1, read: 4 })
  for (const parallelism of [2, 3, 1]) {
    const { totals, subtasks } = await runJob(job, { ...options, parallelism }).result()
    assert.is(totals.recordsRead, 0)
    assert.is(totals.recordsExpected, 0)
    assert.ok(subtasks.length > 0 && subtasks.every(({ state }) => state === 'finished'))
    assert.equal({ ...told, done }, { ...first, done })
  }
})

test('a new branch behind operators that had finished is run, and hears that there is nothing to come', async () => {
  const directory = join(folder, 'new branch')
  const job = (more: boolean) =>
    defineJob('grows', (env) => {
      const all = env.from(numbers(40, 10), { uid: 'numbers' })
      all
        .keyBy((n) => n % 4)
        .window(endOfStream())
        .aggregate(count(), { uid: 'old' })
        .collect('old')
      if (!more) return
      all
        .keyBy((n) => n % 2)
        .window(endOfStream())
        .aggregate(count(), { uid: 'new' })
        .collect('new')
    })
  await runJob(job(false), { parallelism: 2, checkpoints: { directory } }).result()
  const handle = runJob(job(true), { parallelism: 2, from: directory })
  const seen: unknown[] = []
  for await (const value of handle.collect('new')) seen.push(value)
  for await (const value of handle.collect('old')) seen.push(value)
  await handle.result()
  assert.equal(seen, [])
})

test.run()
