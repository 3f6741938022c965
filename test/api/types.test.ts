/**
 * What TypeScript infers from end to end. The assertions are made by the compiler; a wrong one is
 * an error of the build. The jobs are built as well, so that what type-checks also works.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ArgumentsOf } from '../../api/arguments.ts'
import { buildGraph, defineJob } from '../../api/job.ts'
import type { KeyedStream } from '../../api/keyed-stream.ts'
import type { Stream } from '../../api/stream.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { count, sum } from '../../operators/aggregates/aggregates.ts'
import { combine } from '../../operators/aggregates/combine.ts'
import type { CombinedAccumulator } from '../../operators/aggregates/combine.ts'
import { csv } from '../../connectors/csv/index.ts'
import { fileSink } from '../../connectors/file-sink/index.ts'
import { jsonLines } from '../../connectors/json-lines/index.ts'
import { parquet } from '../../connectors/parquet/index.ts'
import type { Trigger } from '../../operators/windows/trigger.ts'
import { triggers } from '../../operators/windows/triggers.ts'
import type { WindowAssigner } from '../../operators/windows/window-assigner.ts'
import { endOfStream, tumbling } from '../../operators/windows/window-assigner.ts'
import { fakeSink, fakeSource, graphOf } from './fakes.ts'
import type { Flight } from './fakes.ts'

/** True only where both types are the same to the compiler. */
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only for a stream of exactly `T`. */
function isStreamOf<T>() {
  return <U>(_stream: Stream<U>, _proof: Equal<T, U>): void => {}
}

interface Circle {
  readonly kind: 'circle'
  readonly radius: number
}
interface Square {
  readonly kind: 'square'
  readonly side: number
}

const counting: AggregateFunction<unknown, number, number> = {
  createAccumulator: () => 0,
  add: (count) => count + 1,
  getResult: (count) => count,
  merge: (a, b) => a + b,
}

function longest<T>(length: (value: T) => number): AggregateFunction<T, T[], T | undefined> {
  return {
    createAccumulator: () => [],
    add: (kept, value) =>
      length(value) > (kept[0] === undefined ? -1 : length(kept[0])) ? [value] : kept,
    getResult: (kept) => kept[0],
    merge: (a, b) => [...a, ...b],
  }
}

test('records keep their types through stateless operators', async () => {
  const graph = await graphOf((env) => {
    const flights = env.from(fakeSource<Flight>(), { timestamp: (flight) => flight.date })
    isStreamOf<Flight>()(flights, true)
    isStreamOf<string>()(
      flights.map((flight) => flight.origin),
      true,
    )
    isStreamOf<string>()(
      flights.flatMap((flight) => flight.origin.split('')),
      true,
    )
    isStreamOf<Flight>()(
      flights.filter((flight) => flight.delay > 15),
      true,
    )
    isStreamOf<Flight | number>()(flights.union(env.from(fakeSource<number>())), true)
    isStreamOf<Flight>()(
      flights
        .rebalance()
        .shuffle()
        .partition((flight) => flight.delay),
      true,
    )
    // @ts-expect-error a flight has no price
    flights.map((flight) => flight.price)
    // @ts-expect-error a key may not be missing
    flights.keyBy(() => undefined)
    for (const end of [flights]) end.to(fakeSink())
  }).catch((error: { code: string }) => error.code)
  // The streams above lead nowhere: only their types are of interest.
  assert.is(graph, 'DANGLING_STREAM')
})

test('a type guard narrows', async () => {
  const graph = await graphOf((env) => {
    const shapes = env.from(fakeSource<Circle | Square>())
    const circles = shapes.filter((shape): shape is Circle => shape.kind === 'circle')
    isStreamOf<Circle>()(circles, true)
    const squares = shapes.filter((shape) => shape.kind === 'square')
    isStreamOf<Square>()(squares, true)
    circles
      .map((circle) => circle.radius)
      .union(squares.map((square) => square.side))
      .to(fakeSink<number>())
  })
  assert.is(graph.nodes.length, 6)
})

