import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../../api/index.ts'
import type { JobHandle, RunOptions } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { leftovers, rejects, throwsCode } from '../../runner/expect.ts'
import { endless, memorySink, numbers } from './fixtures/numbers.ts'

const PARTITIONINGS = new URL('./fixtures/partitionings.js', import.meta.url)
const SHAPES = new URL('./fixtures/shapes.js', import.meta.url)
const BROKEN = new URL('./fixtures/broken.js', import.meta.url)

type Host = 'inline' | 'threads' | 'simulator'
const HOSTS: readonly Host[] = ['inline', 'threads', 'simulator']

function options(host: Host, parallelism: number, more: RunOptions = {}): RunOptions {
  return host === 'simulator'
    ? { host: new Simulator({ seed: parallelism, slots: 2 }), parallelism, ...more }
    : { host, parallelism, slots: 2, ...more }
}

async function collected(job: JobHandle, name: string): Promise<number[]> {
  const values: number[] = []
  for await (const value of job.collect<number>(name)) values.push(value)
  await job.result()
  return values.sort((a, b) => a - b)
}

function upTo(count: number, times = 1): number[] {
  return Array.from({ length: count * times }, (_, i) => Math.floor(i / times))
}

const COUNTS: Readonly<Record<Host, number>> = { inline: 3_000, threads: 3_000, simulator: 700 }

for (const host of HOSTS) {
  for (const parallelism of [1, 2, 3]) {
    test(`${host} × ${parallelism}: every partitioning delivers each record where it should, once`, async () => {
      const nothingLeft = leftovers()
      const kinds = ['forward', 'rebalance', 'shuffle', 'broadcast', 'global', 'custom', 'key']
      // Threads take a tenth of a second to start: some of the kinds per parallelism will do there.
      const chosen = host === 'threads' ? kinds.filter((_, i) => i % 3 === parallelism - 1) : kinds
      for (const by of chosen) {
        const args = { count: COUNTS[host], by }
        const codec = parallelism === 2 ? 'msgpack' : 'columns'
        const job = runJob(PARTITIONINGS, options(host, parallelism, { args, codec }))
        const keyed: { value: number }[] = []
        const readKeyed = async (): Promise<void> => {
          if (by !== 'key') return
          for await (const row of job.collect<{ value: number }>('keyed')) keyed.push(row)
        }
        const [values] = await Promise.all([collected(job, 'values'), readKeyed()])
        const times = by === 'broadcast' ? parallelism : 1
        assert.equal(values, upTo(COUNTS[host], times), by)
        if (by === 'key') {
          assert.is(keyed.length, COUNTS[host], 'one result per record')
          assert.is(Math.max(...keyed.map(({ value }) => value)), COUNTS[host] - 1)
        }
      }
      await nothingLeft()
    })
  }

  test(`${host}: a stream consumed twice and joined again, with filter and flatMap`, async () => {
    const count = COUNTS[host]
    const values = await collected(runJob(SHAPES, options(host, 2, { args: { count } })), 'joined')
    const expected = upTo(count)
      .flatMap((value) => [
        ...(value % 2 === 0 ? [value] : []),
        ...(value % 3 === 0 ? [value, -value] : []),
      ])
      .sort((a, b) => a - b)
    assert.equal(values, expected)
  })

  test(`${host}: an empty source ends at once`, async () => {
    const job = runJob(PARTITIONINGS, options(host, 3, { args: { count: 0 } }))
    assert.equal(await collected(job, 'values'), [])
    assert.is(job.state, 'finished')
  })

  test(`${host}: fewer splits than subtasks`, async () => {
    const job = runJob(PARTITIONINGS, options(host, 3, { args: { count: 400 } }))
    assert.equal(await collected(job, 'values'), upTo(400))
  })

  test(`${host}: an error keeps name, code, message, stack and cause, and names the operator`, async () => {
    const nothingLeft = leftovers()
    const job = runJob(BROKEN, options(host, 2, { args: { how: 'throw' } }))
    const error = (await rejects(job.result(), { code: 'OPERATOR_FAILED' })) as Error
    assert.is(job.state, 'failed')
    assert.is(error.name, 'OperatorError')
    assert.match(error.message, /'map' \(subtask \d\) failed on record 700: seven hundred/)
    const cause = error.cause as Error & { code: string }
    assert.is(cause.name, 'DetailedError')
    assert.is(cause.code, 'DETAILED')
    assert.match(cause.stack ?? '', /broken\.js/)
    assert.is((cause.cause as Error).name, 'TypeError')
    await nothingLeft()
  })

  test(`${host}: something thrown that is no error, and refuses to become text, fails the job too`, async () => {
    const job = runJob(BROKEN, options(host, 2, { args: { how: 'refuses' } }))
    await rejects(job.result(), { code: 'OPERATOR_FAILED' })
  })

  test(`${host}: cancel before it is deployed, while it runs and after its end`, async () => {
    const nothingLeft = leftovers()
    const early = runJob(BROKEN, options(host, 2, { args: { how: 'endless' } }))
    await early.cancel()
    assert.is(early.state, 'cancelled')
    // Its module is not loaded, so it has no name.
    await rejects(early.result(), { code: 'JOB_CANCELLED', message: /^The job was cancelled/ })

    const running = runJob(BROKEN, options(host, 2, { args: { how: 'endless' } }))
    await running.collected()
    await running.cancel()
    assert.is(running.state, 'cancelled')
    assert.ok((await running.metrics()).durationMs > 0)

    const ended = runJob(BROKEN, options(host, 2, { args: { how: 'fine' } }))
    await ended.result()
    await ended.cancel()
    assert.is(ended.state, 'finished')
    await nothingLeft()
  })

  test(`${host}: metrics count right, and the shares of time are 1 together`, async () => {
    const count = COUNTS[host]
    const job = runJob(SHAPES, options(host, 2, { args: { count } }))
    await collected(job, 'joined')
    const { totals, subtasks } = await job.metrics()
    assert.is(totals.recordsRead, count)
    assert.is(totals.recordsExpected, count)
    for (const { busy, idle, backpressured, watermark, state } of subtasks) {
      assert.ok(Math.abs(busy + idle + backpressured - 1) < 1e-6)
      assert.ok(Math.min(busy, idle, backpressured) >= 0)
      assert.is(watermark, Number.POSITIVE_INFINITY)
      assert.is(state, 'finished')
    }
  })
}

