import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, OperatorError, RemoteError, runJob } from '../../../api/index.ts'
import type { RunOptions, Source } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { rejects } from '../../runner/expect.ts'
import { memorySink } from './fixtures/numbers.ts'

const BROKEN = new URL('./fixtures/broken.js', import.meta.url)
const UNKEYED = new URL('./fixtures/unkeyed.js', import.meta.url)
const SPLITS = new URL('./fixtures/wrong-splits.js', import.meta.url)

/** Made anew for each run: a simulator takes one job. */
const hosts: Readonly<Record<string, () => RunOptions>> = {
  threads: () => ({ slots: 2 }),
  inline: () => ({ host: 'inline', slots: 2 }),
  simulator: () => ({ host: new Simulator({ seed: 3, slots: 2 }) }),
}

async function failure(job: URL, options: RunOptions): Promise<OperatorError> {
  const error = await rejects(runJob(job, { parallelism: 2, ...options }).result())
  assert.instance(error, OperatorError)
  return error as OperatorError
}

for (const [host, options] of Object.entries(hosts)) {
  test(`${host}: a failed operator is an OperatorError with all that it had where it was thrown`, async () => {
    const error = await failure(BROKEN, options())
    assert.is(error.name, 'OperatorError')
    assert.is(error.code, 'OPERATOR_FAILED')
    assert.is(error.operatorName, 'map')
    assert.ok(error.subtaskIndex === 0 || error.subtaskIndex === 1)
    assert.is(error.record, '700')
    assert.is(error.retryable, false)
    const where = `Operator 'map' (subtask ${error.subtaskIndex}) failed`
    assert.is(error.message, `${where} on record 700: seven hundred`)
    // The stack of the subtask, not of the coordinator.
    assert.match(error.stack ?? '', /InputSubtask\.turn/)
    const cause = error.cause as RemoteError
    assert.instance(cause, RemoteError)
    assert.is(cause.code, 'DETAILED')
    assert.is((cause.cause as Error).message, 'the cause')
  })

  test(`${host}: a split that cannot be sent names its source once, in the subtask that asked`, async () => {
    const error = await failure(SPLITS, options())
    assert.is(error.code, 'UNSENDABLE_VALUE')
    assert.is(error.operatorName, 'wrong')
    assert.match(
      error.message,
      /^Operator 'wrong' \(subtask \d\) failed: expected a split .* at split\.open$/,
    )
  })

  for (const [how, code, operator] of [
    ['key', 'INVALID_KEY', 'map.keyBy'],
    ['iterable', 'NOT_ITERABLE', 'flatMap'],
  ]) {
    test(`${host}: ${code} tells where its operator was declared`, async () => {
      const error = await failure(UNKEYED, { ...options(), args: { how } })
      assert.is(error.code, code)
      assert.is(error.operatorName, operator)
      assert.match(error.declaredAt ?? '', /unkeyed\.js:\d+:\d+$/)
    })
  }
}

test('threads: UNSENDABLE_VALUE tells where its operator was declared', async () => {
  const error = await failure(UNKEYED, { slots: 2, args: { how: 'sendable' } })
  assert.is(error.code, 'UNSENDABLE_VALUE')
  assert.match(error.declaredAt ?? '', /unkeyed\.js:\d+:\d+$/)
})

test('where two operators of a job share the name, no line is told', async () => {
  const enumerate = () => {
    throw new Error('nothing here')
  }
  const source: Source<number> = {
    name: 'twice',
    enumerate,
    open: () => ({ position: 0, read: () => undefined }),
  }
  const declare = async (count: number): Promise<OperatorError> => {
    const job = defineJob('twins', (env) => {
      for (let i = 0; i < count; i++) env.from(source).to(memorySink())
    })
    return (await rejects(runJob(job, { host: 'inline' }).result())) as OperatorError
  }
  assert.match((await declare(1)).declaredAt ?? '', /operator-errors\.test\.js:\d+:\d+$/)
  assert.is((await declare(2)).declaredAt, undefined)
})

test.run()
