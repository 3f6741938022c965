/** What TypeScript infers of process functions, connected streams and broadcast state. The compiler makes the assertions. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type {
  BroadcastState,
  ListState,
  ReadOnlyBroadcastState,
  ValueState,
} from '../../checkpoint/state/states.ts'
import type { Emit, Environment, Stream } from '../../api/index.ts'
import { broadcastState, splitListState, valueState } from '../../checkpoint/state/declare-state.ts'
import { rejects } from '../runner/expect.ts'
import type { Flight } from './fakes.ts'
import { fakeSource, graphOf } from './fakes.ts'

/** True only where both types are the same to the compiler. */
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only where both types are the same. */
function same<A, B>(_proof: Equal<A, B>): void {}

/** Compiles only for a stream of exactly `T`. */
function isStreamOf<T>() {
  return <U>(_stream: Stream<U>, _proof: Equal<T, U>): void => {}
}

/** Builds, and takes no offence at streams that lead nowhere. */
async function builds(build: (env: Environment, flights: Stream<Flight>) => void): Promise<void> {
  await rejects(
    graphOf((env) => build(env, env.from(fakeSource<Flight>()))),
    { code: 'JOB_WITHOUT_SINK' },
  )
}

test('the stream that leaves has the type of emit', () =>
  builds((_env, flights) => {
    const origins = flights.process({
      processRecord(flight, context, emit: Emit<string>) {
        same<typeof flight, Flight>(true)
        same<typeof context.timestamp, number>(true)
        emit(flight.origin)
        // @ts-expect-error emit takes texts
        emit(5)
      },
    })
    isStreamOf<string>()(origins, true)
    const nothing = flights.process({ processRecord() {} })
    isStreamOf<never>()(nothing, true)
    // @ts-expect-error timers need keys
    assert.throws(() => flights.process({ processRecord() {}, onTimer() {} }))
    flights.process({
      processRecord(_flight, context) {
        // @ts-expect-error state needs keys
        return context.state
      },
    })
  }))

test('key, states and timers are typed', () =>
  builds((_env, flights) => {
    const delays = flights
      .keyBy((flight) => [flight.origin, flight.delay])
      .process({
        state: { total: valueState<number>(), names: valueState<{ readonly first: string }>() },
        operatorState: { seen: splitListState<Flight>() },
        open(context) {
          same<typeof context.operatorState.seen, ListState<Flight>>(true)
          // @ts-expect-error there is no key before the first record
          return context.state
        },
        processRecord(flight, { key, state, operatorState, timers }, emit: Emit<number>) {
          same<typeof key, readonly [string, number]>(true)
          same<typeof state.total, ValueState<number>>(true)
          same<typeof state.names, ValueState<{ readonly first: string }>>(true)
          operatorState.seen.add(flight)
          // @ts-expect-error the state is of numbers
          assert.throws(() => state.total.set('x'))
          // @ts-expect-error there is no such state
          same<typeof state.other, never>(true)
          const known: boolean = timers.tryRegisterEventTime(5)
          emit(known ? 1 : 0)
        },
        onTimer({ time, kind }, context, emit) {
          same<typeof context.key, readonly [string, number]>(true)
          same<typeof kind, 'eventTime' | 'processingTime'>(true)
          same<typeof emit, Emit<number>>(true)
          emit(time + (context.state.total.get() ?? 0))
        },
      })
    isStreamOf<number>()(delays, true)
  }))

test('connected streams keep both types', () =>
  builds((env, flights) => {
    const texts = env.from(fakeSource<string>())
    const mapped = flights.connect(texts).map(
      (flight) => flight.delay,
      (text) => text,
    )
    isStreamOf<number | string>()(mapped, true)
    const flat = flights.connect(texts).flatMap(
      (flight) => [flight.delay],
      (text) => text.split(''),
    )
    isStreamOf<number | string>()(flat, true)
    const keyed = flights
      .keyBy((flight) => flight.origin)
      .connect(texts.keyBy((text) => text))
      .process({
        state: { last: valueState<Flight>() },
        processRecord1(flight, { state, key }, emit: Emit<{ readonly at: string }>) {
          same<typeof flight, Flight>(true)
          same<typeof key, string>(true)
          state.last.set(flight)
          emit({ at: key })
        },
        processRecord2(text, { state }, emit) {
          same<typeof text, string>(true)
          same<typeof state.last, ValueState<Flight>>(true)
          emit({ at: text })
        },
      })
    isStreamOf<{ readonly at: string }>()(keyed, true)
    assert.throws(() =>
      // @ts-expect-error one has keys, the other has not
      flights.keyBy((flight) => flight.origin).connect(texts),
    )
    flights
      .keyBy((flight) => flight.origin)
      // @ts-expect-error the keys are of different types
      .connect(texts.keyBy((text) => text.length))
  }))

test('broadcast state is typed, and read-only beside', () =>
  builds((env, flights) => {
    const rules = env
      .from(fakeSource<{ readonly name: string; readonly limit: number }>())
      .broadcast({ limits: broadcastState<string, number>() })
    const plain = flights.connect(rules).process({
      processRecord(flight, { broadcast }, emit: Emit<Flight>) {
        same<typeof broadcast.limits, ReadOnlyBroadcastState<string, number>>(true)
        if (flight.delay > (broadcast.limits.get('delay') ?? 0)) emit(flight)
      },
      processBroadcast(rule, { broadcast }) {
        same<typeof broadcast.limits, BroadcastState<string, number>>(true)
        broadcast.limits.set(rule.name, rule.limit)
      },
    })
    isStreamOf<Flight>()(plain, true)
    const keyed = flights
      .keyBy((flight) => flight.origin)
      .connect(rules)
      .process({
        state: { total: valueState<number>() },
        processRecord(_flight, { broadcast, state }, emit: Emit<number>) {
          emit((broadcast.limits.get('delay') ?? 0) + (state.total.get() ?? 0))
        },
        processBroadcast(_rule, context) {
          context.forEachKey('total', (key, total) => {
            same<typeof key, string>(true)
            same<typeof total, ValueState<number>>(true)
          })
          // @ts-expect-error there is no such state
          context.forEachKey('other', () => {})
        },
        onTimer(_timer, { broadcast }, emit) {
          emit(broadcast.limits.size)
        },
      })
    isStreamOf<number>()(keyed, true)
  }))

test.run()
