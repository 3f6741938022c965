/**
 * Wrong uses that the types can't refuse, each with the whole text that the user reads: while the job is built where that can be
 * known, otherwise with the record that shows it.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  count,
  listState,
  session,
  sliding,
  triggers,
  tumbling,
  valueState,
} from '../../api/index.ts'
import type { Environment, KeyedStream, Stream } from '../../api/index.ts'
import { operatorHarness } from '../../api/testing/index.ts'
import { rejects, throwsCode } from '../runner/expect.ts'
import { fakeSource, graphOf } from './fakes.ts'

interface Order {
  readonly customer: string
  readonly amount: number
}

/** What a program without types can write. */
interface Loose {
  window(assigner: unknown): unknown
  process(definition: unknown): unknown
}

type Build = (orders: Stream<Order>, keyed: KeyedStream<string, Order>) => unknown

async function refused(build: Build, code: string, text: string): Promise<void> {
  const body = (env: Environment): void => {
    const orders = env.from(fakeSource<Order>())
    build(
      orders,
      orders.keyBy(({ customer }) => customer),
    )
  }
  const error = (await rejects(graphOf(body), { code })) as Error
  assert.ok(
    error.message.includes(text),
    `expected a message with\n  ${text}\ngot\n  ${error.message}`,
  )
  assert.match(error.message, /wrong-use\.test/)
}

const asynchronous: readonly (readonly [what: string, build: Build])[] = [
  ['map', (orders) => orders.map(async (order) => order)],
  ['filter', (orders) => orders.filter((async () => false) as never)],
  ['flatMap', (orders) => orders.flatMap(async function* () {} as never)],
  ['keyBy', (orders) => orders.keyBy(async () => 'key')],
  ['reduce', (_orders, keyed) => keyed.reduce((async (order: Order) => order) as never)],
  ['the result of an aggregate', (_orders, keyed) => keyed.aggregate(count(), async (n) => n)],
  ...['createAccumulator', 'add', 'getResult', 'merge'].flatMap((name) => {
    const aggregate = { ...count(), [name]: async () => ({ count: 1 }) } as never
    return [
      [`${name} of an aggregate`, (_: unknown, keyed) => keyed.aggregate(aggregate)],
      [
        `${name} of an aggregate in windows`,
        (_: unknown, keyed) => keyed.window(tumbling(10)).aggregate(aggregate),
      ],
      [
        `${name} of an aggregate of all records`,
        (orders) => orders.windowAll(tumbling(10)).aggregate(aggregate),
      ],
    ] satisfies (readonly [string, Build])[]
  }),
  [
    'the result of an aggregate in windows',
    (_orders, keyed) => keyed.window(tumbling(10)).aggregate(count(), async (n) => n),
  ],
  [
    'the function of a window join',
    (_orders, keyed) =>
      keyed
        .join(keyed)
        .window(tumbling(10))
        .inner(async () => 1),
  ],
]

for (const [what, build] of asynchronous) {
  test(`an async function where nobody waits for it: ${what}`, () =>
    refused(
      build,
      'INVALID_ARGUMENT',
      'must not be async, for nobody waits for it: use mapAsync or flatMapAsync before',
    ))
}

test('a window on a stream without keys', () =>
  refused(
    (orders) => (orders as unknown as Loose).window(tumbling(10)),
    'STREAM_WITHOUT_KEY',
    'window needs a key: call .keyBy(selector) first, or use .windowAll(assigner) for all records together',
  ))

test('timers outside keyed streams', () =>
  refused(
    (orders) => (orders as unknown as Loose).process({ processRecord() {}, onTimer() {} }),
    'TIMERS_WITHOUT_KEY',
    'keyBy',
  ))

test('a size of 0 and less, a slide of 0', () => {
  const texts = [
    () => tumbling(0),
    () => sliding({ size: -5, slide: 1 }),
    () => sliding({ size: 5, slide: 0 }),
  ].map((make) => (throwsCode(make, 'INVALID_WINDOW') as Error).message)
  assert.match(texts[0]!, 'A tumbling window expects a size of at least 1 whole millisecond, got 0')
  assert.match(texts[1]!, 'at least 1 whole millisecond, got -5')
  assert.match(texts[2]!, 'at least 1 whole millisecond, got 0')
})

test('an offset out of range', () => {
  const error = throwsCode(() => tumbling({ size: 10, offset: 10 }), 'INVALID_WINDOW') as Error
  assert.match(
    error.message,
    'expects an offset of whole milliseconds between -10 and 10, both exclusive, got 10',
  )
})

test('a uid that is taken', () =>
  refused(
    (_, keyed) => {
      keyed.window(tumbling(10)).aggregate(count(), { uid: 'totals' })
      keyed.aggregate(count(), { uid: 'totals', name: 'running' })
    },
    'DUPLICATE_UID',
    "the uid 'totals' of 'running' is taken by 'tumbling(10 ms)'",
  ))

test('a state name used twice with another type', () =>
  refused(
    (_, keyed) =>
      keyed.process({
        state: { seen: listState<string>(), total: valueState<number>({ name: 'seen' }) },
        processRecord() {},
      }),
    'DUPLICATE_STATE',
    "process: state.seen (list) and state.total (value) are both stored under the name 'seen'; every state of an operator needs its own",
  ))

test('a trigger that cannot merge on windows that do', () =>
  refused(
    (_, keyed) =>
      keyed
        .window(session(10))
        .trigger(triggers.delta(5, (a: Order, b: Order) => b.amount - a.amount)),
    'TRIGGER_CANNOT_MERGE',
    "merge, but the trigger 'delta",
  ))

test('an aggregate without merge on session windows', () => {
  const withoutMerge = { ...count(), merge: undefined }
  return refused(
    (_orders, keyed) => keyed.window(session(10)).aggregate(withoutMerge as never),
    'AGGREGATE_CANNOT_MERGE',
    'merge, but the aggregate cannot: it has no merge()',
  )
})

test('a timer in the past', () => {
  const harness = operatorHarness((orders: Stream<Order>) =>
    orders
      .keyBy(({ customer }) => customer)
      .process({
        processRecord(_order, { timers, timestamp }) {
          timers.registerEventTime(timestamp + 10)
        },
        onTimer() {},
      }),
  )
  harness.processWatermark(100)
  const error = throwsCode(() => {
    harness.processRecord({ customer: 'ann', amount: 1 }, 90)
  }, 'TIMER_IN_THE_PAST') as Error
  assert.match(error.message, '100')
})

for (const key of [undefined, Number.NaN]) {
  test(`a key that is ${String(key)}`, () => {
    const harness = operatorHarness((orders: Stream<Order>) =>
      orders
        .keyBy(() => key as unknown as string)
        .window(tumbling(10))
        .aggregate(count()),
    )
    const error = throwsCode(() => {
      harness.processRecord({ customer: 'ann', amount: 1 }, 1)
    }, 'INVALID_KEY') as Error
    assert.match(error.message, `is ${String(key)}`)
  })
}

test.run()
