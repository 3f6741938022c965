/** Wrong definitions are refused where the job is built, with a text that says what to do. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fingerprint } from '../../api/index.ts'
import type { BroadcastStream, Environment, KeyedStream, Stream } from '../../api/index.ts'
import { rejects } from '../runner/expect.ts'
import {
  broadcastState,
  listState,
  splitListState,
  valueState,
} from '../../checkpoint/state/declare-state.ts'
import { fakeSink, fakeSource, graphOf } from './fakes.ts'

/** Programs without types can write anything: so can these tests. */
interface Loose {
  process(definition: unknown, options?: unknown): Stream<unknown>
  connect(other: unknown): Loose
  map(first: unknown, second: unknown): Stream<unknown>
  flatMap(first: unknown, second: unknown): Stream<unknown>
}

interface Streams {
  readonly stream: Loose
  readonly keyed: Loose
  readonly broadcast: BroadcastStream<number, never>
  readonly env: Environment
}

function build(action: (streams: Streams) => unknown): Promise<unknown> {
  return graphOf((env) => {
    const stream = env.from(fakeSource<number>())
    const keyed: KeyedStream<number, number> = stream.keyBy((value) => value)
    action({
      stream: stream as unknown as Loose,
      keyed: keyed as unknown as Loose,
      broadcast: stream.broadcast({ rules: broadcastState<string, number>() }) as never,
      env,
    })
    stream.to(fakeSink())
  })
}

async function refused(
  action: (streams: Streams) => unknown,
  code: string,
  message: string,
): Promise<void> {
  const error = (await rejects(build(action), { code })) as Error
  assert.ok(
    error.message.includes(message),
    `expected a message with\n  ${message}\ngot\n  ${error.message}`,
  )
  assert.match(error.message, /\(at .*process-checks\.test\.[jt]s:\d+:\d+\)$/)
}

const record = { processRecord() {} }

test('timers and keyed state need a key', async () => {
  await refused(
    ({ stream }) => stream.process({ ...record, onTimer() {} }),
    'TIMERS_WITHOUT_KEY',
    'process: onTimer needs a key, for timers belong to keys: call .keyBy(selector) first',
  )
  await refused(
    ({ stream }) => stream.process({ ...record, state: { count: valueState() } }),
    'STATE_WITHOUT_KEY',
    'process: state needs a key: call .keyBy(selector) first, or declare state of the subtask under operatorState',
  )
  await refused(
    ({ stream, broadcast }) =>
      stream.connect(broadcast).process({ ...record, processBroadcast() {}, onTimer() {} }),
    'TIMERS_WITHOUT_KEY',
    'connect(…).process: onTimer needs a key',
  )
  class WithTimer {
    processRecord(): void {}
    onTimer(): void {}
  }
  await refused(({ stream }) => stream.process(new WithTimer()), 'TIMERS_WITHOUT_KEY', 'onTimer')
})

test('a definition must have its functions, and nothing unknown', async () => {
  await refused(
    ({ stream }) => stream.process(() => {}),
    'INVALID_ARGUMENT',
    'process: the definition must be an object with processRecord, got a function',
  )
  await refused(
    ({ stream }) => stream.connect(stream).process(undefined),
    'INVALID_ARGUMENT',
    'connect(…).process: the definition must be an object with processRecord1 and processRecord2, got undefined',
  )
  await refused(
    ({ stream }) => stream.process({}),
    'INVALID_ARGUMENT',
    'process: processRecord must be a function, but the definition has none',
  )
  await refused(
    ({ stream }) => stream.process({ processRecord: 5 }),
    'INVALID_ARGUMENT',
    'process: processRecord must be a function, got number 5',
  )
  await refused(
    ({ keyed }) => keyed.process({ ...record, onTimers() {} }),
    'INVALID_ARGUMENT',
    "process: unknown field 'onTimers' in the definition; did you mean 'onTimer'? (known are processRecord, open, close, onTimer, operatorState, state)",
  )
  await refused(
    ({ stream }) => stream.process({ ...record, cache: new Map() }),
    'INVALID_ARGUMENT',
    "process: unknown field 'cache' in the definition (known are processRecord, open, close, operatorState)",
  )
  await refused(
    ({ keyed }) => keyed.process({ ...record, open: 'yes' }),
    'INVALID_ARGUMENT',
    'process: open must be a function, got "yes"',
  )
  await refused(
    ({ stream }) => stream.process(record, { parallel: 2 }),
    'INVALID_ARGUMENT',
    "unknown option 'parallel'",
  )
})

