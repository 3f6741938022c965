import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Environment } from '../../api/environment.ts'
import type { GraphEdge } from '../../api/graph.ts'
import type { Stream } from '../../api/stream.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { tumbling } from '../../operators/windows/window-assigner.ts'
import { failure, fakeSink, fakeSource, graphOf } from './fakes.ts'
import type { Flight } from './fakes.ts'

const THIS_FILE = fileURLToPath(import.meta.url)

const counting: AggregateFunction<unknown, number, number> = {
  createAccumulator: () => 0,
  add: (count) => count + 1,
  getResult: (count) => count,
  merge: (a, b) => a + b,
}

function edgeText({ from, to, partitioning }: GraphEdge): string {
  return `${from} ${partitioning.kind} ${to}`
}

test('operators become nodes in the order in which they are written', async () => {
  const graph = await graphOf((env) => {
    env
      .from(fakeSource())
      .filter((flight) => flight.delay > 15)
      .map((flight) => flight.origin, { name: 'origins', uid: 'o', parallelism: 3, chain: false })
      .flatMap((origin) => origin.split(''))
      .to(fakeSink())
  })
  assert.equal(
    graph.nodes.map(({ id, name, uid, parallelism, operator }) => [
      id,
      operator.kind,
      name,
      uid,
      parallelism,
    ]),
    [
      [0, 'source', 'flights', 'source-0', undefined],
      [1, 'filter', 'filter', 'filter-1', undefined],
      [2, 'map', 'origins', 'o', 3],
      [3, 'flatMap', 'flatMap', 'flatMap-3', undefined],
      [4, 'sink', 'out', 'sink-4', undefined],
    ],
  )
  assert.equal(graph.edges.map(edgeText), [
    '0 default 1',
    '1 default 2',
    '2 default 3',
    '3 default 4',
  ])
  assert.equal(
    graph.nodes.map(({ chain }) => chain),
    [true, true, false, true, true],
  )
})

test('a partitioning holds for the next operator only, and the last one said counts', async () => {
  const graph = await graphOf((env) => {
    const source = env.from(fakeSource())
    source
      .rebalance()
      .map((flight) => flight)
      .to(fakeSink())
    source.forward().collect('forward')
    source.shuffle().collect('shuffle')
    source.broadcast().collect('broadcast')
    source.shuffle().global().collect('global')
    source.partition((flight, channels) => flight.delay % channels).collect('custom')
  })
  assert.equal(graph.edges.map(edgeText), [
    '0 rebalance 1',
    '1 default 2',
    '0 forward 3',
    '0 shuffle 4',
    '0 broadcast 5',
    '0 global 6',
    '0 custom 7',
  ])
})

test('a union feeds the next operator from each of its streams, and keeps what was said about each', async () => {
  const graph = await graphOf((env) => {
    const a = env.from(fakeSource('a'))
    const b = env.from(fakeSource('b'))
    a.union(b.rebalance(), a)
      .map((flight) => flight.delay)
      .to(fakeSink())
    a.union(b)
      .keyBy((flight) => flight.origin)
      .reduce((left) => left)
      .to(fakeSink())
  })
  assert.equal(graph.edges.map(edgeText), [
    '0 default 2',
    '1 rebalance 2',
    '0 default 2',
    '2 default 3',
    '0 key 4',
    '1 key 4',
    '4 default 5',
  ])
})

test('a keyed window gets its input by key and knows selector, aggregate and result function', async () => {
  const assigner = tumbling(3_600_000)
  const key = (flight: Flight): string => flight.origin
  const result = (flights: number): number => flights
  const graph = await graphOf((env) => {
    env
      .from(fakeSource())
      .keyBy(key)
      .window(assigner)
      .aggregate(counting, result, { uid: 'hours' })
      .to(fakeSink())
  })
  assert.equal(graph.edges.map(edgeText), ['0 key 1', '1 default 2'])
  const operator = graph.nodes[1]?.operator
  if (operator?.kind !== 'operator') throw new Error('expected an operator')
  const { key: itsKey, window, aggregate, result: itsResult } = operator.facts
  assert.equal(
    [operator.type, itsKey, window, aggregate, itsResult],
    ['window', key, assigner, counting, result],
  )
  assert.is(graph.nodes[1]?.uid, 'hours')
})

