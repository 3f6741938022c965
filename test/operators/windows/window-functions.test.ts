/** What leaves a window, and what its functions are given. In all modes of the harness. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  count,
  evictors,
  listState,
  outputTag,
  session,
  sliding,
  sum,
  triggers,
  tumbling,
  valueState,
} from '../../../api/index.ts'
import type { Emit, Stream, WindowAssigner } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import { throwsCode } from '../../runner/expect.ts'

interface Order {
  readonly customer: string
  readonly amount: number
}

const order = (customer: string, amount: number): Order => ({ customer, amount })
const late = outputTag<Order>('late')
const byCustomer = (orders: Stream<Order>) => orders.keyBy(({ customer }) => customer)

for (const mode of HARNESS_MODES) {
  test(`${mode}: states per key outlive windows, states per window do not, and clear comes last`, () => {
    const harness = operatorHarness(
      (orders: Stream<Order>) =>
        byCustomer(orders)
          .window(tumbling(10))
          .allowedLateness(5)
          .process(
            {
              state: { windows: valueState<number>({ initial: () => 0 }) },
              windowState: { firings: listState<string>() },
              process(context, records, emit: Emit<string>) {
                const { key, state, windowState, pane, window, currentWatermark } = context
                if (pane.index === 0) state.windows.set(state.windows.get() + 1)
                windowState.firings.add(pane.timing)
                const firings = windowState.firings.get().join('+')
                emit(
                  `${key} ${window.start} ${records.length} ${state.windows.get()} ${firings} at ${currentWatermark}`,
                )
              },
              clear({ key, window, state, windowState, counter }) {
                counter(
                  `${key} ${window.start} ${state.windows.get()} ${windowState.firings.get().length}`,
                ).value++
              },
            },
            { name: 'windows' },
          ),
      { mode },
    )
    harness.processRecord(order('a', 1), 3)
    harness.processWatermark(9)
    harness.processRecord(order('a', 2), 4)
    harness.processRecord(order('a', 2), 12)
    harness.processWatermark(30)
    assert.equal(
      harness.takeItems().filter((item) => 'value' in item),
      [
        { value: 'a 0 1 1 onTime at 9', timestamp: 9 },
        { value: 'a 0 2 1 onTime+late at 9', timestamp: 9 },
        { value: 'a 10 1 2 onTime at 30', timestamp: 19 },
      ],
    )
    assert.is(harness.counter('windows', 'a 0 1 2'), 1)
    assert.is(harness.counter('windows', 'a 10 2 1'), 1)
    assert.equal(
      harness.stateEntries().map(({ state, value }) => [state, value]),
      [['windows', 2]],
    )
    harness.close()
  })

  test(`${mode}: a process function behind an aggregate gets its result`, () => {
    const harness = operatorHarness(
      (orders: Stream<Order>) => {
        const main = byCustomer(orders)
          .window(session(10))
          .aggregate(
            sum((each: Order) => each.amount),
            {
              process({ key, sideOutput }, amount, emit: Emit<string>) {
                emit(`${key} ${amount}`)
                if (amount > 4) sideOutput(late, order(key, amount))
              },
            },
          )
        return { main, large: main.sideOutput(late) }
      },
      { mode },
    )
    harness.processRecord(order('a', 1), 0)
    harness.processRecord(order('a', 2), 15)
    harness.processRecord(order('a', 3), 8)
    harness.processWatermark(24)
    assert.equal(harness.takeItems('main'), [{ value: 'a 6', timestamp: 24 }, { watermark: 24 }])
    assert.equal(harness.takeItems('large'), [
      { value: order('a', 6), timestamp: 24 },
      { watermark: 24 },
    ])
    harness.close()
  })

  test(`${mode}: the result function knows the pane`, () => {
    const harness = operatorHarness(
      (orders: Stream<Order>) =>
        byCustomer(orders)
          .window(tumbling(10))
          .allowedLateness(100)
          .earlyResults({ everyRecords: 2 })
          .aggregate(count(), (n, { key, windowStart, windowEnd, pane }) => [
            key,
            windowStart,
            windowEnd,
            n,
            pane,
          ]),
      { mode },
    )
    for (const amount of [1, 2, 3]) harness.processRecord(order('a', amount), 0)
    harness.processWatermark(9)
    harness.processRecord(order('a', 4), 0)
    assert.equal(harness.takeValues(), [
      ['a', 0, 10, 2, { timing: 'early', index: 0 }],
      ['a', 0, 10, 3, { timing: 'onTime', index: 1 }],
      ['a', 0, 10, 4, { timing: 'late', index: 2 }],
    ])
    harness.close()
  })

  test(`${mode}: an evictor decides what an aggregate gets, and where it leaves nothing, nothing comes out`, () => {
    const kept = evictors.delta<Order>(3, (each, last) => last.amount - each.amount)
    const harness = operatorHarness(
      (orders: Stream<Order>) => ({
        sums: byCustomer(orders)
          .window(tumbling(10))
          .evictor(kept)
          .aggregate(sum((each: Order) => each.amount)),
        none: byCustomer(orders).window(tumbling(10)).evictor(evictors.count(0)).aggregate(count()),
        empty: byCustomer(orders)
          .window(tumbling(10))
          .evictor(evictors.count(0))
          .process({
            process: (_context, records, emit: Emit<number>) => {
              emit(records.length)
            },
          }),
      }),
      { mode },
    )
    for (const amount of [1, 2, 3, 5]) harness.processRecord(order('a', amount), 0)
    harness.processWatermark(9)
    assert.equal(harness.takeValues('sums'), [8])
    assert.equal(harness.takeValues('none'), [])
    assert.equal(harness.takeValues('empty'), [0])
    harness.close()
  })

  test(`${mode}: an evictor of time keeps what is close to the latest record, and all where there are no times`, () => {
    const harness = operatorHarness(
      (orders: Stream<Order>) =>
        byCustomer(orders)
          .countWindow(3)
          .process({
            process: (_context, records, emit: Emit<number[]>) => {
              emit(records.map(({ amount }) => amount))
            },
          }),
      { mode },
    )
    for (const amount of [1, 2, 3]) harness.processRecord(order('a', amount))
    assert.equal(harness.takeValues(), [[1, 2, 3]])
    harness.close()
    const timed = operatorHarness(
      (orders: Stream<Order>) =>
        byCustomer(orders)
          .window(tumbling(100))
          .trigger(triggers.count(3))
          .evictor(evictors.time(10))
          .process({
            process: (_context, records, emit: Emit<number[]>) => {
              emit(records.map(({ amount }) => amount))
            },
          }),
      { mode },
    )
    for (const [amount, time] of [
      [1, 5],
      [2, 15],
      [3, 6],
    ] as const)
      timed.processRecord(order('a', amount), time)
    assert.equal(timed.takeValues(), [[2, 3]])
    timed.close()
  })

  test(`${mode}: assigners of one's own: from the record, and merging by a rule of their own`, () => {
    /** Windows of 10 ms; all of a key that are even fall together. */
    const even: WindowAssigner<Order> = {
      name: 'even windows together',
      time: 'event',
      needsTimestamps: true,
      assignWindows: ({ amount }, timestamp) => [{ start: timestamp, end: timestamp + amount }],
      merge: (windows) => {
        const merged = windows.filter(({ start }) => start % 2 === 0)
        if (merged.length < 2) return []
        const start = Math.min(...merged.map((each) => each.start))
        const end = Math.max(...merged.map((each) => each.end))
        return [{ result: { start, end }, merged }]
      },
    }
    const harness = operatorHarness(
      (orders: Stream<Order>) =>
        byCustomer(orders)
          .window(even)
          .aggregate(
            sum((each: Order) => each.amount),
            (total, { windowStart, windowEnd }) => [windowStart, windowEnd, total],
          ),
      { mode },
    )
    for (const [time, amount] of [
      [0, 5],
      [3, 4],
      [3, 4],
      [20, 7],
      [2, 1],
    ] as const)
      harness.processRecord(order('a', amount), time)
    harness.processWatermark(100)
    assert.equal(harness.takeValues(), [
      [3, 7, 8],
      [0, 27, 13],
    ])
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })

  test(`${mode}: windows over all records, of any kind`, () => {
    const harness = operatorHarness(
      (orders: Stream<Order>) => ({
        sessions: orders.windowAll(session(10)).process({
          process: ({ window }, records, emit: Emit<unknown>) => {
            emit([window.start, window.end, records.length])
          },
        }),
        counts: orders.countWindowAll(2).reduce(
          (a, b) => order(a.customer, a.amount + b.amount),
          ({ amount }, { pane }) => [amount, pane.timing],
        ),
      }),
      { mode },
    )
    harness.processRecord(order('a', 1), 0)
    harness.processRecord(order('b', 2), 5)
    harness.processWatermark(14)
    assert.equal(harness.takeItems('sessions'), [
      { value: [0, 15, 2], timestamp: 14 },
      { watermark: 14 },
    ])
    assert.equal(harness.takeItems('counts'), [
      { value: [3, 'early'], timestamp: Infinity },
      { watermark: 14 },
    ])
    harness.close()
  })

  test(`${mode}: late records go to their side output, or are counted`, () => {
    const harness = operatorHarness(
      (orders: Stream<Order>) => {
        const windows = byCustomer(orders).window(sliding({ size: 20, slide: 10 }))
        const main = windows
          .sideOutputLate(late)
          .aggregate(count(), (n, { windowEnd }) => [windowEnd, n])
        const dropped = windows.allowedLateness(1).aggregate(count(), { name: 'dropping' })
        return { main, late: main.sideOutput(late), dropped }
      },
      { mode },
    )
    harness.processWatermark(19)
    harness.processRecord(order('a', 1), 12)
    harness.processRecord(order('a', 2), 9)
    harness.processWatermark(20)
    harness.processRecord(order('a', 3), 9)
    harness.processWatermark(Infinity)
    assert.equal(harness.takeValues('main'), [[30, 1]])
    assert.equal(harness.takeValues('late'), [order('a', 2), order('a', 3)])
    assert.is(harness.counter('dropping', 'lateRecordsDropped'), 1)
    harness.close()
  })

  test(`${mode}: records without a time, and gaps that are none, are refused`, () => {
    const harness = operatorHarness(
      (orders: Stream<Order>) =>
        byCustomer(orders)
          .window(session({ gapMs: ({ amount }) => amount }))
          .aggregate(count()),
      { mode },
    )
    throwsCode(() => {
      harness.processRecord(order('a', 1))
    }, 'NO_TIMESTAMP')
    throwsCode(() => {
      harness.processRecord(order('a', 0), 5)
    }, 'INVALID_WINDOW')
    harness.close()
  })
}

