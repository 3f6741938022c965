import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  boundedOutOfOrderness,
  count,
  defineJob,
  fixedDelayRestart,
  runJob,
  tumbling,
} from '../../../api/index.ts'
import type { JobDefinition, JobHandle, RunOptions, Source } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects } from '../../runner/expect.ts'
import checkpoints from './fixtures/checkpoints.ts'
import { committingSink } from './fixtures/in-flight-shapes.ts'
import { endless, numbers } from './fixtures/numbers.ts'

const MODULE = new URL('./fixtures/checkpoints.js', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'millrace-stopping-'))
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

/** Ten keys, each counted from 1 to 200. */
const COUNTS = Array.from({ length: 2_000 }, (_, i) => Math.floor(i / 10) + 1)

/** Each read waits for what `before` says, which hears of the next number and the first of the split. */
function delayed(
  total: number,
  perSplit: number,
  before: (next: number, start: number) => Promise<unknown> | undefined,
): Source<number, number, number> {
  const source = numbers(total, perSplit)
  return {
    ...source,
    open: async (start, context, position) => {
      const reader = await source.open(start, { ...context, batchSize: perSplit / 10 }, position)
      return {
        get position() {
          return reader.position
        },
        async read() {
          await before(reader.position, start)
          return reader.read()
        },
      }
    },
  }
}

/** The second half of each split comes slowly, so that there is time to stop before its end. */
function slowly(total: number, perSplit: number): Source<number, number, number> {
  return delayed(total, perSplit, (next, start) =>
    next > start + perSplit / 2 ? new Promise((resolve) => setTimeout(resolve, 3)) : undefined,
  )
}

async function all<T>(handle: JobHandle, name: string, enough = Infinity, then = () => {}) {
  const values: T[] = []
  for await (const value of handle.collect<T>(name)) {
    values.push(value)
    if (values.length === enough) then()
  }
  return values
}

const OWN: RunOptions['checkpoints'][] = [undefined, { intervalMs: 5 }]
for (const own of OWN) {
  test(`${own === undefined ? 'without' : 'with'} checkpoints of its own: what one run shows before it stops and another after is everything, once`, async () => {
    let early = 0
    for (let round = 0; round < 12; round++) {
      const directory = place()
      let stopping: Promise<unknown> = Promise.resolve()
      const job = defineJob('counting', (env) => {
        env
          .from(slowly(2_000, 250), { uid: 'numbers' })
          .keyBy((n) => n % 10)
          .aggregate(count(), { uid: 'counts' })
          .collect('counts')
      })
      const first = runJob(job, {
        slots: 2,
        parallelism: 1 + (round % 3),
        ...(own === undefined ? {} : { checkpoints: own }),
      })
      const shown = await all<number>(first, 'counts', 100 + 40 * round, () => {
        stopping = first.stop({ savepoint: directory })
        // The job may have come to its end before.
        stopping.catch(() => {})
      })
      await first.result()
      assert.is(first.state, 'finished')
      const stopped = await stopping.then(
        () => true,
        () => false,
      )
      if (!stopped) continue
      if (shown.length < 2_000) early++
      const second = runJob(job, {
        slots: 2,
        parallelism: 1 + (round % 2),
        from: directory,
      })
      const rest = await all<number>(second, 'counts')
      assert.equal(inOrder([...shown, ...rest]), COUNTS, `round ${round}`)
    }
    assert.ok(early >= 5, `${early} of 12 runs stopped before their end`)
  })
}

