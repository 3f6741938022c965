import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, OperatorError, runJob } from '../../../api/index.ts'
import type { Sink } from '../../../api/index.ts'
import { rejects } from '../../runner/expect.ts'
import { memorySink, numbers } from './fixtures/numbers.ts'

const nothing = (): void => {}

const writers: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a function', nothing],
  ['no write', { flush: nothing, close: nothing }],
  ['no flush', { write: nothing, close: nothing }],
  ['no close', { write: nothing, flush: nothing, close: 'later' }],
]

for (const [shown, writer] of writers) {
  test(`open() that returns ${shown} fails the job, and the other sinks are aborted`, async () => {
    const good = memorySink<number>()
    const wrong = { name: 'wrong', open: async () => writer } as Sink<number>
    const job = defineJob('wrong', (env) => {
      const stream = env.from(numbers(10))
      stream.to(good)
      stream.to(wrong)
    })
    const error = await rejects(runJob(job, { host: 'inline', slots: 1 }).result(), {
      code: 'INVALID_SINK',
    })
    assert.instance(error, OperatorError)
    assert.match(
      (error as OperatorError).message,
      /^Operator 'wrong' \(subtask 0\) failed: expected Sink\.open\(\) to return an object with the functions write, flush and close, got /,
    )
    assert.equal(good.told, ['open', 'abort'])
  })
}

test('a sink that packs records and a writer that does not take them fail the job, whether or not any are packed', async () => {
  const half = {
    name: 'half',
    createPacker: () => ({ pack: nothing }),
    open: () => ({ write: nothing, flush: nothing, close: nothing }),
  } as Sink<number>
  const job = defineJob('half', (env) => {
    env.from(numbers(10)).to(half)
  })
  const error = await rejects(runJob(job, { host: 'inline', slots: 1 }).result(), {
    code: 'INVALID_SINK',
  })
  assert.match(
    (error as OperatorError).message,
    /^Operator 'half' \(subtask 0\) failed: expected Sink\.open\(\) to return an object with the functions write, writePacked, flush and close, got /,
  )
})

test('what createPacker() returns must pack', async () => {
  const wrong = {
    ...memorySink<number>(),
    createPacker: () => ({ pack: 'later' }),
    open: () => ({ write: nothing, writePacked: nothing, flush: nothing, close: nothing }),
  } as unknown as Sink<number>
  const job = defineJob('wrong', (env) => {
    env.from(numbers(10)).to(wrong, { parallelism: 1 })
  })
  const error = await rejects(runJob(job, { host: 'inline', slots: 2, parallelism: 2 }).result(), {
    code: 'INVALID_SINK',
  })
  assert.match(
    (error as Error).message,
    /expected Sink\.createPacker\(\) to return an object with the function pack, got \{ pack: 'later' \}/,
  )
})

test.run()
