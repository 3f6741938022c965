/** The examples of docs/state.md are those of its guide, and do what the page says. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emit, Stream } from '../../api/index.ts'
import { valueState } from '../../api/index.ts'
import { operatorHarness } from '../../api/testing/index.ts'
import { throwsCode } from '../runner/expect.ts'
import { checkPage } from './page.ts'
import { firstOrders, inPairs, profiles, runningTotals, total } from './state-guide.ts'

const order = (customer: string, product: string, amount: number) => ({ customer, product, amount })

test('every example of the page is a region of the guide', () =>
  checkPage('docs/state.md', 'test/docs/state-guide.ts'))

test('a total per customer, that survives restarts', () => {
  const harness = operatorHarness(runningTotals, { mode: 'restoring' })
  harness.processRecord(order('Ada', 'tea', 2))
  harness.processRecord(order('Bob', 'tea', 3))
  harness.processRecord(order('Ada', 'rum', 5))
  assert.equal(harness.takeValues(), ['Ada: 2', 'Bob: 3', 'Ada: 7'])
})

test('all kinds of state', () => {
  const harness = operatorHarness(profiles, { mode: 'restoring' })
  harness.processRecord(order('Ada', 'tea', 2))
  harness.processRecord(order('Ada', 'rum', 5))
  harness.processRecord(order('Ada', 'tea', 2))
  assert.equal(harness.takeValues().at(-1), {
    amounts: [2, 5, 2],
    products: 2,
    largest: 5,
    mean: 3,
  })
})

test('what is older than its time to live is forgotten', () => {
  const harness = operatorHarness(firstOrders, { mode: 'restoring' })
  harness.processRecord(order('Ada', 'tea', 1))
  harness.setProcessingTime(86_399_999)
  harness.processRecord(order('Ada', 'tea', 2))
  harness.setProcessingTime(2 * 86_400_000)
  harness.processRecord(order('Ada', 'tea', 3))
  assert.equal(
    harness.takeValues().map(({ amount }) => amount),
    [1, 3],
  )
})

test('what waits is dealt out anew', () => {
  const [one, two] = [0, 1].map((subtaskIndex) => {
    const harness = operatorHarness(inPairs, { parallelism: 2, subtaskIndex })
    harness.processRecord(order('Ada', 'tea', subtaskIndex))
    return harness.snapshot()
  })
  const alone = operatorHarness(inPairs, { restore: [one!, two!] })
  alone.processRecord(order('Ada', 'tea', 2))
  assert.equal(
    alone.takeValues().map((pair) => pair.map(({ amount }) => amount)),
    [[0, 1, 2]],
  )
})

test('values of an older version are migrated, and refused without migrate', () => {
  const withState =
    <T>(descriptor: ReturnType<typeof valueState<T>>) =>
    (input: Stream<T | undefined>) =>
      input
        .keyBy(() => 'k')
        .process(
          {
            state: { total: descriptor },
            processRecord(value, { state }, emit: Emit<T | undefined>) {
              if (value === undefined) emit(state.total.get())
              else state.total.set(value)
            },
          },
          { name: 'account', uid: 'account' },
        )
  const old = operatorHarness(withState(valueState<number>()))
  old.processRecord(7)
  const restore = old.snapshot()
  const harness = operatorHarness(withState(total), { restore })
  harness.processRecord(undefined)
  assert.equal(harness.takeValues(), [{ cents: 700 }])
  const refused = (): unknown =>
    operatorHarness(withState(valueState<number>({ version: 2 })), { restore })
  const error = throwsCode(refused, 'INCOMPATIBLE_STATE') as Error
  assert.match(error.message, /'account', state 'total'/)
})

test.run()
