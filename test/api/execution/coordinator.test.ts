import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { boundedOutOfOrderness, count, defineJob, runJob, tumbling } from '../../../api/index.ts'
import type { JobHandle, RunOptions } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects } from '../../runner/expect.ts'
import { endless, memorySink, numbers } from './fixtures/numbers.ts'

const LOSSY = new URL('./fixtures/lossy-commit.js', import.meta.url)

test('a slot that is lost while its output becomes visible fails the job', async () => {
  const nothingLeft = leftovers()
  const job = runJob(LOSSY, { parallelism: 2, slots: 2 })
  await rejects(job.result(), { code: 'SLOT_LOST' })
  assert.is(job.state, 'failed')
  await nothingLeft()
})

const NEVER = new Promise<never>(() => {})

/** Where a job can hang in user code: which step, and a job that does. */
const HANGING: Readonly<Record<string, (begun: () => void) => JobHandle>> = {
  build: (begun) =>
    runJob(
      defineJob('hangs', async () => {
        begun()
        await NEVER
      }),
      { parallelism: 1 },
    ),
  enumerate: (begun) => hanging({ enumerate: begun }),
  next: (begun) => hanging({ next: begun }),
  'open of the source': (begun) => hanging({ open: begun }),
  read: (begun) => hanging({ read: begun }),
  'open of the sink': (begun) => hanging({ openSink: begun }),
  write: (begun) => hanging({ write: begun }),
}

type Step = 'enumerate' | 'next' | 'open' | 'read' | 'openSink' | 'write'

function hanging(at: Readonly<Partial<Record<Step, () => void>>>): JobHandle {
  const here = <T>(step: Step, value: T): T | Promise<T> => {
    at[step]?.()
    return at[step] === undefined ? value : NEVER
  }
  const job = defineJob('hangs', (env) => {
    env
      .from<number>({
        name: 'source',
        enumerate: () => here('enumerate', { next: () => here('next', 0) }),
        open: () => here('open', { position: 0, read: () => here('read', [1]) }),
      })
      .to({
        name: 'sink',
        open: () =>
          here('openSink', {
            write: () => here('write', undefined),
            flush: () => {},
            close: () => {},
          }),
      })
  })
  return runJob(job, { parallelism: 1 })
}

for (const [step, run] of Object.entries(HANGING)) {
  test(`a job whose ${step} never answers can be cancelled, and leaves nothing behind`, async () => {
    const nothingLeft = leftovers()
    let job: JobHandle | undefined
    await new Promise<void>((begun) => {
      job = run(begun)
    })
    await job?.cancel()
    assert.is(job?.state, 'cancelled')
    await nothingLeft()
  })
}

test('windows fire while the input goes on: watermarks pass a step that assigns timestamps', async () => {
  for (const host of ['inline', new Simulator({ seed: 5 })] as const) {
    const options: RunOptions = { host, parallelism: 2 }
    const job = defineJob('windows', (env) => {
      env
        .from(endless())
        .assignTimestamps((value) => value, boundedOutOfOrderness(10))
        .keyBy((value) => value % 2)
        .window(tumbling({ size: 1_000 }))
        .aggregate(count(), (counted, { key }) => ({ counted, key }))
        .collect('windows')
    })
    const handle = runJob(job, options)
    let read = 0
    for await (const row of handle.collect<{ counted: number }>('windows')) {
      // Two subtasks read the same numbers, so that each window holds each of its numbers twice.
      assert.is(row.counted, 1_000)
      if (++read === 6) break
    }
    assert.is(handle.state, 'running')
    const { subtasks } = await handle.metrics()
    assert.ok(subtasks.some(({ watermark }) => watermark > 0 && watermark < Infinity))
    await handle.cancel()
  }
})

test('a job that fails while it is cancelled ends once', async () => {
  const sink = memorySink<number>()
  const job = defineJob('both', (env) => {
    env
      .from(numbers(10_000))
      .map((value) => {
        if (value === 5_000) {
          void handle.cancel()
          throw new Error('at the same time')
        }
        return value
      })
      .to(sink)
  })
  const handle = runJob(job, { parallelism: 1 })
  await rejects(handle.result())
  assert.is(sink.told.filter((what) => what === 'abort').length, 1)
  assert.not.ok(sink.told.includes('close'))
})

test.run()
