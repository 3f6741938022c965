import { test } from 'uvu'
import * as assert from 'uvu/assert'
import fc from 'fast-check'
import type { Environment } from '../../api/environment.ts'
import { createPlan, MAIN_SLOT } from '../../api/plan.ts'
import type { ExecutionPlan } from '../../api/plan.ts'
import type { PlanOptions } from '../../api/plan-parallelism.ts'
import type { Stream } from '../../api/stream.ts'
import { monotonous } from '../../operators/time/watermarks.ts'
import { failure, fakeSink, fakeSource, graphOf } from './fakes.ts'
import type { Flight } from './fakes.ts'

async function planOf(
  build: (env: Environment) => void,
  options: Partial<PlanOptions> = {},
): Promise<ExecutionPlan> {
  return createPlan(await graphOf(build), { parallelism: 2, slots: 2, ...options })
}

function edgeTexts(plan: ExecutionPlan): readonly string[] {
  return plan.edges.map(
    ({ fromTask, toTask, partitioning }) => `${fromTask} ${partitioning} ${toTask}`,
  )
}

const same = (flight: Flight): Flight => flight

test('operators of equal parallelism share a task', async () => {
  const plan = await planOf((env) => {
    env
      .from(fakeSource())
      .map(same)
      .filter(() => true)
      .to(fakeSink())
  })
  assert.equal(
    plan.tasks.map(({ name }) => name),
    ['flights -> map -> filter -> out'],
  )
  assert.equal(plan.edges, [])
})

test('a fan-out is a tree inside its task', async () => {
  const plan = await planOf((env) => {
    const source = env.from(fakeSource())
    source.map(same, { name: 'a' }).to(fakeSink('A'))
    source.map(same, { name: 'b' }).to(fakeSink('B'))
    source
      .keyBy((flight) => flight.origin)
      .reduce(same)
      .to(fakeSink('C'))
  })
  assert.equal(
    plan.tasks.map(({ name }) => name),
    ['flights -> [a -> A, b -> B]', 'reduce -> C'],
  )
  assert.equal(plan.tasks[0]?.root, {
    nodeId: 0,
    next: [
      {
        nodeId: 1,
        next: [{ nodeId: 2, next: [], outputs: [], sideOutputs: [] }],
        outputs: [],
        sideOutputs: [],
      },
      {
        nodeId: 3,
        next: [{ nodeId: 4, next: [], outputs: [], sideOutputs: [] }],
        outputs: [],
        sideOutputs: [],
      },
    ],
    outputs: [0],
    sideOutputs: [],
  })
})

test('every partitioning but forward, another parallelism, a union and chain: false end a task', async () => {
  const ends: readonly [string, (stream: Stream<Flight>) => Stream<Flight>][] = [
    ['rebalance', (stream) => stream.rebalance().map(same)],
    ['rescale', (stream) => stream.rescale().map(same)],
    ['idlest', (stream) => stream.rebalanceToIdlest().map(same)],
    ['shuffle', (stream) => stream.shuffle().map(same)],
    ['broadcast', (stream) => stream.broadcast().map(same)],
    ['global', (stream) => stream.global().map(same)],
    ['custom', (stream) => stream.partition(() => 0).map(same)],
    ['key', (stream) => stream.keyBy((flight) => flight.origin).reduce(same)],
    ['rebalance', (stream) => stream.map(same, { parallelism: 3 })],
    ['forward', (stream) => stream.map(same, { chain: false })],
    ['forward', (stream) => stream.map(same, { maxParallelism: 64 })],
    ['forward', (stream) => stream.union(stream).map(same)],
    ['forward', (stream) => stream.assignTimestamps((flight) => flight.date, monotonous())],
  ]
  for (const [partitioning, step] of ends) {
    const plan = await planOf((env) => step(env.from(fakeSource())).collect('rows'))
    assert.is(plan.edges[0]?.partitioning, partitioning)
    assert.is(plan.edges[0]?.fromTask, 0)
    assert.is(plan.edges[0]?.toTask, 1)
  }
})

test('rescale joins neighbours: every receiver has a sender, every sender a receiver, and the load is even', async () => {
  const pairs = async (senders: number, receivers: number): Promise<string[]> => {
    const plan = await planOf((env) => {
      env
        .from(fakeSource(), { parallelism: senders })
        .rescale()
        .map(same, { parallelism: receivers })
        .to(fakeSink())
    })
    const channels = plan.edges[0]?.channels ?? []
    return channels.map(({ fromSubtask, toSubtask }) => `${fromSubtask}-${toSubtask}`)
  }
  assert.equal(await pairs(2, 4), ['0-0', '0-1', '1-2', '1-3'])
  assert.equal(await pairs(4, 2), ['0-0', '1-0', '2-1', '3-1'])
  assert.equal(await pairs(2, 3), ['0-0', '0-1', '1-2'])
  assert.equal(await pairs(3, 2), ['0-0', '1-0', '2-1'])
  assert.equal(await pairs(2, 2), ['0-0', '1-1'])
})

