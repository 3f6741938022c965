/** Broadcast state, beside streams with and without keys. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emit, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, twoInputHarness } from '../../../api/testing/index.ts'
import type { HarnessSnapshot } from '../../../api/testing/index.ts'
import { throwsCode } from '../../runner/expect.ts'
import { broadcastState, valueState } from '../../../checkpoint/state/declare-state.ts'

interface Rule {
  readonly name: string
  readonly limit: number
}

interface Bill {
  readonly customer: string
  readonly amount: number
}

/** Emits the names of the rules that a bill breaks. */
const checked = (bills: Stream<Bill>, rules: Stream<Rule>): Stream<string> =>
  bills.connect(rules.broadcast({ rules: broadcastState<string, number>() })).process({
    processRecord({ customer, amount }, { broadcast }, emit: Emit<string>) {
      for (const [name, limit] of broadcast.rules.entries())
        if (amount > limit) emit(`${customer}: ${name}`)
    },
    processBroadcast({ name, limit }, { broadcast, timestamp }, emit) {
      if (limit < 0) broadcast.rules.delete(name)
      else broadcast.rules.set(name, limit)
      emit(`${name} at ${timestamp}`)
    },
  })

/** Sums the bills of each customer; a broadcast record closes the accounts that are above its limit. */
const accounts = (bills: Stream<Bill>, rules: Stream<Rule>): Stream<string> =>
  bills
    .keyBy(({ customer }) => customer)
    .connect(rules.broadcast({ limits: broadcastState<string, number>() }))
    .process({
      state: { sum: valueState<number>() },
      processRecord({ amount }, { state, timers, timestamp, broadcast }, emit: Emit<string>) {
        state.sum.set((state.sum.get() ?? 0) + amount)
        emit(`${state.sum.get()} of ${broadcast.limits.get('sum') ?? 'any'}`)
        timers.tryRegisterEventTime(timestamp + 10)
      },
      processBroadcast({ name, limit }, context, emit: Emit<string>) {
        context.broadcast.limits.set(name, limit)
        const closed: string[] = []
        context.forEachKey('sum', (key, sum) => {
          if ((sum.get() ?? 0) <= limit) return
          closed.push(key)
          sum.clear()
        })
        for (const key of closed.sort()) emit(`${key} closed`)
      },
      onTimer(_timer, { key, state, broadcast }, emit: Emit<string>) {
        emit(`${key} has ${state.sum.get() ?? 0}, limit ${broadcast.limits.get('sum') ?? 'none'}`)
      },
    })

for (const mode of HARNESS_MODES) {
  test(`${mode}: records see what broadcast records have written`, () => {
    const harness = twoInputHarness(checked, { mode })
    harness.processRecord1({ customer: 'Ada', amount: 10 })
    harness.processRecord2({ name: 'small', limit: 5 }, 1)
    harness.processRecord2({ name: 'large', limit: 50 }, 2)
    harness.processRecord1({ customer: 'Ada', amount: 10 })
    harness.processRecord1({ customer: 'Bob', amount: 60 })
    harness.processRecord2({ name: 'small', limit: -1 }, 3)
    harness.processRecord1({ customer: 'Ada', amount: 10 })
    assert.equal(harness.takeValues(), [
      'small at 1',
      'large at 2',
      'Ada: small',
      'Bob: small',
      'Bob: large',
      'small at 3',
    ])
    harness.close()
  })

  test(`${mode}: a broadcast record visits the state of all keys; timers read broadcast state`, () => {
    const harness = twoInputHarness(accounts, { mode })
    for (const [customer, amount] of [
      ['Ada', 10],
      ['Bob', 20],
      ['Cyd', 30],
      ['Ada', 11],
    ] as const)
      harness.processRecord1({ customer, amount }, 0)
    harness.takeValues()
    harness.processRecord2({ name: 'sum', limit: 20 }, 4)
    assert.equal(harness.takeItems(), [
      { value: 'Ada closed', timestamp: 4 },
      { value: 'Cyd closed', timestamp: 4 },
    ])
    harness.processRecord1({ customer: 'Ada', amount: 1 }, 3)
    assert.equal(harness.takeValues(), ['1 of 20'])
    harness.processWatermark(10)
    assert.equal(harness.takeValues().sort(), [
      'Ada has 1, limit 20',
      'Bob has 20, limit 20',
      'Cyd has 0, limit 20',
    ])
    harness.close()
  })
}

