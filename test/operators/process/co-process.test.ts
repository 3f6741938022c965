/** Connected streams: map, flatMap and process with two inputs. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emit, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, twoInputHarness } from '../../../api/testing/index.ts'
import { throwsCode } from '../../runner/expect.ts'
import { splitListState, valueState } from '../../../checkpoint/state/declare-state.ts'

interface Order {
  readonly id: string
  readonly amount: number
}

interface Payment {
  readonly order: string
  readonly paid: number
}

for (const mode of HARNESS_MODES) {
  test(`${mode}: co-map calls the function of the input, and keeps timestamps`, () => {
    const harness = twoInputHarness(
      (left: Stream<number>, right: Stream<string>) =>
        left.connect(right).map(
          (value, timestamp) => value + timestamp,
          (text) => text.toUpperCase(),
        ),
      { mode },
    )
    harness.processRecord1(1, 10)
    harness.processRecord2('b', 5)
    harness.processWatermark1(10)
    harness.processWatermark2(7)
    assert.equal(harness.takeItems(), [
      { value: 11, timestamp: 10 },
      { value: 'B', timestamp: 5 },
      { watermark: 7 },
    ])
    harness.close()
  })

  test(`${mode}: co-flatMap emits all that an iterable holds`, () => {
    const harness = twoInputHarness(
      (left: Stream<number>, right: Stream<string>) =>
        left.connect(right).flatMap(
          (value) => new Set([value, -value]),
          (text) => text.split(' '),
        ),
      { mode },
    )
    harness.processRecord1(1)
    harness.processRecord2('a b')
    harness.processRecord2('')
    assert.equal(harness.takeValues(), [1, -1, 'a', 'b', ''])
    harness.close()
  })

  test(`${mode}: without keys, both functions share the state of the subtask`, () => {
    const harness = twoInputHarness(
      (left: Stream<number>, right: Stream<string>) =>
        left.connect(right).process({
          operatorState: { seen: splitListState<number>() },
          processRecord1(value, { operatorState }) {
            operatorState.seen.add(value)
          },
          processRecord2(text, { operatorState, timestamp }, emit: Emit<string>) {
            emit(`${text} ${operatorState.seen.get().join('+')} at ${timestamp}`)
          },
        }),
      { mode },
    )
    harness.processRecord2('nothing', 1)
    harness.processRecord1(1)
    harness.processRecord1(2)
    harness.processRecord2('both', 2)
    assert.equal(harness.takeValues(), ['nothing  at 1', 'both 1+2 at 2'])
    harness.close()
  })

  test(`${mode}: with keys, both inputs share state and timers; event time is that of the slower one`, () => {
    const harness = twoInputHarness(
      (orders: Stream<Order>, payments: Stream<Payment>) =>
        orders
          .keyBy(({ id }) => id)
          .connect(payments.keyBy(({ order }) => order))
          .process({
            state: { open: valueState<number>() },
            processRecord1({ amount }, { state, timers, timestamp }) {
              state.open.set((state.open.get() ?? 0) + amount)
              timers.registerEventTime(timestamp + 100)
            },
            processRecord2({ paid }, { state, key }, emit: Emit<string>) {
              const open = (state.open.get() ?? 0) - paid
              state.open.set(open)
              if (open === 0) emit(`${key} paid`)
            },
            onTimer(_timer, { state, key }, emit: Emit<string>) {
              const open = state.open.get() ?? 0
              if (open > 0) emit(`${key} owes ${open}`)
              state.open.clear()
            },
          }),
      { mode },
    )
    harness.processRecord1({ id: 'a', amount: 10 }, 0)
    harness.processRecord1({ id: 'b', amount: 20 }, 5)
    harness.processRecord2({ order: 'a', paid: 10 }, 50)
    harness.processRecord2({ order: 'b', paid: 10 }, 51)
    harness.processWatermark1(500)
    assert.equal(harness.takeItems(), [{ value: 'a paid', timestamp: 50 }])
    harness.processWatermark2(104)
    assert.equal(harness.takeItems(), [{ watermark: 104 }])
    harness.processWatermark2(105)
    assert.equal(harness.takeItems(), [{ value: 'b owes 10', timestamp: 105 }, { watermark: 105 }])
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })
}

test('co-map after keyBy on both sides works as without', () => {
  const harness = twoInputHarness((left: Stream<string>, right: Stream<string>) =>
    left
      .keyBy((text) => text)
      .connect(right.keyBy((text) => text))
      .map(
        (text) => `1 ${text}`,
        (text) => `2 ${text}`,
      ),
  )
  harness.processRecord2('x')
  harness.processRecord1('x')
  assert.equal(harness.takeValues(), ['2 x', '1 x'])
})

test('a flatMap function that returns no iterable is named', () => {
  const harness = twoInputHarness((left: Stream<number>, right: Stream<string>) =>
    left.connect(right).flatMap(
      () => 5 as never,
      (text) => [text],
    ),
  )
  const error = throwsCode(() => harness.processRecord1(1), 'NOT_ITERABLE') as Error
  assert.match(error.message, /'co-flatMap' \(subtask 0\) failed on record 1: .*got 5/)
})

test('a record of a flatMap that fails half-way leaves nothing behind where it is skipped', () => {
  function* halves(value: number): Generator<number> {
    yield value
    if (value % 2 === 1) throw new Error('odd')
    yield value
  }
  const harness = twoInputHarness((left: Stream<number>, right: Stream<number>) =>
    left.connect(right).flatMap(halves, halves, { onError: 'skip', name: 'halves' }),
  )
  for (const value of [1, 2]) {
    harness.processRecord1(value)
    harness.processRecord2(value)
  }
  assert.equal(harness.takeValues(), [2, 2, 2, 2])
  assert.is(harness.counter('halves', 'recordsSkipped'), 2)
})

test('a key that is no key fails on the input that it came from', () => {
  const harness = twoInputHarness((left: Stream<number>, right: Stream<number>) =>
    left
      .keyBy((value) => value)
      .connect(right.keyBy((value) => value))
      .process({ processRecord1() {}, processRecord2() {} }),
  )
  throwsCode(() => harness.processRecord2(Number.NaN), 'INVALID_KEY')
})

test.run()