test('an operator with chain: false shares its task with nothing behind it either', async () => {
  const plan = await planOf((env) => {
    env
      .from(fakeSource())
      .map(same, { chain: false })
      .filter(() => true)
      .to(fakeSink())
  })
  assert.equal(
    plan.tasks.map(({ name }) => name),
    ['flights', 'map', 'filter -> out'],
  )
})

test('an explicit forward between unequal operators is an error, an implicit one becomes a rebalance', async () => {
  const plan = await planOf((env) => env.from(fakeSource()).to(fakeSink('one', 1)))
  assert.equal(edgeTexts(plan), ['0 rebalance 1'])
  const error = await failure('FORWARD_PARALLELISM', () =>
    planOf((env) => env.from(fakeSource()).forward().to(fakeSink('one', 1))),
  )
  assert.match(
    error.message,
    "from 'flights' to 'one' needs equal parallelism, but they have 2 and 1",
  )
})

test('subtasks are dealt out to slots in turn from task to task, collected streams to the main thread', async () => {
  const plan = await planOf(
    (env) => {
      env.from(fakeSource()).map(same, { parallelism: 1 }).collect('rows')
    },
    { parallelism: 5, slots: 2 },
  )
  assert.equal(
    plan.tasks.map(({ subtasks }) => subtasks.map(({ slot }) => slot)),
    [[1, 2, 1, 2, 1], [2], [MAIN_SLOT]],
  )
})

test('a task behind a forward edge sits where its sender sits', async () => {
  const plan = await planOf(
    (env) => {
      const readings = env.from(fakeSource(), { parallelism: 1 })
      readings.map(same, { parallelism: 1, chain: false }).collect('rows')
    },
    { parallelism: 3, slots: 3 },
  )
  assert.equal(
    plan.tasks.map(({ subtasks }) => subtasks.map(({ slot }) => slot)),
    [[1], [1], [MAIN_SLOT]],
  )
})

test('channels are numbered from 1 along edges, senders and receivers', async () => {
  const plan = await planOf((env) => {
    env
      .from(fakeSource())
      .keyBy((flight) => flight.origin)
      .reduce(same)
      .map(same, { chain: false })
      .collect('rows')
  })
  const channels = plan.edges.map((edge) =>
    edge.channels.map(({ id, fromSubtask, toSubtask, fromSlot, toSlot }) => [
      id,
      `${fromSubtask}@${fromSlot} ${toSubtask}@${toSlot}`,
    ]),
  )
  assert.equal(channels, [
    [
      [1, '0@1 0@1'],
      [2, '0@1 1@2'],
      [3, '1@2 0@1'],
      [4, '1@2 1@2'],
    ],
    [
      [5, '0@1 0@1'],
      [6, '1@2 1@2'],
    ],
    [
      [7, '0@1 0@0'],
      [8, '1@2 0@0'],
    ],
  ])
})

test('a source or sink with a limit takes less than the default parallelism', async () => {
  const plan = await planOf(
    (env) => env.from(fakeSource('file', 1)).map(same).to(fakeSink('three', 3)),
    { parallelism: 4 },
  )
  assert.equal(
    plan.tasks.map(({ name, parallelism }) => [name, parallelism]),
    [
      ['file', 1],
      ['map', 4],
      ['three', 3],
    ],
  )
})

test('key edges carry the number of key groups of their receiver', async () => {
  const plan = await planOf((env) => {
    env
      .from(fakeSource())
      .keyBy((flight) => flight.origin)
      .reduce(same, { maxParallelism: 16 })
      .collect('rows')
  })
  assert.equal(
    plan.edges.map(({ maxParallelism }) => maxParallelism),
    [16, 128],
  )
})

test('tasks list the very edges of the plan', async () => {
  const plan = await planOf((env) => {
    env
      .from(fakeSource('a'))
      .union(env.from(fakeSource('b')))
      .map(same)
      .collect('rows')
  })
  assert.equal(
    plan.tasks.map(({ inputs, outputs }) => [
      inputs.map(({ id }) => id),
      outputs.map(({ id }) => id),
    ]),
    [
      [[], [0]],
      [[], [1]],
      [[0, 1], [2]],
      [[2], []],
    ],
  )
})

