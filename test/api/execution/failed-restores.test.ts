import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { JobDefinition, RestartStrategy, Sink, Source } from '../../../api/index.ts'
import { leftovers, rejects } from '../../runner/expect.ts'
import { numbers } from './fixtures/numbers.ts'

/** Shows what is committed, each number once; `commit` throws for the first `failures` times. */
function shaky(shown: Map<string, readonly number[]>, failures: number) {
  let commits = 0
  const sink: Sink<number, undefined, { readonly id: string; readonly values: readonly number[] }> =
    {
      name: 'shaky',
      open() {
        let values: number[] = []
        return {
          write: (more) => void values.push(...more),
          flush() {},
          prepare() {
            const committables = [{ id: `${values[0]}`, values }]
            values = []
            return { committables }
          },
          close() {},
        }
      },
      commit(prepared) {
        if (++commits <= failures) throw new Error(`commit ${commits}`)
        for (const { id, values } of prepared) shown.set(id, values)
      },
    }
  return sink
}

function job(source: Source<number>, sink: Sink<number>): JobDefinition {
  return defineJob('shaky', (env) => {
    env.from(source).to(sink)
  })
}

function start(definition: JobDefinition, restart: RestartStrategy, errors: string[]) {
  return runJob(definition, {
    parallelism: 1,
    checkpoints: {},
    restart,
    onRestart: ({ error }) => errors.push((error as Error).message),
  })
}

test('a commit that fails again when the job goes on is a failure as any other: the job starts again, and shows everything once', async () => {
  const shown = new Map<string, readonly number[]>()
  const errors: string[] = []
  const nothingLeft = leftovers()
  const restart = fixedDelayRestart({ attempts: 3, delayMs: 1 })
  const { restarts } = await start(job(numbers(1_000), shaky(shown, 3)), restart, errors).result()
  assert.is(restarts, 3)
  assert.equal(
    errors.map((text) => /commit \d/.exec(text)?.[0]),
    ['commit 1', 'commit 2', 'commit 3'],
  )
  assert.equal(
    [...shown.values()].flat(),
    Array.from({ length: 1_000 }, (_, n) => n),
  )
  await nothingLeft()
})

test('an enumerator that cannot be restored is such a failure, too', async () => {
  const shown = new Map<string, readonly number[]>()
  const errors: string[] = []
  const source = numbers(1_000)
  let starts = 0
  const hesitant: Source<number, number, number> = {
    ...source,
    enumerate(context) {
      if (++starts === 2) throw new Error('no list of files')
      return source.enumerate(context)
    },
    open(...given) {
      if (starts === 1) throw new Error('no file')
      return source.open(...given)
    },
  }
  const restart = fixedDelayRestart({ attempts: 3, delayMs: 1 })
  const { restarts } = await start(job(hesitant, shaky(shown, 0)), restart, errors).result()
  assert.is(restarts, 2)
  assert.match(errors[1] ?? '', /no list of files/)
  assert.is([...shown.values()].flat().length, 1_000)
})

test('it counts for the strategy: when that has had enough, the job ends with the error of the commit', async () => {
  const errors: string[] = []
  const restart = fixedDelayRestart({ attempts: 2, delayMs: 1 })
  const handle = start(job(numbers(1_000), shaky(new Map(), 99)), restart, errors)
  await rejects(handle.result(), { code: 'OPERATOR_FAILED', message: /commit 3.*started again 2/ })
  assert.is(handle.state, 'failed')
})

test('a job whose attempt could not begin can be cancelled while it waits for the next one', async () => {
  let waits = 0
  let waiting = (): void => {}
  const secondWait = new Promise<void>((resolve) => {
    waiting = resolve
  })
  const handle = runJob(job(numbers(1_000), shaky(new Map(), 99)), {
    parallelism: 1,
    checkpoints: {},
    restart: {
      name: 'the second wait is long',
      start: () => ({
        failed: () => void waits++,
        canRestart: true,
        backoffMs: () => (waits < 2 ? 1 : 3_600_000),
      }),
    },
    onRestart: ({ restarts }) => {
      if (restarts === 2) waiting()
    },
  })
  await secondWait
  await handle.cancel()
  await rejects(handle.result(), { code: 'JOB_CANCELLED' })
})

/** A sink whose first commit fails, and whose second one waits for `second` as soon as it has said so. */
function slowCommit(begun: () => void, second: Promise<void>): Sink<number> {
  let commits = 0
  return {
    ...shaky(new Map(), 0),
    commit() {
      if (++commits === 1) throw new Error('commit 1')
      begun()
      return second
    },
  }
}

test('a job that is cancelled while its sinks commit again has not started again, whatever becomes of the commit', async () => {
  const errors: string[] = []
  const nothingLeft = leftovers()
  let begun = (): void => {}
  const committing = new Promise<void>((resolve) => {
    begun = resolve
  })
  let fail: (error: Error) => void = () => {}
  const commit = new Promise<void>((_, reject) => {
    fail = reject
  })
  const restart = fixedDelayRestart({ attempts: 9, delayMs: 1 })
  const handle = start(job(numbers(1_000), slowCommit(begun, commit)), restart, errors)
  await committing
  const cancelled = handle.cancel()
  fail(new Error('commit 2'))
  await cancelled
  await rejects(handle.result(), { code: 'JOB_CANCELLED' })
  assert.is(errors.length, 1)
  assert.is((await handle.metrics()).restarts, 1)
  assert.is(handle.state, 'cancelled')
  await nothingLeft()
})

test('a commit that never ends does not keep a job that goes on from being cancelled', async () => {
  let begun = (): void => {}
  const committing = new Promise<void>((resolve) => {
    begun = resolve
  })
  const restart = fixedDelayRestart({ attempts: 9, delayMs: 1 })
  const never = new Promise<void>(() => {})
  const handle = start(job(numbers(1_000), slowCommit(begun, never)), restart, [])
  await committing
  await handle.cancel()
  await rejects(handle.result(), { code: 'JOB_CANCELLED' })
})

test.run()
