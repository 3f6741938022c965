/** Watermark strategies in a job's definition: what TypeScript infers, and what is refused. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fingerprint } from '../../api/fingerprint.ts'
import {
  monotonous,
  periodicWatermarks,
  punctuatedWatermarks,
  withAlignment,
  withIdleness,
} from '../../api/index.ts'
import type { SourceOptions, Stream } from '../../api/index.ts'
import { failure, fakeSink, fakeSource, graphOf } from './fakes.ts'
import type { Flight } from './fakes.ts'

/** Compiles only for a stream of flights. */
function isFlights(_stream: Stream<Flight>): void {}

const timestamp = (flight: Flight): number => flight.date

test('strategies that look at values are given the records of their stream', async () => {
  await graphOf((env) => {
    const flights = env.from(fakeSource<Flight>(), {
      timestamp,
      watermarks: withIdleness(
        punctuatedWatermarks((flight, time) => (flight.delay > 0 ? time : undefined)),
        1_000,
      ),
    })
    isFlights(flights)
    const again = flights.assignTimestamps(
      timestamp,
      periodicWatermarks({
        create: () => {
          let newest = 0
          return {
            onRecord: (flight: Flight) => (newest = flight.date),
            onPeriodicEmit: () => newest,
          }
        },
      }),
    )
    isFlights(again)
    const plain = env.from(fakeSource<Flight>(), { timestamp, watermarks: monotonous() })
    isFlights(plain)
    plain.to(fakeSink())
    const wrong = punctuatedWatermarks((order: { readonly price: number }) => order.price)
    // @ts-expect-error -- flights have no price
    env.from(fakeSource<Flight>(), { timestamp, watermarks: wrong }).to(fakeSink())
    again.to(fakeSink())
  })
})

const refused: readonly (readonly [string, SourceOptions<Flight> | undefined, RegExp])[] = [
  ['a strategy that is none', { watermarks: {} as never }, /createGenerator/],
  ['an interval of 0', { watermarkIntervalMs: 0 }, /watermarkIntervalMs .* above 0, got number 0/],
  ['an interval that is text', { watermarkIntervalMs: '5' as never }, /watermarkIntervalMs/],
]

for (const [what, options, message] of refused) {
  test(`from refuses ${what}`, async () => {
    const build = () => graphOf((env) => void env.from(fakeSource<Flight>(), options))
    assert.match((await failure('INVALID_ARGUMENT', build)).message, message)
  })
}

test('from refuses a source that reads less than one split at once', async () => {
  const source = { ...fakeSource<Flight>(), splitsAtOnce: 0.5 }
  const error = await failure('INVALID_ARGUMENT', () => graphOf((env) => void env.from(source)))
  assert.match(error.message, /splitsAtOnce must be an integer of at least 1, got number 0.5/)
})

test('only sources can be aligned', async () => {
  const watermarks = withAlignment(monotonous(), { group: 'g', maxDriftMs: 1 })
  const error = await failure('INVALID_ARGUMENT', () =>
    graphOf((env) => {
      env.from(fakeSource<Flight>()).assignTimestamps(timestamp, watermarks)
    }),
  )
  assert.match(error.message, /assignTimestamps: only sources can be aligned/)
})

test('the fingerprint tells strategies apart', async () => {
  const hashOf = async (options: SourceOptions<Flight>): Promise<string> => {
    const graph = await graphOf((env) => {
      env.from(fakeSource<Flight>(), { timestamp, ...options }).to(fakeSink())
    })
    return fingerprint(graph).hash
  }
  const strategies: SourceOptions<Flight>[] = [
    {},
    { watermarks: monotonous() },
    { watermarks: monotonous(), watermarkIntervalMs: 5 },
    { watermarks: withIdleness(monotonous(), 5) },
    { watermarks: withIdleness(monotonous(), 6) },
    { watermarks: withAlignment(monotonous(), { group: 'a', maxDriftMs: 1 }) },
    { watermarks: withAlignment(monotonous(), { group: 'b', maxDriftMs: 1 }) },
    { watermarks: withAlignment(monotonous(), { group: 'b', maxDriftMs: 2 }) },
    { watermarks: punctuatedWatermarks((flight) => flight.date) },
    { watermarks: punctuatedWatermarks((flight) => flight.delay) },
    {
      watermarks: withIdleness(
        punctuatedWatermarks<Flight>((flight) => flight.delay),
        5,
      ),
    },
    { watermarks: periodicWatermarks({ create: () => ({ onPeriodicEmit: () => 1 }) }) },
    { watermarks: periodicWatermarks({ create: () => ({ onPeriodicEmit: () => 2 }) }) },
  ]
  const hashes = await Promise.all(strategies.map(hashOf))
  assert.is(new Set(hashes).size, strategies.length)
})

test.run()
