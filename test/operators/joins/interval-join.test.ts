/** Interval joins one by one: times, late records, outer sides, contexts and failing functions. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { outputTag } from '../../../api/index.ts'
import type {
  DeadLetter,
  IntervalJoinContext,
  IntervalJoinDefinition,
  IntervalJoinOptions,
  Stream,
} from '../../../api/index.ts'
import { HARNESS_MODES, twoInputHarness } from '../../../api/testing/index.ts'
import { intervalJoinOperator } from '../../../operators/joins/interval-join-operator.ts'
import { throwsCode } from '../../runner/expect.ts'
import { fakeContext, untilDone } from '../operator-fakes.ts'

interface Order {
  readonly id: string
  readonly amount: number
}

interface Payment {
  readonly order: string
  readonly paid: number
}

const order = (id: string, amount = 1): Order => ({ id, amount })
const payment = (id: string, paid = 1): Payment => ({ order: id, paid })

const joined = (
  orders: Stream<Order>,
  payments: Stream<Payment>,
  options: IntervalJoinOptions<Order, Payment> = { lowerMs: 0, upperMs: 10 },
) =>
  orders
    .keyBy(({ id }) => id)
    .intervalJoin(
      payments.keyBy((each) => each.order),
      options,
    )

const small = outputTag<string>('small')

class Receipts implements IntervalJoinDefinition<string, Order, Payment, string> {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  processJoin(
    left: Order,
    right: Payment,
    {
      key,
      timestamp,
      leftTimestamp,
      rightTimestamp,
      counter,
      sideOutput,
    }: IntervalJoinContext<string>,
    emit: (receipt: string) => void,
  ): void {
    assert.is(timestamp, Math.max(leftTimestamp, rightTimestamp))
    counter('pairs').value++
    if (right.paid < left.amount) sideOutput(small, `${key} owes`)
    for (let i = 0; i < right.paid; i++) emit(`${this.#prefix} ${key} ${timestamp - leftTimestamp}`)
  }
}

for (const mode of HARNESS_MODES) {
  test(`${mode}: pairs of a key leave with the later time; other keys don't meet`, () => {
    const harness = twoInputHarness(
      (a: Stream<Order>, b: Stream<Payment>) =>
        joined(a, b).inner(({ amount }, { paid }, { key, leftTimestamp, rightTimestamp }) => ({
          key,
          open: amount - paid,
          times: [leftTimestamp, rightTimestamp],
        })),
      { mode },
    )
    harness.processRecord1(order('a', 5), 100)
    harness.processRecord2(payment('b', 1), 101)
    harness.processRecord2(payment('a', 2), 110)
    harness.processRecord2(payment('a', 2), 111)
    harness.processRecord1(order('a', 7), 101)
    assert.equal(harness.takeItems(), [
      { value: { key: 'a', open: 3, times: [100, 110] }, timestamp: 110 },
      { value: { key: 'a', open: 5, times: [101, 110] }, timestamp: 110 },
      { value: { key: 'a', open: 5, times: [101, 111] }, timestamp: 111 },
    ])
    harness.close()
  })

  test(`${mode}: a full join tells who met nobody, before the watermark that says so`, () => {
    const harness = twoInputHarness(
      (a: Stream<Order>, b: Stream<Payment>) =>
        joined(a, b).full((left, right, { key, leftTimestamp, rightTimestamp }) =>
          [key, left?.id ?? '-', right?.order ?? '-', leftTimestamp, rightTimestamp].join(' '),
        ),
      { mode },
    )
    harness.processRecord1(order('a'), 100)
    harness.processRecord2(payment('b'), 101)
    harness.processRecord1(order('c'), 102)
    harness.processRecord2(payment('c'), 105)
    harness.processWatermark(109)
    assert.equal(harness.takeItems(), [
      { value: 'c c c 102 105', timestamp: 105 },
      { value: 'b - b -Infinity 101', timestamp: 101 },
      { watermark: 99 },
    ])
    harness.processWatermark(110)
    assert.equal(harness.takeItems(), [
      { value: 'a a - 100 -Infinity', timestamp: 100 },
      { watermark: 100 },
    ])
    harness.processWatermark(112)
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })

  test(`${mode}: late records are dropped and counted, or leave by the side`, () => {
    const lateOrders = outputTag<Order>('late orders')
    const harness = twoInputHarness(
      (a: Stream<Order>, b: Stream<Payment>) => {
        const main = joined(a, b, { lowerMs: -5, upperMs: 5, lateLeft: lateOrders }).inner(
          ({ id }) => id,
          { name: 'join' },
        )
        return { main, late: main.sideOutput(lateOrders) }
      },
      { mode },
    )
    harness.processRecord2(payment('a'), 102)
    harness.processWatermark(100)
    harness.processRecord1(order('a'), 99)
    harness.processRecord2(payment('a'), 99)
    harness.processRecord1(order('a'), 100)
    assert.equal(harness.takeValues('main'), ['a'])
    assert.equal(harness.takeItems('late'), [
      { watermark: 100 },
      { value: order('a'), timestamp: 99 },
    ])
    assert.is(harness.counter('join', 'lateRecordsDropped'), 1)
    harness.close()
  })

  test(`${mode}: a process function emits at will, counts, and has side outputs`, () => {
    const harness = twoInputHarness(
      (a: Stream<Order>, b: Stream<Payment>) => {
        const main = joined(a, b).process(new Receipts('pay'), { name: 'join' })
        return { main, small: main.sideOutput(small) }
      },
      { mode },
    )
    harness.processRecord1(order('a', 2), 100)
    harness.processRecord2(payment('a', 1), 103)
    harness.processRecord2(payment('a', 2), 104)
    assert.equal(harness.takeValues('main'), ['pay a 3', 'pay a 4', 'pay a 4'])
    assert.equal(harness.takeItems('small'), [{ value: 'a owes', timestamp: 103 }])
    assert.is(harness.counter('join', 'pairs'), 2)
    harness.close()
  })

  test(`${mode}: records at the time of the watermark still meet, until the next one`, () => {
    const harness = twoInputHarness(
      (a: Stream<Order>, b: Stream<Payment>) =>
        joined(a, b, { lowerMs: 0, upperMs: 0 }).left(
          ({ amount }, right) => `${amount} ${right?.paid}`,
        ),
      { mode },
    )
    harness.processWatermark(100)
    harness.processRecord1(order('a', 1), 100)
    harness.processRecord2(payment('a', 2), 100)
    assert.equal(harness.takeValues(), ['1 2'])
    harness.processWatermark(101)
    harness.processRecord1(order('a', 3), 101)
    harness.processWatermark(150)
    assert.equal(harness.takeItems().slice(1), [
      { value: '3 undefined', timestamp: 101 },
      { watermark: 150 },
    ])
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })

  test(`${mode}: with an excluded end, a record meets only later ones`, () => {
    const harness = twoInputHarness(
      (a: Stream<Order>, b: Stream<Order>) => {
        return a
          .keyBy(({ id }) => id)
          .intervalJoin(
            b.keyBy(({ id }) => id),
            { lowerMs: 0, lowerInclusive: false, upperMs: 10 },
          )
          .inner((first, second) => first.amount * 100 + second.amount)
      },
      { mode },
    )
    for (const [amount, time] of [
      [1, 0],
      [2, 5],
      [3, 12],
    ] as const) {
      harness.processRecord1(order('a', amount), time)
      harness.processRecord2(order('a', amount), time)
    }
    assert.equal(harness.takeValues(), [102, 203])
    harness.close()
  })

  test(`${mode}: a failing function costs its record: with a partner, and alone`, () => {
    const fail = (left: Order, right: Payment | undefined): string => {
      if (left.amount < 0) throw new Error(`${left.amount} is less than nothing`)
      return `${left.amount} ${right?.paid}`
    }
    const harness = twoInputHarness(
      (a: Stream<Order>, b: Stream<Payment>) => {
        const main = joined(a, b).left(fail, { name: 'join', onError: 'deadLetter' })
        return { main, dead: main.deadLetters() }
      },
      { mode },
    )
    harness.processRecord2(payment('a', 7), 100)
    harness.processRecord1(order('a', -1), 100)
    harness.processRecord1(order('a', 1), 100)
    harness.processRecord1(order('b', -2), 100)
    harness.processRecord1(order('b', 2), 100)
    harness.processWatermark(110)
    assert.equal(harness.takeValues('main'), ['1 7', '2 undefined'])
    const letters = harness.takeValues('dead') as DeadLetter<Order>[]
    assert.equal(
      letters.map(({ record, error }) => [record.amount, error.message]),
      [
        [-1, '-1 is less than nothing'],
        [-2, '-2 is less than nothing'],
      ],
    )
    harness.close()
  })
}

test('records that leave alone wait for room, one by one, also those of one key and time', () => {
  const left: unknown[] = []
  let full = false
  const output = {
    emit: (value: unknown) => {
      assert.not(full, 'nothing is emitted into a full output')
      left.push(value)
      full = true
    },
    get full() {
      return full
    },
  }
  const operator = intervalJoinOperator({
    kind: 'full',
    bounds: { lower: -5, upper: 5 },
    leftKey: () => 'key',
    rightKey: () => 'key',
    join: (first, second, _context, emit) => {
      emit(first ?? second)
    },
  })
  operator.open(fakeContext(), output)
  operator.processRecord1('a' as never, 100)
  operator.processRecord1('b' as never, 100)
  operator.processRecord2('c' as never, 110)
  operator.processRecord2('d' as never, 200)
  untilDone(() => {
    full = false
    return operator.processWatermark(300)
  })
  assert.equal(left, ['a', 'b', 'c', 'd'])
  assert.is(operator.outputWatermark, 295)

  left.length = 0
  operator.processRecord1('e' as never, 300)
  operator.processRecord2('f' as never, 310)
  full = false
  assert.not(operator.processWatermark(400))
  assert.is(operator.outputWatermark, 295, 'not before all of them have left')
  full = false
  assert.ok(operator.processWatermark(400))
  assert.equal(left, ['e', 'f'])
  assert.is(operator.outputWatermark, 395)
  operator.close()
})

test('an error in a function ends the job where nothing else is said, also for a record alone', () => {
  const harness = twoInputHarness((a: Stream<Order>, b: Stream<Payment>) =>
    joined(a, b).left((): string => {
      throw new Error('no')
    }),
  )
  harness.processRecord1(order('a'), 100)
  assert.throws(() => {
    harness.processWatermark(110)
  }, /no/)
})

test('a record without a timestamp is an error that says which side it came from', () => {
  const harness = twoInputHarness((a: Stream<Order>, b: Stream<Payment>) =>
    joined(a, b).inner(() => 1, { name: 'paid orders' }),
  )
  const left = throwsCode(() => {
    harness.processRecord1(order('a'))
  }, 'NO_TIMESTAMP') as Error
  assert.match(
    left.message,
    /interval join 'paid orders' got a record without a timestamp on its left side; give it a time where/,
  )
  const right = throwsCode(() => {
    harness.processRecord2(payment('a'))
  }, 'NO_TIMESTAMP') as Error
  assert.match(right.message, /on its right side/)
})

for (const kind of ['inner', 'left', 'right', 'full'] as const) {
  test(`${kind}: a result of a window without an end has no place in time, and is refused`, () => {
    const harness = twoInputHarness((a: Stream<Order>, b: Stream<Payment>) =>
      joined(a, b)[kind](() => 1),
    )
    const error = throwsCode(() => {
      harness.processRecord1(order('a'), Infinity)
    }, 'NO_TIMESTAMP') as Error
    assert.match(error.message, /a record of a window without an end on its left side/)
    throwsCode(() => {
      harness.processRecord2(payment('b'), Infinity)
    }, 'NO_TIMESTAMP')
    harness.close()
  })
}

test.run()