test('a thread that dies fails the job with SLOT_LOST, and the next job runs', async () => {
  const nothingLeft = leftovers()
  const job = runJob(BROKEN, options('threads', 2, { args: { how: 'exit' } }))
  await rejects(job.result(), { code: 'SLOT_LOST' })
  assert.is(job.state, 'failed')
  await runJob(BROKEN, options('threads', 2, { args: { how: 'fine' } })).result()
  await nothingLeft()
})

test('two jobs at once do not disturb each other', async () => {
  const run = (host: Host, count: number): Promise<number[]> =>
    collected(runJob(PARTITIONINGS, options(host, 2, { args: { count } })), 'values')
  const [a, b, c] = await Promise.all([run('threads', 2_000), run('inline', 999), run('inline', 5)])
  assert.equal([a.length, b.length, c.length], [2_000, 999, 5])
})

test('a simulator runs one job', async () => {
  const host = new Simulator({ seed: 1 })
  await runJob(BROKEN, { host, args: { how: 'fine' } }).result()
  await rejects(runJob(BROKEN, { host }).result(), { code: 'INVALID_HOST' })
})

test('a simulated run that does not end is ended', async () => {
  const host = new Simulator({ seed: 1, maxSteps: 2_000 })
  const job = runJob(BROKEN, { host, args: { how: 'endless' } })
  await rejects(job.result(), { code: 'SIMULATION_TOO_LONG' })
})

test('a job with two sinks: both get everything and are closed when all has finished', async () => {
  const [a, b] = [memorySink<number>(), memorySink<number>({ slow: true })]
  const job = defineJob('two sinks', (env) => {
    const source = env.from(numbers(5_000))
    source.to(a)
    source.rebalance().to(b)
  })
  const { totals } = await runJob(job, { parallelism: 2 }).result()
  assert.is(totals.recordsWritten, 10_000)
  for (const { written, told } of [a, b]) {
    assert.equal(
      [...written].sort((x, y) => x - y),
      upTo(5_000),
    )
    assert.not.ok(told.includes('abort'))
    assert.is(told.filter((what) => what === 'close').length, 2, 'one per subtask')
  }
})

test('a slow sink is never asked to write twice at a time, and its subtask is backpressured', async () => {
  const sink = memorySink<number>({ slow: true })
  const job = defineJob('slow', (env) => {
    env.from(numbers(20_000)).rebalance().to(sink)
  })
  await runJob(job, { parallelism: 1 }).result()
  assert.is(sink.mostAtOnce, 1)
  assert.equal(sink.written, upTo(20_000))
})

for (const failing of ['open', 'write', 'flush', 'close'] as const) {
  test(`a sink whose ${failing} fails: the job fails, and no writer is both closed and aborted`, async () => {
    const nothingLeft = leftovers()
    const bad = memorySink<number>({ failing, name: 'bad' })
    const good = memorySink<number>({ name: 'good' })
    const job = defineJob('bad sink', (env) => {
      const source = env.from(numbers(3_000))
      source.to(good)
      source.rebalance().to(bad)
    })
    const handle = runJob(job, { parallelism: 1 })
    await rejects(handle.result(), { message: new RegExp(`'bad' .*failed.*${failing} failed`) })
    assert.is(handle.state, 'failed')
    for (const { told } of [good, bad]) {
      assert.not.ok(told.includes('close') && told.includes('abort'), told.join())
    }
    if (failing === 'write' || failing === 'flush') {
      assert.is(bad.told.at(-1), 'abort')
      assert.not.ok(good.told.includes('close'))
      assert.is(good.told.at(-1), 'abort')
    }
    await nothingLeft()
  })
}

