/** Which failures are the same, so that the job ends after some of them in a row. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, exponentialDelayRestart, runJob, valueState } from '../../../api/index.ts'
import { Restarter } from '../../../api/execution/restarter.ts'
import {
  CheckpointError,
  tooManyFailures,
} from '../../../checkpoint/coordinator/checkpoint-failure.ts'
import { storeError } from '../../../checkpoint/store/store-errors.ts'
import { OperatorError } from '../../../operators/operator-error.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { rejects } from '../../runner/expect.ts'
import { numbers } from './fixtures/numbers.ts'

/** How many of these failures a job with the default strategy survives, of ten at most. */
function survived(failure: (attempt: number) => unknown): number {
  const { slot } = new Simulator({ seed: 1 }).main
  const restarter = new Restarter({ restart: exponentialDelayRestart(), onRestart() {} }, slot)
  for (let attempt = 1; attempt <= 10; attempt++) {
    try {
      restarter.failed(failure(attempt))
    } catch {
      return attempt - 1
    }
  }
  return 10
}

/** What Node throws. */
function systemError(syscall: string, code: string, path: string): Error {
  return Object.assign(new Error(`${code}: something, ${syscall} '${path}'`), {
    code,
    syscall,
    path,
  })
}

function failedCheckpoint(checkpointId: number, cause: unknown, reason = 'storeFailed' as const) {
  const facts = { checkpointId, reason, detail: String(cause), cause }
  return tooManyFailures(0, new CheckpointError(facts))
}

test('a disk that stays full is the same failure, whichever checkpoint and file it is', () => {
  const full = (id: number, code = 'ENOSPC') =>
    storeError(systemError('write', code, `/state/checkpoint-${id}/part`), `writing ${id}`)
  assert.is(
    survived((attempt) => failedCheckpoint(attempt, full(attempt))),
    4,
  )
  assert.is(
    survived((attempt) => {
      const cause = storeError(systemError('open', 'ENOSPC', `/out/.part-${attempt}`), 'writing')
      return new OperatorError({ operatorName: 'files', subtaskIndex: attempt }, cause)
    }),
    4,
  )
  assert.is(
    survived((attempt) => failedCheckpoint(attempt, full(attempt, attempt % 2 ? 'EIO' : 'ENOSPC'))),
    10,
  )
})

test('checkpoints that fail for other reasons, without a cause too, are told apart by these', () => {
  const timedOut = (checkpointId: number, detail: string) =>
    tooManyFailures(0, new CheckpointError({ checkpointId, reason: 'timedOut', detail }))
  assert.is(
    survived((attempt) => timedOut(attempt, 'task 1 has not answered')),
    4,
  )
  assert.is(
    survived((attempt) => timedOut(attempt, `task ${attempt} has not answered`)),
    10,
  )
})

test('state that no snapshot can hold ends the job, which does not start again for ever', async () => {
  const job = defineJob('functions', (env) => {
    env
      .from(numbers(100_000))
      .keyBy((n) => n % 3)
      .process({
        state: { last: valueState<() => number>() },
        processRecord: (n, { state }) => {
          state.last.set(() => n)
        },
      })
      .collect('nothing')
  })
  let restarts = 0
  const handle = runJob(job, {
    host: new Simulator({ seed: 1 }),
    parallelism: 1,
    checkpoints: { intervalMs: 1 },
    onRestart: () => {
      if (++restarts > 9) void handle.cancel()
    },
  })
  await rejects(handle.result(), {
    code: 'TOO_MANY_FAILED_CHECKPOINTS',
    message: /5 times in a row/,
  })
  assert.is(restarts, 4)
})

test.run()