for (const host of ['inline', 'threads'] as const) {
  test(`on ${host}: a job that was stopped goes on from its savepoint or its own checkpoints, and the file is whole`, async () => {
    for (const goesOnFrom of ['savepoint', 'own'] as const) {
      const nothingLeft = leftovers()
      const directory = place()
      const own = place()
      const output = place()
      const job = host === 'threads' ? MODULE : checkpoints
      const options: RunOptions = { host, slots: 2, checkpoints: { directory: own, intervalMs: 7 } }
      const first = runJob(job, { ...options, parallelism: 2, args: { pauseMs: 20, output } })
      // A handle tells nobody when its figures change.
      while ((await first.metrics()).totals.recordsWritten < 200)
        await new Promise((resolve) => setTimeout(resolve, 2))
      const { kind } = await first.stop({ savepoint: directory })
      assert.is(kind, 'savepoint')
      assert.is(first.state, 'finished')
      const { totals } = await first.result()
      assert.ok(totals.recordsRead < 2_000)
      const second = runJob(job, {
        ...options,
        ...(goesOnFrom === 'own' ? { resume: true } : { from: directory }),
        ...(goesOnFrom === 'own' ? {} : { checkpoints: { directory: place() } }),
        parallelism: 2,
        args: { output },
      })
      const rest = await second.result()
      assert.is(totals.recordsRead + rest.totals.recordsRead, 2_000)
      const files = readdirSync(folder).filter((name) => join(folder, name).startsWith(output))
      const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('')
      const lines = text.trim().split('\n').map(Number)
      assert.equal(inOrder(lines), COUNTS)
      await nothingLeft()
    }
  })
}

/** Numbers are their own event time; windows of 100, each counted. */
function windows(total: number, source = slowly(total, 1_000)): JobDefinition {
  return defineJob('windows', (env) => {
    env
      .from(source, {
        uid: 'numbers',
        timestamp: (n) => n,
        watermarks: boundedOutOfOrderness(0),
      })
      .keyBy(() => 'all')
      .window(tumbling(100))
      .aggregate(count(), { uid: 'windows' })
      .collect('windows')
  })
}

/** The end of the last split comes only after `open` was called. */
function waiting(total: number, perSplit: number) {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const half = total - perSplit / 2
  return { source: delayed(total, perSplit, (next) => (next >= half ? opened : undefined)), open }
}

test('without drain no window fires that is not over; with drain all do, and a run that goes on reads on', async () => {
  for (const drain of [false, true]) {
    for (let round = 0; round < 4; round++) {
      const directory = place()
      let stopping: Promise<unknown> = Promise.resolve()
      const { source, open } = waiting(4_000, 1_000)
      const job = windows(4_000, source)
      const first = runJob(job, { slots: 2, parallelism: 1 })
      const shown = await all<number>(first, 'windows', 3 + 3 * round, () => {
        stopping = first.stop({ savepoint: directory, drain })
        stopping.catch(() => {})
      })
      const { totals } = await first.result()
      await stopping
      open()
      const read = totals.recordsRead
      const sum = shown.reduce((a, b) => a + b, 0)
      assert.is(sum, drain ? read : 100 * shown.length, `round ${round}`)
      const second = runJob(job, {
        slots: 2,
        parallelism: 1,
        from: directory,
      })
      const rest = await all<number>(second, 'windows')
      const { totals: others } = await second.result()
      assert.is(read + others.recordsRead, 4_000, `round ${round}`)
      const all2 = sum + rest.reduce((a, b) => a + b, 0)
      assert.is(all2, 4_000, `round ${round}: nothing is late and nothing is counted twice`)
    }
  }
})

test('whoever wants to stop a job that commits already hears that it has ended', async () => {
  for (const drain of [false, true]) {
    const nothingLeft = leftovers()
    const sink = committingSink<number>()
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let ended: Promise<unknown> = Promise.resolve()
    const asked = new Promise<unknown>((resolve) => {
      const job = defineJob('ending', (env) => {
        env.from(numbers(1_000), { uid: 'numbers' }).to({
          ...sink,
          async commit(committables) {
            resolve(handle.stop({ savepoint: place(), drain }).catch((error: unknown) => error))
            await released
            await sink.commit?.(committables as never)
          },
        })
      })
      const handle = runJob(job, { slots: 2 })
      ended = handle.result()
      ended.catch(resolve)
    })
    if (drain) {
      const error = (await asked) as { readonly code?: string; readonly reason?: string }
      assert.equal([error.code, error.reason], ['CHECKPOINT_FAILED', 'jobStopped'])
    }
    release()
    await asked
    await ended
    assert.is(sink.values.length, 1_000)
    await nothingLeft()
  }
})