for (const failing of ['enumerate', 'next', 'open', 'read', 'close'] as const) {
  for (const async of [false, true]) {
    test(`a source whose ${failing} ${async ? 'rejects' : 'throws'} fails the job and aborts its sinks`, async () => {
      const nothingLeft = leftovers()
      const sink = memorySink<unknown>()
      const fail = (what: string): never => {
        if (what === failing) throw new Error(`${what} failed`)
        return undefined as never
      }
      const maybe = <T>(what: string, value: T): T | Promise<T> => {
        if (!async) return (fail(what), value)
        return Promise.resolve().then(() => (fail(what), value))
      }
      const job = defineJob('bad source', (env) => {
        env
          .from<number>({
            name: 'bad',
            enumerate: () => {
              let given = 0
              return maybe('enumerate', {
                next: () => maybe('next', given++ === 0 ? 0 : undefined),
              })
            },
            open: () => {
              let read = 0
              return maybe('open', {
                position: 0,
                read: () => maybe('read', read++ === 0 ? [1, 2] : undefined),
                close: () => maybe('close', undefined),
              })
            },
          })
          .to(sink)
      })
      const handle = runJob(job, { parallelism: 1 })
      await rejects(handle.result(), { message: new RegExp(`${failing} failed`) })
      assert.is(handle.state, 'failed')
      assert.not.ok(sink.told.includes('close'))
      if (sink.told.includes('open')) assert.is(sink.told.at(-1), 'abort')
      await nothingLeft()
    })
  }
}

test('a reader of a collected stream hears of the error that ends the job', async () => {
  for (const host of ['inline', 'simulator'] as const) {
    const job = defineJob('fails', (env) => {
      const source = env.from(numbers(5_000))
      source.map((value) => value).collect('all')
      source
        .filter((value) => {
          if (value === 4_000) throw new Error('late')
          return false
        })
        .to(memorySink())
    })
    const handle = runJob(job, options(host, 1))
    const read = async (): Promise<void> => {
      for await (const value of handle.collect('all')) assert.type(value, 'number')
    }
    await rejects(read(), { message: /late/ })
  }
})

test('two readers of a stream that gets nothing both hear of the error', async () => {
  const job = defineJob('silent', (env) => {
    env
      .from(numbers(5_000))
      .filter((value) => {
        if (value === 4_000) throw new Error('late')
        return false
      })
      .collect('nothing')
  })
  const handle = runJob(job, { parallelism: 1 })
  const read = async (): Promise<void> => {
    for await (const value of handle.collect('nothing')) assert.unreachable(String(value))
  }
  await Promise.all([rejects(read(), { message: /late/ }), rejects(read(), { message: /late/ })])
})

test('a job waits for a reader, and leaving the loop lets it end', async () => {
  const job = defineJob('left', (env) => {
    env
      .from(numbers(100_000))
      .rebalance()
      .map((value) => value)
      .collect('all')
  })
  const handle = runJob(job, { parallelism: 1 })
  let read = 0
  for await (const value of handle.collect<number>('all')) {
    assert.is(value, read)
    if (++read === 10) break
  }
  assert.is(handle.state, 'running')
  await handle.result()
  assert.is(handle.state, 'finished')
})

test('a collected stream can be read after the result', async () => {
  const job = defineJob('later', (env) => {
    env.from(numbers(1_000)).collect('all')
  })
  const handle = runJob(job, { parallelism: 2 })
  await handle.result()
  assert.equal(await collected(handle, 'all'), upTo(1_000))
  await rejects(handle.collect('none').next(), { code: 'UNKNOWN_COLLECT' })
})

test('the error of a job that nobody waits for is an unhandled rejection', async () => {
  const heard = new Promise<Error>((resolve) => {
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.once('unhandledRejection', (error) => {
      for (const other of others) process.on('unhandledRejection', other)
      resolve(error as Error)
    })
  })
  const job = defineJob('unheard', (env) => {
    env.from(numbers(10)).to(memorySink({ failing: 'write' }))
  })
  runJob(job, { parallelism: 1 })
  assert.match((await heard).message, /write failed/)
})

test('a sink that never ends can be cancelled', async () => {
  let closing: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    closing = resolve
  })
  const job = defineJob('stuck', (env) => {
    env
      .from(endless())
      .filter((value) => value < 0)
      .to(memorySink())
    env.from(numbers(3)).to({
      name: 'stuck',
      open: () => ({
        write: () => {},
        flush: () => {
          closing()
          return new Promise(() => {})
        },
        close: () => {},
      }),
    })
  })
  const handle = runJob(job, { parallelism: 1 })
  await begun
  await handle.cancel()
  assert.is(handle.state, 'cancelled')
})

test('arguments are checked at once', () => {
  throwsCode(() => runJob(''), 'INVALID_JOB')
  throwsCode(() => runJob(7 as never), 'INVALID_JOB')
})

test.run()