test('options may stand where a result function would', async () => {
  const graph = await graphOf((env) => {
    env
      .from(fakeSource())
      .keyBy((flight) => flight.origin)
      .aggregate(counting, { name: 'count' })
      .to(fakeSink())
  })
  const [, node] = graph.nodes
  assert.is(node?.name, 'count')
  assert.is(node?.operator.kind === 'aggregate' && node.operator.result, undefined)
})

test('windows over all records run in one subtask', async () => {
  const graph = await graphOf((env) => {
    env.from(fakeSource()).windowAll(tumbling(3_600_000)).aggregate(counting).to(fakeSink())
  })
  assert.is(graph.nodes[1]?.parallelismLimit, 1)
  await failure('INVALID_PARALLELISM', () =>
    graphOf((env) => {
      env
        .from(fakeSource())
        .windowAll(tumbling(3_600_000))
        .aggregate(counting, { parallelism: 2 })
        .to(fakeSink())
    }),
  )
})

test('a window reduce folds the records of a window, whatever order they are merged in', async () => {
  const graph = await graphOf((env) => {
    env
      .from(fakeSource<number>())
      .windowAll(tumbling(3_600_000))
      .reduce((a, b) => a + b)
      .collect('sums')
  })
  const operator = graph.nodes[1]?.operator
  if (operator?.kind !== 'operator') throw new Error('expected an operator')
  const aggregate = operator.facts['aggregate'] as AggregateFunction<number, number[], number>
  const left = aggregate.add(aggregate.add(aggregate.createAccumulator(), 1), 2)
  const right = aggregate.add(aggregate.createAccumulator(), 4)
  assert.is(aggregate.getResult(aggregate.merge(aggregate.createAccumulator(), left)), 3)
  assert.is(aggregate.getResult(aggregate.merge(left, aggregate.createAccumulator())), 3)
  assert.is(aggregate.getResult(aggregate.merge(left, right)), 7)
})

for (const parallelism of [0, -1, Number.NaN, 1e9, 1.5, '2' as unknown as number, 32_769]) {
  test(`a parallelism of ${typeof parallelism} ${parallelism} is refused, with the user's line`, async () => {
    const error = await failure('INVALID_PARALLELISM', () =>
      graphOf((env) => {
        env
          .from(fakeSource())
          .map((flight) => flight, { parallelism })
          .to(fakeSink())
      }),
    )
    assert.match(error.message, 'map: parallelism must be a whole number from 1 to 32768')
    assert.ok(error.message.includes(`(at ${THIS_FILE}:`), error.message)
  })
}

test('a parallelism above the number of key groups is refused', async () => {
  await failure('INVALID_PARALLELISM', () =>
    graphOf((env) => {
      env
        .from(fakeSource())
        .map((flight) => flight, { parallelism: 9, maxParallelism: 8 })
        .to(fakeSink())
    }),
  )
})

test('a parallelism above what a source or a sink can do is refused', async () => {
  const error = await failure('INVALID_PARALLELISM', () =>
    graphOf((env) => {
      env.from(fakeSource()).to(fakeSink('one file', 1), { parallelism: 2 })
    }),
  )
  assert.match(error.message, "'one file' can run with a parallelism of at most 1, got 2")
})

test('a source or a sink whose limit makes no sense is refused', async () => {
  for (const limit of [0, Number.NaN, 1.5, '1' as unknown as number]) {
    await failure('INVALID_PARALLELISM', () =>
      graphOf((env) => env.from(fakeSource('file', limit)).to(fakeSink())),
    )
  }
  await graphOf((env) => env.from(fakeSource('file', Number.POSITIVE_INFINITY)).to(fakeSink()))
})

test('a uid that is taken is refused, naming both lines', async () => {
  const error = await failure('DUPLICATE_UID', () =>
    graphOf((env) => {
      env
        .from(fakeSource())
        .map((flight) => flight, { uid: 'same' })
        .filter(() => true, { uid: 'same' })
        .to(fakeSink())
    }),
  )
  assert.is(error.message.split(THIS_FILE).length, 3, error.message)
})

test('a uid that equals the generated one of another operator is refused', async () => {
  await failure('DUPLICATE_UID', () =>
    graphOf((env) => {
      env
        .from(fakeSource(), { uid: 'map-1' })
        .map((flight) => flight)
        .to(fakeSink())
    }),
  )
})