test('a source without end can be drained: its reader is closed and the job is finished', async () => {
  const nothingLeft = leftovers()
  let closed = 0
  const source = {
    ...endless(),
    open: () => ({
      position: 0,
      read: () => new Promise<number[]>((resolve) => setImmediate(() => resolve([1, 2, 3]))),
      close: () => {
        closed++
      },
    }),
  }
  const job = defineJob('endless', (env) => {
    env.from(source, { uid: 'endless' }).collect('numbers')
  })
  const handle = runJob(job, { parallelism: 2, slots: 2 })
  let stopping: Promise<unknown> = Promise.resolve()
  const seen = await all<number>(handle, 'numbers', 10, () => {
    stopping = handle.stop({ savepoint: place(), drain: true })
  })
  await stopping
  assert.ok(seen.length >= 10)
  assert.is(closed, 2)
  assert.is(handle.state, 'finished')
  await nothingLeft()
})

test('when the savepoint cannot be made, the job goes on', async () => {
  let refuses = false
  const plain = slowly(2_000, 250)
  const source: typeof plain = {
    ...plain,
    open: async (split, context, position) => {
      const reader = await plain.open(split, context, position)
      return {
        read: () => reader.read(),
        get position() {
          return refuses ? ((() => 'no plain data') as never) : reader.position
        },
      }
    },
  }
  const job = defineJob('refuses', (env) => {
    env
      .from(source, { uid: 'numbers' })
      .keyBy((n) => n % 10)
      .aggregate(count(), { uid: 'counts' })
      .collect('counts')
  })
  const handle = runJob(job, { parallelism: 2, slots: 2 })
  let stopping: Promise<unknown> | undefined
  const shown = await all<number>(handle, 'counts', 50, () => {
    refuses = true
    stopping = handle.stop({ savepoint: place() }).catch((error: unknown) => {
      refuses = false
      return error
    })
  })
  await handle.result()
  assert.match(String(await stopping), /declined/)
  assert.equal(inOrder(shown), COUNTS)
})

test('a job that fails while it stops starts again and goes on', async () => {
  let seen = 0
  let tellFailed: () => void = () => {}
  const job = defineJob('fails', (env) => {
    env
      .from(numbers(2_000, 250), { uid: 'numbers' })
      .map((n) => {
        if (++seen === 700) {
          tellFailed()
          throw new Error('stumbled')
        }
        return n
      })
      .collect('numbers')
  })
  const handle = runJob(job, {
    host: new Simulator({ seed: 3, slots: 1 }),
    parallelism: 1,
    checkpoints: {},
    restart: fixedDelayRestart({ attempts: 1, delayMs: 1 }),
    onRestart: () => {},
  })
  let stopping: Promise<unknown> | undefined
  tellFailed = () => {
    stopping = handle.stop()
    stopping.catch(() => {})
  }
  assert.is((await all(handle, 'numbers')).length, 2_000)
  await rejects(stopping as Promise<unknown>)
})

test('what cannot be stopped says why', async () => {
  const handle = runJob(checkpoints, { parallelism: 1, args: { pauseMs: 5 } })
  await rejects(handle.stop({ savepoint: place() }), { code: 'JOB_NOT_RUNNING' })
  while (handle.state !== 'running') await new Promise(setImmediate)
  await rejects(handle.stop(), { code: 'CHECKPOINTS_OFF' })
  await rejects(handle.stop({ drain: true }), { code: 'CHECKPOINTS_OFF' })
  for (const wrong of [{ savepoint: '' }, { drain: 'yes' }, { where: 'here' }, 7])
    await rejects(handle.stop(wrong as never), { code: 'INVALID_ARGUMENT' })
  handle.result().catch(() => {})
  await handle.cancel()
})

test.run()
