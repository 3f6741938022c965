import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, OperatorError, runJob } from '../../../api/index.ts'
import type { Source } from '../../../api/index.ts'
import { MillraceError } from '../../../mailbox/errors.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { rejects } from '../../runner/expect.ts'
import { memorySink } from './fixtures/numbers.ts'

/** Members of a source, right or wrong. */
type Members = { readonly [Name in 'enumerate' | 'open']?: unknown }

/** A source of one split that ends at once, with these members instead of its own. */
function wrong(members: Members): Source<number> {
  const source = {
    name: 'wrong',
    enumerate() {
      const splits = [0]
      return { next: () => splits.shift() }
    },
    open: () => reading(() => undefined),
    ...members,
  }
  return source as Source<number>
}

function reading(read: () => unknown): unknown {
  return { position: 0, read }
}

async function failure(members: Members): Promise<OperatorError> {
  const job = defineJob('wrong', (env) => {
    env.from(wrong(members)).to(memorySink())
  })
  const error = await rejects(runJob(job, { host: 'inline', slots: 1 }).result())
  assert.instance(error, OperatorError)
  return error as OperatorError
}

const nothings: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['{}', {}],
  ['5', 5],
]

for (const [shown, value] of nothings) {
  test(`enumerate() that returns ${shown} fails the job`, async () => {
    const error = await failure({ enumerate: async () => value })
    assert.is(error.code, 'INVALID_SOURCE')
    const what = `expected Source.enumerate() to return an object with the function next, got ${shown}`
    assert.is(error.message, `Operator 'wrong' failed: ${what}`)
  })

  test(`open() that returns ${shown} fails the job, and is not taken for the end`, async () => {
    const error = await failure({ open: async () => value })
    assert.is(error.code, 'INVALID_SOURCE')
    const what = `expected Source.open() to return an object with the function read, got ${shown}`
    assert.is(error.message, `Operator 'wrong' (subtask 0) failed: ${what}`)
  })
}

const noBatches: typeof nothings = [
  ...nothings.slice(1),
  ['Object [Array Iterator] {}', [1].values()],
]

for (const [shown, value] of noBatches) {
  for (const how of ['at once', 'by a promise']) {
    test(`read() that gives ${shown} ${how} fails the job`, async () => {
      const read = () => (how === 'at once' ? value : Promise.resolve(value))
      const error = await failure({ open: () => reading(read) })
      assert.is(error.code, 'INVALID_SOURCE')
      const what = 'expected SplitReader.read() to give an array, or undefined at the end'
      assert.is(error.message, `Operator 'wrong' (subtask 0) failed: ${what}, got ${shown}`)
    })
  }
}

for (const [shown, timestamps] of [
  ['one of 1', Float64Array.of(1)],
  ['[ 1, 2 ]', [1, 2]],
] as const) {
  test(`timestamps of two records that are ${shown} fail the job`, async () => {
    const open = () => ({ position: 0, timestamps, read: () => [1, 2] })
    const error = await failure({ open })
    assert.is(error.code, 'INVALID_SOURCE')
    const what = 'expected SplitReader.timestamps to be a Float64Array of 2 times or more'
    assert.is(error.message, `Operator 'wrong' (subtask 0) failed: ${what}, got ${shown}`)
  })
}

test('a split with a function inside is refused, with the way to it', async () => {
  const enumerate = () => ({ next: () => ({ file: { open: () => 1 } }) })
  const error = await failure({ enumerate })
  assert.is(error.code, 'UNSENDABLE_VALUE')
  assert.match(
    error.message,
    /^Operator 'wrong' \(subtask 0\) failed: expected a split that is plain/,
  )
  assert.match(error.message, /a function \(open\) at split\.file\.open$/)
})

test('an error in enumerate names the source and has the cause', async () => {
  const cause = new TypeError('no such place')
  const enumerate = () => {
    throw cause
  }
  const error = await failure({ enumerate })
  assert.is(error.code, 'OPERATOR_FAILED')
  assert.is(error.message, "Operator 'wrong' failed: no such place")
  assert.is(error.subtaskIndex, undefined)
  assert.is(error.cause, cause)
})

test('an error in next names the source and the subtask, once, and keeps a code of ours', async () => {
  const next = async () => {
    throw new MillraceError('NO_MORE', 'the shelf is empty')
  }
  const error = await failure({ enumerate: () => ({ next }) })
  assert.is(error.code, 'NO_MORE')
  assert.is(error.message, "Operator 'wrong' (subtask 0) failed: the shelf is empty")
  assert.is((error.cause as MillraceError).code, 'NO_MORE')
})

test('an empty batch means "nothing yet": time goes on before the reader is asked again', async () => {
  const simulation = new Simulator({ seed: 1, slots: 1 })
  const { clock } = simulation.main.slot
  const asked: number[] = []
  const batches = [[], [7], [], undefined]
  const read = () => {
    asked.push(clock.monotonicMs())
    return batches.shift()
  }
  const sink = memorySink<number>()
  const job = defineJob('patient', (env) => {
    env.from(wrong({ open: () => reading(read) })).to(sink)
  })
  await runJob(job, { host: simulation }).result()
  assert.equal(sink.written, [7])
  assert.is(asked.length, 4)
  assert.ok(asked[1]! >= asked[0]! + 1)
  assert.ok(asked[3]! >= asked[2]! + 1)
})

test('a reader that never has anything lets the job be cancelled', async () => {
  let asked: () => void = () => {}
  const often = new Promise<void>((resolve) => {
    let times = 0
    asked = () => {
      if (++times === 3) resolve()
    }
  })
  const read = () => {
    asked()
    return []
  }
  const job = defineJob('endless', (env) => {
    env.from(wrong({ open: () => reading(read) })).to(memorySink())
  })
  const running = runJob(job, { host: 'inline', slots: 1 })
  await often
  await running.cancel()
  await rejects(running.result(), { code: 'JOB_CANCELLED' })
})

test.run()