test('functions that nobody would wait for are refused', async () => {
  await refused(
    ({ stream }) => stream.process({ async processRecord() {} }),
    'INVALID_ARGUMENT',
    'process: processRecord must be a plain function that emits through its last parameter, got an async function: nobody would wait for it',
  )
  await refused(
    ({ stream }) =>
      stream.process({
        *processRecord() {
          yield 1
        },
      }),
    'INVALID_ARGUMENT',
    'got a generator',
  )
})

test('an instance of a class may have fields of its own', async () => {
  class Definition {
    readonly cache = new Map<number, number>()
    processRecord(value: number): void {
      this.cache.set(value, value)
    }
  }
  await rejects(
    build(({ stream }) => stream.process(new Definition())),
    { code: 'DANGLING_STREAM' },
  )
})

test('states must be descriptors of the right kind', async () => {
  await refused(
    ({ keyed }) => keyed.process({ ...record, state: { count: 5 } }),
    'INVALID_ARGUMENT',
    'process: state.count must be a descriptor of keyed state, e.g. valueState<number>(), got number 5',
  )
  await refused(
    ({ keyed }) => keyed.process({ ...record, state: { count: valueState } }),
    'INVALID_ARGUMENT',
    'process: state.count must be a descriptor of keyed state, e.g. valueState<number>(), got function valueState',
  )
  await refused(
    ({ keyed }) => keyed.process({ ...record, state: [valueState()] }),
    'INVALID_ARGUMENT',
    'process: state must be an object of states, e.g. { name: valueState<number>() }, got an array',
  )
  await refused(
    ({ keyed }) => keyed.process({ ...record, state: { seen: splitListState() } }),
    'INVALID_ARGUMENT',
    "process: state.seen must be a descriptor of keyed state, e.g. valueState<number>(), got a split-list state, which belongs to the field 'operatorState'",
  )
  await refused(
    ({ stream }) => stream.process({ ...record, operatorState: { count: valueState() } }),
    'INVALID_ARGUMENT',
    "process: operatorState.count must be a descriptor of operator state, e.g. splitListState<number>(), got a value state, which belongs to the field 'state' of a keyed process",
  )
  await refused(
    ({ stream }) => stream.process({ ...record, operatorState: { rules: broadcastState() } }),
    'INVALID_ARGUMENT',
    'got a broadcast state, which belongs to stream.broadcast({ … })',
  )
  await refused(
    ({ env }) => env.from(fakeSource()).broadcast({ rules: valueState() as never }),
    'INVALID_ARGUMENT',
    'broadcast: broadcast.rules must be a descriptor of broadcast state, e.g. broadcastState<string, Rule>(), got a value state',
  )
  await refused(
    ({ env }) => env.from(fakeSource()).broadcast({}),
    'INVALID_ARGUMENT',
    'broadcast: expected at least one state',
  )
})

test('two states of one operator need two names', async () => {
  await refused(
    ({ keyed }) =>
      keyed.process({
        ...record,
        state: { count: valueState() },
        operatorState: { count: splitListState() },
      }),
    'DUPLICATE_STATE',
    "process: state.count (value) and operatorState.count (split-list) are both stored under the name 'count'; every state of an operator needs its own",
  )
  await refused(
    ({ keyed }) =>
      keyed.process({
        ...record,
        state: { a: { ...valueState(), name: 'x' }, b: { ...valueState(), name: 'x' } },
      }),
    'DUPLICATE_STATE',
    "process: state.a (value) and state.b (value) are both stored under the name 'x'",
  )
  await refused(
    ({ keyed, broadcast }) =>
      keyed
        .connect(broadcast)
        .process({ ...record, processBroadcast() {}, state: { rules: valueState() } }),
    'DUPLICATE_STATE',
    "connect(…).process: state.rules (value) and broadcast.rules (broadcast) are both stored under the name 'rules'",
  )
})

