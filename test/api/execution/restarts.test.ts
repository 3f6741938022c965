import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  defineJob,
  exponentialDelayRestart,
  fixedDelayRestart,
  noRestart,
  runJob,
} from '../../../api/index.ts'
import type { RestartNotice, RunOptions } from '../../../api/index.ts'
import { MillraceError } from '../../../mailbox/errors.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects, throwsCode } from '../../runner/expect.ts'
import { numbers } from './fixtures/numbers.ts'
import restarts from './fixtures/restarts.ts'
import type { Trouble } from './fixtures/restarts.ts'

const MODULE = new URL('./fixtures/restarts.js', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'millrace-restarts-'))
let runs = 0

test.after(() => {
  rmSync(folder, { recursive: true })
})

/** Ten keys, each counted from 1 to 100: what every record counted once gives, in whatever order. */
const EXPECTED = Array.from({ length: 1_000 }, (_, i) => Math.floor(i / 10) + 1)

async function run(
  host: 'threads' | 'inline' | Simulator,
  {
    trouble = 'throws',
    failures = 2,
    ...more
  }: { trouble?: Trouble; failures?: number } & RunOptions,
) {
  const heard: RestartNotice[] = []
  const marks = join(folder, `run-${++runs}`)
  const handle = runJob(host === 'threads' ? MODULE : restarts, {
    host,
    parallelism: 2,
    slots: 2,
    args: { marks, failures, trouble },
    restart: fixedDelayRestart({ attempts: 2, delayMs: 5 }),
    onRestart: (notice) => heard.push(notice),
    ...more,
  })
  const counts: number[] = []
  for await (const value of handle.collect<number>('counts')) counts.push(value)
  return { result: await handle.result(), counts: counts.toSorted((a, b) => a - b), heard, handle }
}

for (const host of ['inline', 'threads'] as const) {
  test(`on ${host}: a job that fails starts again, and whoever collects sees each record once`, async () => {
    const nothingLeft = leftovers()
    const { result, counts, heard, handle } = await run(host, {})
    assert.equal(counts, EXPECTED)
    assert.is(result.restarts, 2)
    assert.is(handle.state, 'finished')
    assert.equal(
      heard.map(({ restarts: number, delayMs }) => [number, delayMs]),
      [
        [1, 5],
        [2, 5],
      ],
    )
    assert.match(String(heard[0]?.error), /stumbled the 1\. time/)
    await nothingLeft()
  })
}

test('in the simulator: the same, whatever the interleaving, and the wait costs no time', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const restart = exponentialDelayRestart({ initialMs: 60_000, maxMs: 600_000 })
    const { result, counts } = await run(new Simulator({ seed, slots: 2 }), { restart })
    assert.equal(counts, EXPECTED, `seed ${seed}`)
    assert.is(result.restarts, 2)
  }
})

test('a thread that ends itself is a failure like any other', async () => {
  const { result, counts, heard } = await run('threads', { trouble: 'exits', failures: 1 })
  assert.equal(counts, EXPECTED)
  assert.is(result.restarts, 1)
  const cause = heard[0]?.error
  assert.is(cause instanceof MillraceError && cause.code, 'SLOT_LOST')
})

test('a thread on which user code does not return is ended, and the job starts again on a new one', async () => {
  const nothingLeft = leftovers()
  const { result, counts, heard } = await run('threads', {
    trouble: 'hangs',
    failures: 1,
    heartbeatTimeoutMs: 4_000,
  })
  assert.equal(counts, EXPECTED)
  assert.is(result.restarts, 1)
  const [{ error } = {}] = heard
  assert.is(error instanceof MillraceError && error.code, 'SLOT_UNRESPONSIVE')
  assert.match(
    String(error),
    /Slot \d gave no sign of life for 4000 ms: .* \(its subtasks: .*numbers.*\[\d\]/,
  )
  await nothingLeft()
})

test('a thread that runs out of memory is a failure like any other', async () => {
  const { result, counts, heard } = await run('threads', {
    trouble: 'hoards',
    failures: 1,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  })
  assert.equal(counts, EXPECTED)
  assert.is(result.restarts, 1)
  const [{ error } = {}] = heard
  assert.is(error instanceof MillraceError && error.code, 'SLOT_LOST')
  assert.match(String(error), /memory/)
})

test('when the strategy has had enough, the job fails with the last error', async () => {
  const failing = run('inline', { failures: 3 })
  await rejects(failing, { message: /stumbled the 3\. time/ })
  await rejects(run('inline', { restart: noRestart() }), { message: /stumbled the 1\. time/ })
})

test('a job can be cancelled while it waits for its next attempt', async () => {
  let tellWaiting: () => void = () => {}
  const waiting = new Promise<void>((resolve) => {
    tellWaiting = resolve
  })
  const handle = runJob(restarts, {
    parallelism: 1,
    args: { marks: join(folder, 'cancelled') },
    restart: fixedDelayRestart({ attempts: 1, delayMs: 3_600_000 }),
    onRestart: () => {
      tellWaiting()
    },
  })
  handle.result().catch(() => {})
  await waiting
  assert.is(handle.state, 'restarting')
  await handle.cancel()
  assert.is(handle.state, 'cancelled')
  await rejects(handle.result(), { code: 'JOB_CANCELLED' })
  assert.ok(existsSync(join(folder, 'cancelled-1')))
})

test('what fails before the first record is not tried again', async () => {
  let opened = 0
  const job = defineJob('never opens', (env) => {
    env.from(numbers(10)).to({
      name: 'closed',
      open: () => {
        opened++
        throw new Error('no such place')
      },
    })
  })
  const restart = fixedDelayRestart({ attempts: 5, delayMs: 0 })
  await rejects(runJob(job, { parallelism: 1, restart }).result(), { message: /no such place/ })
  assert.is(opened, 1)
})

test('what is no strategy, and no listener, is refused', () => {
  for (const options of [{ restart: 3 }, { onRestart: 'log' }])
    throwsCode(() => runJob(restarts, options as unknown as RunOptions), 'INVALID_ARGUMENT')
})

test.run()
