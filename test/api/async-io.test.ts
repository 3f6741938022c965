/** What `mapAsync` and `flatMapAsync` make of their arguments, before anything runs. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { buildGraph, defineJob } from '../../api/job.ts'
import { fingerprint, firstDifference } from '../../api/fingerprint.ts'
import { createPlan } from '../../api/plan.ts'
import type { MapAsyncOptions } from '../../api/async-io.ts'
import type { Stream } from '../../api/stream.ts'
import { fixedDelay } from '../../operators/async/retry-strategy.ts'
import { fakeSink, fakeSource, failure, graphOf } from './fakes.ts'
import type { Flight } from './fakes.ts'

/** True only where both types are the same to the compiler. */
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only for a stream of exactly `T`. */
function isStreamOf<T>() {
  return <U>(_stream: Stream<U>, _proof: Equal<T, U>): void => {}
}

function graphWith(options: MapAsyncOptions<Flight, string>) {
  return graphOf((env) => {
    env
      .from(fakeSource())
      .mapAsync((flight: Flight) => Promise.resolve(flight.origin), options)
      .to(fakeSink())
  })
}

test('the result type follows from the function', async () => {
  await graphOf((env) => {
    const flights = env.from(fakeSource())
    const origins = flights.mapAsync(async ({ origin }) => origin, { uid: 'origins' })
    isStreamOf<string>()(origins, true)
    const lengths = origins.mapAsync((origin) => origin.length)
    isStreamOf<number>()(lengths, true)
    const letters = origins.flatMapAsync(async (origin, { attempt }) => [origin, String(attempt)], {
      timeoutMs: 10,
      onTimeout: () => undefined,
      retry: fixedDelay({
        attempts: 2,
        delayMs: 1,
        when: (error) => error instanceof TypeError,
        whenResult: (found: string[]) => found.length === 0,
      }),
    })
    isStreamOf<string>()(letters, true)
    lengths.to(fakeSink())
    letters.to(fakeSink())
  })
})

test('it has a task of its own', async () => {
  const graph = await graphOf((env) => {
    env
      .from(fakeSource())
      .map((flight) => flight.origin)
      .mapAsync((origin) => origin)
      .map((origin) => origin.length)
      .to(fakeSink())
  })
  const { tasks } = createPlan(graph, { parallelism: 2, slots: 2 })
  assert.equal(
    tasks.map(({ name }) => name),
    ['flights -> map', 'mapAsync', 'map -> out'],
  )
})

test('the fingerprint sees functions and options', async () => {
  const retry = fixedDelay({ attempts: 2, delayMs: 10 })
  const [one, same, slower, bigger] = await Promise.all(
    [
      { retry },
      { retry: fixedDelay({ attempts: 2, delayMs: 10 }) },
      { retry: fixedDelay({ attempts: 2, delayMs: 20 }) },
      { retry, capacity: 7 },
    ].map(async (options) => fingerprint(await graphWith(options as never))),
  )
  assert.is(one?.hash, same?.hash)
  assert.match(firstDifference(one!, slower!) ?? '', /its retry is .* here and .* there/)
  assert.match(firstDifference(one!, bigger!) ?? '', /its capacity is 100 here and 7 there/)
})

const wrong: readonly [what: string, options: unknown, message: string][] = [
  ['order', { order: 'random' }, 'order must be one of ordered, unordered, got "random"'],
  ['a capacity of 0', { capacity: 0 }, 'capacity must be a whole number from 1, got number 0'],
  ['half a place', { capacity: 1.5 }, 'capacity must be a whole number from 1, got number 1.5'],
  [
    'a timeout of 0',
    { timeoutMs: 0 },
    'timeoutMs must be a finite number greater than 0, got number 0',
  ],
  [
    'a timeout without end',
    { timeoutMs: Infinity },
    'timeoutMs must be a finite number greater than 0, got number Infinity',
  ],
  [
    'onTimeout that is no function',
    { timeoutMs: 1, onTimeout: 'x' },
    'onTimeout must be a function, got "x"',
  ],
  [
    'an async onTimeout',
    { timeoutMs: 1, onTimeout: async () => 'late' },
    'onTimeout must not be async, for the time is up: it must have its result at hand, got function onTimeout',
  ],
  [
    'onTimeout without a timeout',
    { onTimeout: () => undefined },
    'onTimeout needs timeoutMs, without which nothing times out, got undefined',
  ],
  [
    'a number of retries',
    { retry: 3 },
    'retry must be what fixedDelay or exponentialDelay returns, got number 3',
  ],
  [
    'a strategy without attempts',
    { retry: { delayMs: () => 1 } },
    'retry.attempts must be a whole number from 1, the first attempt included, got undefined',
  ],
  [
    'a strategy with a wrong predicate',
    { retry: { attempts: 1, delayMs: () => 1, when: 1 } },
    'retry.when must be a function, got number 1',
  ],
]

for (const [what, options, message] of wrong) {
  test(`${what} is refused`, async () => {
    const error = await failure('INVALID_ARGUMENT', () => graphWith(options as never))
    assert.ok(error.message.startsWith(`mapAsync: ${message} (at `), error.message)
  })
}

test('an unknown option, or none at all, is refused', async () => {
  const unknown = await failure('INVALID_ARGUMENT', () => graphWith({ parallel: 3 } as never))
  assert.match(unknown.message, /unknown option 'parallel'; known are .*capacity, timeoutMs/)
  await failure('INVALID_ARGUMENT', () => graphWith(3 as never))
})

test('something else than a function is refused', async () => {
  const job = defineJob('test', (env) => {
    env
      .from(fakeSource())
      .flatMapAsync('fetch' as never)
      .to(fakeSink())
  })
  const error = await failure('INVALID_ARGUMENT', () => buildGraph(job))
  assert.match(error.message, /^flatMapAsync: the function must be a function, got "fetch"/)
})

test.run()