test('connect takes two streams with keys, or two without, of one environment', async () => {
  await refused(
    ({ stream, keyed }) => stream.connect(keyed),
    'STREAM_WITHOUT_KEY',
    'connect: the stream has no key, the one given has: call .keyBy(selector) on this one too',
  )
  await refused(
    ({ stream, keyed }) => keyed.connect(stream),
    'STREAM_WITHOUT_KEY',
    'connect: the stream has keys, the one given has none: call .keyBy(selector) on it too',
  )
  await refused(
    ({ stream }) => stream.connect([]),
    'INVALID_ARGUMENT',
    'connect: expected a stream or a broadcast stream, got an array',
  )
  await refused(
    ({ keyed }) => keyed.connect(undefined),
    'INVALID_ARGUMENT',
    'connect: expected a keyed stream or a broadcast stream, got undefined',
  )
  let foreign: Stream<number> | undefined
  await graphOf((env) => {
    foreign = env.from(fakeSource<number>())
    foreign.to(fakeSink())
  })
  await refused(
    ({ stream }) => stream.connect(foreign),
    'FOREIGN_STREAM',
    'connect: the streams belong to different environments; a job has one',
  )
  await refused(
    ({ keyed }) => keyed.connect(foreign?.broadcast({ rules: broadcastState() })),
    'FOREIGN_STREAM',
    'connect',
  )
})

test('co-map and co-flatMap need two functions', async () => {
  await refused(
    ({ stream }) => stream.connect(stream).map(() => 1, undefined),
    'INVALID_ARGUMENT',
    'connect(…).map: the second function must be a function, got undefined',
  )
  await refused(
    ({ keyed }) => keyed.connect(keyed).flatMap('x', () => []),
    'INVALID_ARGUMENT',
    'connect(…).flatMap: the first function must be a function, got "x"',
  )
})

test('a graph shows what the operators are', async () => {
  const graph = await graphOf((env) => {
    const stream = env.from(fakeSource<number>())
    const rules = stream.broadcast({ rules: broadcastState<string, number>() })
    const keyed = stream.keyBy((value) => value)
    stream.process(record).to(fakeSink())
    keyed.process({ ...record, state: { count: valueState<number>() } }).to(fakeSink())
    stream
      .connect(rules)
      .process({ ...record, processBroadcast() {} })
      .to(fakeSink())
  })
  const operators = graph.nodes.filter(({ operator }) => operator.kind === 'operator')
  assert.equal(
    operators.map(({ name, uid }) => [name, uid]),
    [
      ['process', 'process-1'],
      ['keyed process', 'keyed-process-3'],
      ['broadcast process', 'broadcast-process-5'],
    ],
  )
  const inputs = graph.edges.filter(({ to }) => to === 5)
  assert.equal(
    inputs.map(({ input, partitioning }) => [input, partitioning.kind]),
    [
      [0, 'default'],
      [1, 'broadcast'],
    ],
  )
})

test('a fingerprint tells functions and states apart', async () => {
  const hash = async (definition: object): Promise<string> => {
    const graph = await graphOf((env) => {
      const keyed = env.from(fakeSource<number>()).keyBy((value) => value)
      ;(keyed as unknown as Loose).process(definition).to(fakeSink())
    })
    return fingerprint(graph).hash
  }
  const definition = { ...record, state: { count: valueState<number>() } }
  const same = await hash({ ...definition, state: { count: valueState<string>() } })
  assert.is(await hash(definition), same)
  const others = [
    { ...definition, processRecord: () => 1 },
    { ...definition, onTimer() {} },
    { ...definition, open() {} },
    { ...definition, state: {} },
    { ...definition, state: { total: valueState<number>() } },
    { ...definition, state: { count: listState<number>() } },
    { ...definition, state: { count: valueState<number>({ version: 2 }) } },
    { ...definition, operatorState: { seen: splitListState<number>() } },
  ]
  for (const other of others) assert.is.not(await hash(other), same)
})

test('names that operators use for themselves are refused', async () => {
  const processRecord = (): void => {}
  await refused(
    ({ keyed }) => keyed.process({ state: { 'millrace.timers': valueState() }, processRecord }),
    'INVALID_ARGUMENT',
    "process: state.millrace.timers is stored under the name 'millrace.timers', but names that begin with 'millrace.' belong to Millrace",
  )
  await refused(
    ({ keyed }) =>
      keyed.process({ state: { total: valueState({ name: 'millrace.total' }) }, processRecord }),
    'INVALID_ARGUMENT',
    "state.total is stored under the name 'millrace.total'",
  )
})

test.run()
