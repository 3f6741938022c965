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

test.run()