test('open and close are called once per subtask', () => {
  const calls: string[] = []
  const harness = operatorHarness((orders: Stream<Order>) =>
    byCustomer(orders)
      .window(tumbling(10))
      .process({
        open: ({ subtaskIndex }) => {
          calls.push(`open ${subtaskIndex}`)
        },
        process: () => undefined,
        close: () => {
          calls.push('close')
        },
      }),
  )
  harness.close()
  assert.equal(calls, ['open 0', 'close'])
})

test('windows come back at another parallelism, with their timers and what triggers remember', () => {
  const pipeline = (orders: Stream<Order>) =>
    byCustomer(orders)
      .window(session(10))
      .trigger(triggers.continuousEventTime(4))
      .aggregate(
        count(),
        (n, { key, windowStart, pane }) => `${key} ${windowStart} ${n} ${pane.index}`,
      )
  const customers = Array.from({ length: 20 }, (_, i) => `c${i}`)
  const one = operatorHarness(pipeline)
  for (const customer of customers) one.processRecord(order(customer, 1), 1)
  one.processWatermark(4)
  assert.is(one.takeValues().length, 20)
  const snapshot = one.snapshot()
  const two = [0, 1].map((subtaskIndex) => {
    const harness = operatorHarness(pipeline, { restore: snapshot, parallelism: 2, subtaskIndex })
    harness.processWatermark(4)
    assert.equal(harness.takeValues(), [])
    harness.processWatermark(8)
    return { harness, values: harness.takeValues() }
  })
  assert.equal(
    two.flatMap(({ values }) => values).sort(),
    customers.map((customer) => `${customer} 1 1 1`).sort(),
  )
  assert.ok(two.every(({ values }) => values.length > 0))
  const three = operatorHarness(pipeline, { restore: two.map(({ harness }) => harness.snapshot()) })
  three.processWatermark(10)
  assert.equal(three.takeValues().sort(), customers.map((customer) => `${customer} 1 1 2`).sort())
  assert.equal(three.stateEntries(), [])
})

test.run()
