import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  count,
  defineJob,
  exponentialDelayRestart,
  fixedDelayRestart,
  OperatorError,
  runJob,
} from '../../../api/index.ts'
import type { RestartStrategy } from '../../../api/index.ts'
import type { RestoreNotice } from '../../../api/execution/run-options.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { rejects, throwsCode } from '../../runner/expect.ts'
import { numbers } from './fixtures/numbers.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-recovery-'))
let places = 0

test.after(() => {
  rmSync(folder, { recursive: true })
})

function place(): string {
  return join(folder, `place-${++places}`)
}

test('what comes of an attempt that is over is dropped and counted, and spoils nothing', async () => {
  let stale = 0
  for (let seed = 0; seed < 30; seed++) {
    let seen = 0
    const job = defineJob('fails thrice', (env) => {
      env
        .from(numbers(1_500, 50))
        .keyBy((n) => n % 10)
        .aggregate(count())
        .map((n) => {
          if (++seen % 500 === 0 && seen < 1_600) throw new Error(`record ${seen}`)
          return n
        })
        .collect('counts')
    })
    const handle = runJob(job, {
      host: new Simulator({ seed, slots: 3 }),
      parallelism: 3,
      restart: fixedDelayRestart({ attempts: 3, delayMs: 1 }),
      onRestart: () => {},
      checkpoints: { intervalMs: 0.2 },
    })
    const counts: number[] = []
    for await (const value of handle.collect<number>('counts')) counts.push(value)
    const { staleMessages, restarts } = await handle.result()
    assert.is(restarts, 3)
    assert.is(counts.length, 1_500, `seed ${seed}`)
    assert.is(counts.filter((value) => value === 150).length, 10, `seed ${seed}`)
    stale += staleMessages
  }
  assert.ok(stale > 0, `${stale} stale messages in 30 runs`)
})

test('a job that never fails has nothing stale', async () => {
  const job = defineJob('well', (env) => {
    env
      .from(numbers(500, 50))
      .keyBy((n) => n % 10)
      .aggregate(count())
      .collect('counts')
  })
  const handle = runJob(job, {
    host: new Simulator({ seed: 5 }),
    parallelism: 2,
    checkpoints: { intervalMs: 1 },
  })
  for await (const value of handle.collect('counts')) assert.ok(value)
  assert.is((await handle.result()).staleMessages, 0)
})

async function poisoned(restart: RestartStrategy | undefined): Promise<{
  readonly error: OperatorError
  readonly restarts: number
}> {
  const job = defineJob('poisoned', (env) => {
    env
      .from(numbers(20))
      .map((n) => ({ id: n }))
      .map(
        (order) => {
          if (order.id === 7) throw new Error('no price')
          return order
        },
        { name: 'price' },
      )
      .collect('orders')
  })
  const handle = runJob(job, {
    host: new Simulator({ seed: 1 }),
    parallelism: 1,
    checkpoints: {},
    ...(restart === undefined ? {} : { restart }),
    onRestart: () => {},
  })
  const error = await rejects(handle.result(), { code: 'OPERATOR_FAILED' })
  assert.instance(error, OperatorError)
  return { error: error as OperatorError, restarts: (await handle.metrics()).restarts }
}

test('a record that always fails ends the job: the error names operator, record, place and attempts', async () => {
  for (const restart of [undefined, exponentialDelayRestart()]) {
    const { error, restarts } = await poisoned(restart)
    assert.is(restarts, 4)
    assert.is(error.operatorName, 'price')
    assert.is(error.record, '{ id: 7 }')
    assert.match(error.declaredAt ?? '', /recovery\.test\.[jt]s:\d+:\d+$/)
    assert.match(
      error.message,
      /'price' \(subtask 0\) failed on record \{ id: 7 \}: no price \(the job was started again 4 times, and the same has failed 5 times in a row\)/,
    )
  }
  const patient = await poisoned(exponentialDelayRestart({ sameFailures: 8 }))
  assert.is(patient.restarts, 7)
  const fixed = await poisoned(fixedDelayRestart({ attempts: 6, delayMs: 1 }))
  assert.is(fixed.restarts, 6)
  assert.match(fixed.error.message, /\(the job was started again 6 times\)$/)
})

test('failures of different records, or further apart than five minutes, are not the same', async () => {
  let failures = 0
  const failing = (describe: () => string) =>
    defineJob('stumbles', (env) => {
      env
        .from(numbers(20))
        .map((n) => {
          if (n === 7 && failures++ < 8) throw new Error(describe())
          return n
        })
        .collect('numbers')
    })
  const run = async (job: ReturnType<typeof failing>, restart: RestartStrategy) => {
    failures = 0
    const host = new Simulator({ seed: 1 })
    const handle = runJob(job, {
      host,
      parallelism: 1,
      restart,
      checkpoints: {},
      onRestart: () => {},
    })
    for await (const value of handle.collect('numbers')) assert.type(value, 'number')
    assert.is((await handle.result()).restarts, 8)
  }
  await run(
    failing(() => `failure ${failures}`),
    exponentialDelayRestart(),
  )
  await run(
    failing(() => 'the same'),
    exponentialDelayRestart({ initialMs: 310_000, maxMs: 310_000, jitter: 0 }),
  )
  throwsCode(() => exponentialDelayRestart({ sameFailures: 0 }), 'INVALID_RESTART_STRATEGY')
})

test('whoever restores hears which operators begin empty, and whose state is given up', async () => {
  const directory = place()
  const job = (uid: string) =>
    defineJob('lists', (env) => {
      env
        .from(numbers(100), { uid: 'numbers' })
        .map((n) => n, { uid: 'same' })
        .keyBy((n) => n % 10)
        .aggregate(count(), { uid })
        .collect('counts')
    })
  await runJob(job('old'), { parallelism: 1, checkpoints: { directory } }).result()
  const heard: RestoreNotice[] = []
  const from = { directory, allowNonRestoredState: true }
  await runJob(job('new'), {
    parallelism: 1,
    from,
    onRestore: (notice) => heard.push(notice),
  }).result()
  assert.is(heard.length, 1)
  assert.equal(heard[0]?.givenUp, ['old'])
  const without = heard[0]?.withoutState ?? []
  assert.ok(without.includes('new') && without.includes('same'))
  assert.not.ok(without.includes('numbers'))
})

test('the lock of a dead process is no obstacle, not even where its number was given to another; that of another machine is, unless it is taken over', async () => {
  const directory = place()
  const run = (takeOver = false) =>
    runJob(
      defineJob('locked', (env) => {
        env.from(numbers(10), { uid: 'numbers' }).collect('numbers')
      }),
      { parallelism: 1, checkpoints: { directory, takeOver }, resume: true },
    ).result()
  await run()
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .slice(0, 100)
  // This process's number, but begun at another time: so it looks after a kill and a restart in a container.
  for (const holder of [`${process.pid}-1`, '4194000-77']) {
    writeFileSync(join(directory, `lock-${holder}-${host}`), '')
    await run()
  }
  assert.equal(
    readdirSync(directory).filter((name) => name.startsWith('lock')),
    [],
  )
  writeFileSync(join(directory, 'lock-7-77-another-machine'), '')
  await rejects(run(), { code: 'STORE_LOCKED', message: /another-machine/ })
  await run(true)
})

test.run()