for (const [what, options] of [
  ['parallelism', { parallelism: 0 }],
  ['parallelism', { parallelism: Number.NaN }],
  ['parallelism', { parallelism: -1 }],
  ['parallelism', { parallelism: 1e9 }],
  ['parallelism', { parallelism: 9, maxParallelism: 8 }],
  ['maxParallelism', { maxParallelism: 32_769 }],
  ['slots', { slots: 0 }],
  ['slots', { slots: 1.5 }],
] as const) {
  test(`a run with ${JSON.stringify(options)} is refused`, async () => {
    const error = await failure('INVALID_PARALLELISM', () =>
      planOf((env) => env.from(fakeSource()).to(fakeSink()), options),
    )
    assert.match(error.message, what)
  })
}

test('an operator with more subtasks than the job has key groups is refused at its line', async () => {
  const error = await failure('INVALID_PARALLELISM', () =>
    planOf((env) => env.from(fakeSource(), { parallelism: 200 }).to(fakeSink())),
  )
  assert.match(error.message, "'flights' has a parallelism of 200, but only 128 key groups")
  assert.match(error.message, 'plan.test')
})

/** How a random operator joins the graph: what kind, which earlier stream, which parallelism. */
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('map', 'unchained', 'rebalance', 'key', 'union', 'broadcast', 'rescale'),
    from: fc.nat(),
    other: fc.nat(),
    parallelism: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  }),
  { maxLength: 12 },
)

function addStep(
  streams: Stream<Flight>[],
  step: { kind: string; from: number; other: number },
  options: object,
): void {
  const stream = streams[step.from % streams.length]!
  switch (step.kind) {
    case 'unchained':
      return void streams.push(stream.map(same, { ...options, chain: false }))
    case 'rebalance':
      return void streams.push(stream.rebalance().map(same, options))
    case 'rescale':
      return void streams.push(stream.rescale().map(same, options))
    case 'broadcast':
      return void streams.push(stream.broadcast().map(same, options))
    case 'key':
      return void streams.push(stream.keyBy((flight) => flight.origin).reduce(same, options))
    case 'union':
      return void streams.push(
        stream.union(streams[step.other % streams.length]!).map(same, options),
      )
    default:
      return void streams.push(stream.map(same, options))
  }
}

test('whatever the graph, every operator runs in exactly one task and every edge is a call or a set of channels', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (list, parallelism, slots) => {
        const build = (env: Environment): void => {
          const streams = [env.from(fakeSource())]
          for (const step of list) {
            addStep(
              streams,
              step,
              step.parallelism === undefined ? {} : { parallelism: step.parallelism },
            )
          }
          for (const stream of streams) stream.to(fakeSink())
        }
        const graph = await graphOf(build)
        const plan = createPlan(graph, { parallelism, slots })
        const chained = plan.tasks.map(({ root }) => flatten(root))
        assert.equal(
          chained
            .flat()
            .map(({ nodeId }) => nodeId)
            .sort((a, b) => a - b),
          graph.nodes.map(({ id }) => id),
        )
        const calls = chained.flat().reduce((sum, { next }) => sum + next.length, 0)
        assert.is(calls + plan.edges.length, graph.edges.length)
        const ids = plan.edges.flatMap(({ channels }) => channels.map(({ id }) => id))
        assert.equal(
          ids,
          ids.map((_, i) => i + 1),
        )
        for (const edge of plan.edges) {
          assert.ok(edge.fromTask < edge.toTask)
          assert.is(plan.tasks[edge.toTask]?.root.nodeId, edge.toNode)
          const receivers = new Set(edge.channels.map(({ toSubtask }) => toSubtask))
          assert.is(receivers.size, plan.tasks[edge.toTask]?.parallelism)
        }
        assert.equal(createPlan(await graphOf(build), { parallelism, slots }), plan)
      },
    ),
    { numRuns: 200 },
  )
})

interface Tree {
  readonly nodeId: number
  readonly next: readonly Tree[]
}

function flatten(tree: Tree): readonly Tree[] {
  return [tree, ...tree.next.flatMap(flatten)]
}

test('a plan is plain data', async () => {
  const plan = await planOf((env) =>
    env
      .from(fakeSource())
      .keyBy((flight) => flight.origin)
      .reduce(same)
      .collect('rows'),
  )
  assert.equal(structuredClone(plan), plan)
})

test.run()
