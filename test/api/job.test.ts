import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { buildGraph, defineJob, isJobDefinition } from '../../api/job.ts'
import { failure, fakeSink, fakeSource } from './fakes.ts'

const THIS_FILE = fileURLToPath(import.meta.url)

test('a job gets its arguments parsed, and its name', async () => {
  let seen: unknown
  const job = defineJob(
    { name: 'late', args: { minutes: { type: 'integer', default: 15 } } },
    (env, args) => {
      seen = args.minutes
      env.from(fakeSource(), { name: `${env.jobName} flights` }).to(fakeSink())
    },
  )
  const graph = await buildGraph(job, { minutes: '20' })
  assert.is(seen, 20)
  assert.is(graph.jobName, 'late')
  assert.is(graph.nodes[0]?.name, 'late flights')
})

test('a build may be asynchronous', async () => {
  const job = defineJob('later', async (env) => {
    await Promise.resolve()
    env.from(fakeSource()).to(fakeSink())
  })
  assert.is((await buildGraph(job)).nodes.length, 2)
})

test('every build starts from an empty graph', async () => {
  const job = defineJob('again', (env) => env.from(fakeSource()).to(fakeSink()))
  const [a, b] = await Promise.all([buildGraph(job), buildGraph(job)])
  assert.is(a.nodes.length, 2)
  assert.is(b.nodes.length, 2)
})

test('what a build throws is reported with its line and kept as the cause', async () => {
  const cause = new TypeError('no such airport')
  const job = defineJob('broken', () => {
    throw cause
  })
  const error = await failure('JOB_BUILD_FAILED', () => buildGraph(job))
  assert.is(error.cause, cause)
  assert.ok(
    error.message.startsWith("the job 'broken' could not be built: no such airport (at "),
    error.message,
  )
  assert.ok(error.message.includes(THIS_FILE), error.message)
})

test('a build that throws something else than an error, or rejects, is reported too', async () => {
  const thrower = defineJob('broken', () => {
    throw 'a text' // oxlint-disable-line no-throw-literal
  })
  assert.match((await failure('JOB_BUILD_FAILED', () => buildGraph(thrower))).message, '"a text"')
  const rejecter = defineJob('broken', () => Promise.reject(new Error('later')))
  assert.match((await failure('JOB_BUILD_FAILED', () => buildGraph(rejecter))).message, 'later')
})

test('an operator added after an asynchronous build that was not awaited is an error there', async () => {
  let late: Promise<unknown> = Promise.resolve()
  const job = defineJob('hasty', (env) => {
    env.from(fakeSource()).to(fakeSink())
    late = Promise.resolve()
      .then(() => Promise.resolve())
      .then(() =>
        failure('JOB_ALREADY_BUILT', async () => {
          await new Promise((resolve) => setImmediate(resolve))
          env.from(fakeSource()).to(fakeSink())
        }),
      )
  })
  await buildGraph(job)
  await late
})

test('a job is recognized by what defineJob returned', () => {
  assert.ok(isJobDefinition(defineJob('job', () => {})))
  for (const other of [undefined, null, 'job', {}, { name: 'job', build: () => {} }, () => {}]) {
    assert.not(isJobDefinition(other))
  }
})

test('a job needs a name and a build function', async () => {
  await failure('INVALID_ARGUMENT', () => defineJob('', () => {}))
  await failure('INVALID_ARGUMENT', () => defineJob('job', undefined as never))
  await failure('INVALID_ARGUMENT', () => defineJob({} as never, () => {}))
  await failure('INVALID_JOB', () => defineJob(undefined as never, () => {}))
  await failure('INVALID_JOB', () => defineJob({ name: 'job', args: [] as never }, () => {}))
})

test.run()
