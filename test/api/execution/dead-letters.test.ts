import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count, defineJob, outputTag, runJob } from '../../../api/index.ts'
import type { DeadLetter, Emit, Environment, RunOptions } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { rejects } from '../../runner/expect.ts'
import { failure } from '../fakes.ts'
import { buildGraph } from '../../../api/job.ts'
import { numbers } from './fixtures/numbers.ts'

const JOB = new URL('./fixtures/dead-letters.js', import.meta.url)

const HOSTS: readonly [string, () => RunOptions][] = [
  ['inline', () => ({ host: 'inline', slots: 2 })],
  ['threads', () => ({ host: 'threads', slots: 2 })],
  ['simulator', () => ({ host: new Simulator({ seed: 5, slots: 2 }) })],
]

async function listOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of values) list.push(value)
  return list
}

for (const [name, host] of HOSTS) {
  test(`${name}: records that fail leave with their error, all others as they should, and both are counted`, async () => {
    const job = runJob(JOB, { ...host(), parallelism: 2 })
    const [halves, letters] = await Promise.all([
      listOf(job.collect<number>('halves')),
      listOf(job.collect<DeadLetter<number>>('letters')),
    ])
    assert.is(halves.length, 1_980)
    assert.equal(
      letters.map(({ record }) => record).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, i) => i * 100 + 7),
    )
    const letter = letters.find(({ record }) => record === 7)
    assert.equal(letter?.error, {
      name: 'RangeError',
      message: "7 can't be halved",
      code: undefined,
    })
    assert.is(letter?.operatorName, 'halve')
    const { subtasks } = await job.metrics()
    const counted = subtasks.reduce(
      (sum, { counters }) => sum + (counters['halve.recordsSkipped'] ?? 0),
      0,
    )
    assert.is(counted, 20)
    await job.result()
  })
}

test('skipped records are only counted', async () => {
  const job = runJob(JOB, { host: 'inline', slots: 2, parallelism: 2, args: { onError: 'skip' } })
  assert.is((await listOf(job.collect('halves'))).length, 1_980)
  await job.result()
})

test('without a policy the first such record ends the job', async () => {
  const job = runJob(JOB, { host: 'inline', slots: 2, args: { onError: 'fail' } })
  await rejects(job.result(), { message: /7 can't be halved/ })
})

test('dead letters that nobody reads, or that nobody makes, are errors of the build', async () => {
  const build = (body: (env: Environment) => void) => () =>
    buildGraph(defineJob('letters', body), {})
  const unread = await failure(
    'DEAD_LETTERS_UNREAD',
    build((env) => {
      env
        .from(numbers(1))
        .map((value) => value, { onError: 'deadLetter' })
        .collect('values')
    }),
  )
  assert.match(
    unread.message,
    "'map' puts bad records among its dead letters, but nobody reads them",
  )
  const unmade = await failure(
    'DEAD_LETTERS_UNREAD',
    build((env) => {
      const values = env.from(numbers(1)).map((value) => value)
      values.collect('values')
      values.deadLetters().collect('letters')
    }),
  )
  assert.match(unmade.message, "give it onError: 'deadLetter'")
  const policy = await failure(
    'INVALID_ARGUMENT',
    build((env) => {
      env
        .from(numbers(1))
        .map((value) => value, { onError: 'ignore' as never })
        .collect('values')
    }),
  )
  assert.match(policy.message, 'onError must be one of fail, skip, deadLetter, got ')
})

test('a failure behind a side output is not one of the operator that fills it', async () => {
  const tag = outputTag<number>('copies')
  for (const onError of ['skip', 'fail'] as const) {
    const job = defineJob('side', (env) => {
      const values = env.from(numbers(10)).process(
        {
          processRecord(value, { sideOutput }, emit: Emit<number>) {
            sideOutput(tag, value)
            emit(value)
          },
        },
        { name: 'copy', onError },
      )
      values.collect('values')
      values
        .sideOutput(tag)
        .keyBy((value) => (value === 7 ? Number.NaN : value))
        .aggregate(count())
        .collect('counts')
    })
    await rejects(runJob(job, { host: 'inline', slots: 1 }).result(), {
      code: 'INVALID_KEY',
      message: /^Operator 'copy.keyBy' \(subtask 0\) failed on record 7/,
    })
  }
})

test('a union and a side output have no side outputs', async () => {
  const error = await failure('NO_SIDE_OUTPUT', () =>
    buildGraph(
      defineJob('union', (env) => {
        const values = env.from(numbers(1))
        values.union(values).sideOutput({ name: 'late' })
      }),
      {},
    ),
  )
  assert.match(error.message, "sideOutput('late'): a union of streams")
})

test.run()