test('keys, aggregates and windows come together without a type argument', async () => {
  const graph = await graphOf((env) => {
    const byOrigin = env.from(fakeSource<Flight>()).keyBy((flight) => flight.origin)
    const keyProof: Equal<typeof byOrigin, KeyedStream<string, Flight>> = true
    assert.ok(keyProof)
    isStreamOf<Flight>()(collected(byOrigin.reduce((a, b) => (a.delay > b.delay ? a : b))), true)
    isStreamOf<number>()(collected(byOrigin.aggregate(counting)), true)
    isStreamOf<number>()(collected(byOrigin.aggregate(counting, { name: 'count' })), true)
    const named = byOrigin.aggregate(counting, (flights, origin) => ({ flights, origin }), {
      uid: 'named',
    })
    isStreamOf<{ flights: number; origin: string }>()(collected(named), true)

    const hours = byOrigin.window(tumbling(3_600_000))
    isStreamOf<number>()(collected(hours.aggregate(counting)), true)
    const rows = hours.aggregate(
      longest((flight) => flight.delay),
      (flight, { key, windowStart }) => ({
        delay: flight?.delay,
        key,
        windowStart,
      }),
    )
    isStreamOf<{ delay: number | undefined; key: string; windowStart: number }>()(
      collected(rows),
      true,
    )
    isStreamOf<Flight>()(collected(hours.reduce((a) => a)), true)
    isStreamOf<string>()(
      collected(
        hours.reduce(
          (a) => a,
          (flight, { key }) => flight.origin + key,
        ),
      ),
      true,
    )

    const all = env.from(fakeSource<Flight>()).windowAll(endOfStream())
    isStreamOf<Flight | undefined>()(
      collected(all.aggregate(longest((flight) => flight.delay))),
      true,
    )
    isStreamOf<number>()(
      collected(
        all.reduce(
          (a) => a,
          (flight, { windowEnd }) => flight.delay + windowEnd,
        ),
      ),
      true,
    )
  })
  assert.ok(graph.nodes.length > 10)
})

test('composite keys keep their types', async () => {
  await graphOf((env) => {
    const stream = env.from(fakeSource<Flight>())
    stream
      .keyBy((flight) => [flight.origin, flight.delay])
      .aggregate(counting, (_count, [origin, delay]) => {
        const proof: Equal<[typeof origin, typeof delay], [string, number]> = true
        return proof
      })
      .to(fakeSink())
    stream
      .keyBy(({ origin, delay }) => ({ origin, delay }))
      .aggregate(counting, (_count, key) => key.origin)
      .to(fakeSink<string>())
  })
})

test('a stream of a narrow type goes where a wider one is expected', async () => {
  const ends = (stream: Stream<Circle | Square>): void => stream.to(fakeSink<Circle | Square>())
  await graphOf((env) => {
    const circles = env.from(fakeSource<Circle>())
    ends(circles)
    circles.to(fakeSink<unknown>())
  })
})

test('what needs a key does not type-check without one', async () => {
  const code = await graphOf((env) => {
    const stream = env.from(fakeSource<Flight>())
    // @ts-expect-error windows need keys
    stream.window(tumbling(1000))
  }).catch((error: { code: string }) => error.code)
  assert.is(code, 'STREAM_WITHOUT_KEY')
})

test('arguments have the types of their description', async () => {
  const job = defineJob(
    {
      name: 'typed',
      args: {
        input: { type: 'string', required: true },
        limit: { type: 'integer', default: 10 },
        share: { type: 'number' },
        verbose: { type: 'boolean', default: false },
        mode: { type: 'string', choices: ['fast', 'exact'], default: 'fast' },
        level: { type: 'integer', choices: [1, 2] },
      },
    },
    (env, args) => {
      const proof: Equal<
        typeof args,
        {
          readonly input: string
          readonly limit: number
          readonly share: number | undefined
          readonly verbose: boolean
          readonly mode: 'fast' | 'exact'
          readonly level: 1 | 2 | undefined
        }
      > = true
      assert.ok(proof)
      env.from(fakeSource(args.input)).to(fakeSink())
    },
  )
  assert.is((await buildGraph(job, { input: 'file' })).nodes[0]?.name, 'file')
  const proof: Equal<ArgumentsOf<undefined>, Readonly<Record<string, string>>> = true
  assert.ok(proof)
  assert.throws(() =>
    defineJob(
      // @ts-expect-error a default has the type of its argument
      { name: 'wrong', args: { limit: { type: 'integer', default: 'x' } } },
      () => {},
    ),
  )
})