test('a job without a sink is refused', async () => {
  await failure('JOB_WITHOUT_SINK', () => graphOf(() => {}))
  const error = await failure('JOB_WITHOUT_SINK', () =>
    graphOf((env) => {
      env.from(fakeSource()).map((flight) => flight)
    }),
  )
  assert.ok(error.message.includes(THIS_FILE), error.message)
})

test('a stream that leads nowhere is refused', async () => {
  const error = await failure('DANGLING_STREAM', () =>
    graphOf((env) => {
      const source = env.from(fakeSource())
      source.to(fakeSink())
      source.map((flight) => flight.delay, { name: 'forgotten' })
    }),
  )
  assert.match(error.message, "'forgotten'")
})

test('two collected streams need two names', async () => {
  await failure('DUPLICATE_COLLECT', () =>
    graphOf((env) => {
      env.from(fakeSource()).collect('rows')
      env.from(fakeSource()).collect('rows')
    }),
  )
})

test('a stream of another environment is refused', async () => {
  let foreign: Stream<Flight> | undefined
  await graphOf((env) => {
    foreign = env.from(fakeSource())
    foreign.to(fakeSink())
  })
  await failure('FOREIGN_STREAM', () =>
    graphOf((env) => {
      if (foreign !== undefined) env.from(fakeSource()).union(foreign).to(fakeSink())
    }),
  )
})

test('an operator added after the build is refused', async () => {
  let late: Environment | undefined
  await graphOf((env) => {
    late = env
    env.from(fakeSource()).to(fakeSink())
  })
  await failure('JOB_ALREADY_BUILT', () => late?.from(fakeSource()))
})

const notFunctions: readonly [string, (stream: Stream<Flight>) => unknown][] = [
  ['map', (stream) => stream.map('length' as never)],
  ['filter', (stream) => stream.filter(undefined as never)],
  ['flatMap', (stream) => stream.flatMap(null as never)],
  ['keyBy', (stream) => stream.keyBy('origin' as never)],
  ['partition', (stream) => stream.partition(3 as never)],
  ['assignTimestamps', (stream) => stream.assignTimestamps({} as never)],
  ['to', (stream) => stream.to('out.jsonl' as never)],
  ['to', (stream) => stream.to({ name: 'no sink' } as never)],
  ['collect', (stream) => stream.collect('')],
  ['union', (stream) => stream.union([] as never)],
  ['windowAll', (stream) => stream.windowAll(3_600_000 as never)],
  ['window', (stream) => stream.keyBy((flight) => flight.origin).window(undefined as never)],
  ['reduce', (stream) => stream.keyBy((flight) => flight.origin).reduce(counting as never)],
  ['aggregate', (stream) => stream.keyBy((flight) => flight.origin).aggregate((() => 0) as never)],
  ['map', (stream) => stream.map((flight) => flight, { paralelism: 2 } as never)],
  ['map', (stream) => stream.map((flight) => flight, { name: '' })],
  ['map', (stream) => stream.map((flight) => flight, { chain: 'no' as never })],
]
for (const [index, [method, call]] of notFunctions.entries()) {
  test(`${method} says what is wrong with its arguments and where (${index})`, async () => {
    const error = await failure('INVALID_ARGUMENT', () =>
      graphOf((env) => {
        call(env.from(fakeSource()))
      }),
    )
    assert.ok(error.message.startsWith(`${method}:`), error.message)
    assert.ok(error.message.includes(`(at ${THIS_FILE}:`), error.message)
  })
}

for (const method of ['window', 'reduce', 'aggregate']) {
  test(`${method} without keyBy says that it needs a key`, async () => {
    const error = await failure('STREAM_WITHOUT_KEY', () =>
      graphOf((env) => {
        const stream = env.from(fakeSource()) as unknown as Record<string, () => unknown>
        stream[method]?.()
      }),
    )
    assert.match(error.message, 'keyBy')
  })
}

test('from refuses what is no source', async () => {
  await failure('INVALID_ARGUMENT', () => graphOf((env) => void env.from([1, 2, 3] as never)))
  await failure('INVALID_ARGUMENT', () =>
    graphOf((env) => void env.from(fakeSource(), { timestamp: 'date' as never })),
  )
})

test.run()