test('every subtask of a restored operator has the broadcast state of one', () => {
  const snapshots: HarnessSnapshot[] = [0, 1].map((subtaskIndex) => {
    const harness = twoInputHarness(checked, { subtaskIndex, parallelism: 2 })
    harness.processRecord2({ name: 'small', limit: 5 })
    harness.processRecord2({ name: 'large', limit: 50 })
    return harness.snapshot()
  })
  for (const subtaskIndex of [0, 1, 2]) {
    const harness = twoInputHarness(checked, { subtaskIndex, parallelism: 3, restore: snapshots })
    harness.processRecord1({ customer: 'Ada', amount: 60 })
    assert.equal(harness.takeValues(), ['Ada: small', 'Ada: large'])
  }
})

test('only broadcast records may write, and they have no key', () => {
  const harness = twoInputHarness(
    (actions: Stream<(context: never) => unknown>, others: Stream<(context: never) => unknown>) =>
      actions
        .keyBy(() => 'k')
        .connect(others.broadcast({ rules: broadcastState<string, number>() }))
        .process({
          state: { sum: valueState<number>() },
          processRecord(action, context) {
            action(context as never)
          },
          processBroadcast(action, context) {
            action(context as never)
          },
        }),
  )
  interface Loose {
    broadcast: {
      rules: { set(key: string, value: number): void; delete(key: string): void; clear(): void }
    }
    state: unknown
    timers: unknown
    key: unknown
    forEachKey(name: string, visit: () => void): void
  }
  const wrong = (
    input: 1 | 2,
    code: string,
    message: RegExp,
    action: (context: Loose) => unknown,
  ) => {
    const run = (): void =>
      input === 1 ? harness.processRecord1(action) : harness.processRecord2(action)
    const error = throwsCode(run, code) as Error
    assert.match(error.message, message)
  }
  const readOnly = (method: string): RegExp =>
    new RegExp(
      `context.broadcast.rules.${method}: broadcast state can be changed in processBroadcast only`,
    )
  wrong(1, 'BROADCAST_READ_ONLY', readOnly('set'), ({ broadcast }) => broadcast.rules.set('a', 1))
  wrong(1, 'BROADCAST_READ_ONLY', readOnly('delete'), ({ broadcast }) =>
    broadcast.rules.delete('a'),
  )
  wrong(1, 'BROADCAST_READ_ONLY', readOnly('clear'), ({ broadcast }) => broadcast.rules.clear())
  const noKey = /needs a key: a broadcast record has none; context.forEachKey/
  wrong(2, 'STATE_WITHOUT_KEY', noKey, (context) => context.state)
  wrong(2, 'STATE_WITHOUT_KEY', noKey, (context) => context.key)
  wrong(2, 'TIMERS_WITHOUT_KEY', noKey, (context) => context.timers)
  wrong(2, 'UNKNOWN_STATE', /forEachKey: there is no state 'total'; declared are sum/, (context) =>
    context.forEachKey('total', () => {}),
  )
})

test('a visit of keys inside a visit leaves the state of the outer one where it was', () => {
  const harness = twoInputHarness((bills: Stream<Bill>, rules: Stream<Rule>) =>
    bills
      .keyBy(({ customer }) => customer)
      .connect(rules.broadcast({ limits: broadcastState<string, number>() }))
      .process({
        state: { sum: valueState<number>({ initial: () => 0 }) },
        processRecord({ amount }, { state }) {
          state.sum.set(state.sum.get() + amount)
        },
        processBroadcast(_rule, { forEachKey }, emit: Emit<string>) {
          forEachKey('sum', (key, sum) => {
            let others = 0
            forEachKey('sum', (other, its) => (others += other === key ? 0 : its.get()))
            emit(`${key} ${sum.get()}, others ${others}`)
          })
        },
      }),
  )
  for (const [customer, amount] of [
    ['a', 1],
    ['b', 10],
    ['c', 100],
  ] as const)
    harness.processRecord1({ customer, amount })
  harness.processRecord2({ name: 'any', limit: 0 })
  assert.equal(harness.takeValues().sort(), [
    'a 1, others 110',
    'b 10, others 101',
    'c 100, others 11',
  ])
})

test.run()