test('the parts of combine may be declared by an interface', () => {
  interface Parts {
    readonly n: AggregateFunction<Flight, unknown, number>
    delay: AggregateFunction<Flight, number, number>
  }
  const parts: Parts = { n: count(), delay: counting }
  const both = combine(parts)
  const proof: Equal<
    typeof both,
    AggregateFunction<Flight, CombinedAccumulator, { readonly n: number; delay: number }>
  > = true
  assert.ok(proof)
  interface Wrong {
    readonly n: number
  }
  const wrong: Wrong = { n: 1 }
  // @ts-expect-error a number is no aggregate
  assert.throws(() => combine(wrong), /INVALID_COMBINE|aggregate function in 'n'/)
})

test('what expects more of a record than the stream has does not compile', async () => {
  interface Priced extends Flight {
    readonly price: number
  }
  const byPrice: WindowAssigner<Priced> = {
    ...tumbling(1),
    assignWindows: ({ price }) => [{ start: price, end: price + 1 }],
  }
  const dear: Trigger<Priced> = {
    ...triggers.never(),
    name: 'dear',
    onElement: ({ price }) => (price > 100 ? 'fire' : 'continue'),
  }
  const prices = sum(({ price }: Priced) => price)
  const parts = combine({ n: count(), prices })
  const proof: Equal<
    typeof parts,
    AggregateFunction<Priced, CombinedAccumulator, { n: number; prices: number }>
  > = true
  assert.ok(proof)
  const graph = await graphOf((env) => {
    const flights = env.from(fakeSource<Flight>(), { timestamp: (flight) => flight.date })
    const origins = flights.keyBy((flight) => flight.origin)
    const flight = { origin: 'string', delay: 'number', date: 'number' } as const
    const format = parquet({ columns: { ...flight, price: 'number' } })
    // @ts-expect-error a flight has no price
    flights.to(fakeSink<Priced>())
    // @ts-expect-error a flight has no price for the file
    flights.to(fileSink({ directory: 'out', format }))
    // @ts-expect-error a flight has no price
    origins.window(byPrice).aggregate(counting).to(fakeSink())
    // @ts-expect-error a flight has no price
    origins.window(tumbling(1)).trigger(dear).aggregate(counting).to(fakeSink())
    // @ts-expect-error a flight has no price
    origins.aggregate(prices).to(fakeSink())
    const perMinute = origins.window(tumbling(60_000))
    // @ts-expect-error a flight has no price, though the first part asks for none
    perMinute.aggregate(combine({ n: count(), prices })).to(fakeSink())
    // What expects less is welcome.
    origins
      .window(tumbling(1))
      .aggregate(combine({ n: count(), late: sum(({ delay }) => delay) }))
      .map(({ n, late }) => late / n)
      .to(fakeSink<number>())
    flights.to(fakeSink<Pick<Flight, 'origin'>>())
    flights.to(fileSink({ directory: 'out', format: parquet({ columns: flight }) }))
  })
  assert.is(graph.nodes.length, 16)
})

test('the bucket of a file sink knows the records of the stream, whatever the format', async () => {
  const graph = await graphOf((env) => {
    const flights = env.from(fakeSource<Flight>())
    const directory = 'out'
    flights.to(fileSink({ directory, format: jsonLines(), bucket: ({ origin }) => origin }))
    flights.to(fileSink({ directory, format: csv(), bucket: ({ origin }) => origin }))
    // @ts-expect-error a flight has no price
    flights.to(fileSink({ directory, format: jsonLines(), bucket: ({ price }) => price }))
    // @ts-expect-error rows of a table are objects
    flights.map(String).to(fileSink({ directory, format: csv() }))
  })
  assert.is(graph.nodes.length, 6)
})

/** Gives a stream an end of its own. */
function collected<T>(stream: Stream<T>): Stream<T> {
  stream.to(fakeSink())
  return stream
}

test.run()
