/** The examples of docs/windows.md are those of its guide, and do what the page says. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { operatorHarness } from '../../api/testing/index.ts'
import { checkPage } from './page.ts'
import {
  assigners,
  byCount,
  early,
  final,
  invoices,
  largest,
  lastOrders,
  patient,
  perMinute,
  perMonth,
  totals,
  visits,
} from './windows-guide.ts'

const order = (customer: string, amount = 1) => ({ customer, amount })

test('every example of the page is a region of the guide', () =>
  checkPage('docs/windows.md', 'test/docs/windows-guide.ts'))

test('orders per customer and minute', () => {
  const harness = operatorHarness(perMinute)
  harness.processRecord(order('Ada'), 61_000)
  harness.processRecord(order('Ada'), 59_999)
  harness.processRecord(order('Ada'), 60_000)
  harness.processWatermark(119_999)
  assert.equal(harness.takeValues(), [
    { customer: 'Ada', minute: 0, orders: 1 },
    { customer: 'Ada', minute: 60_000, orders: 2 },
  ])
})

test('all assigners have names', () => {
  assert.equal(
    assigners.map(({ name }) => name),
    [
      'tumbling(60000 ms)',
      'tumbling(86400000 ms, offset -28800000 ms)',
      'sliding(3600000 ms every 60000 ms)',
      'session(1800000 ms)',
      'session(gap from the record)',
      'tumbling(1000 ms, processing time)',
      'endOfStream',
      'global',
    ],
  )
})

test('visits are counted across windows', () => {
  const harness = operatorHarness(visits, { mode: 'restoring' })
  for (const time of [0, 1_000_000, 5_000_000]) harness.processRecord(order('Ada'), time)
  harness.processWatermark(9_000_000)
  assert.equal(harness.takeValues(), [
    'Ada, visit 1: 2 orders from 0',
    'Ada, visit 2: 1 orders from 5000000',
  ])
})

test('an aggregate and a process function together', () => {
  const harness = operatorHarness(totals)
  harness.processRecord(order('Ada', 600), 0)
  harness.processRecord(order('Ada', 500), 1)
  harness.processRecord(order('Bob', 5), 2)
  harness.processWatermark(59_999)
  assert.equal(harness.takeValues('main'), [1_100, 5])
  assert.equal(harness.takeValues('large'), ['Ada'])
})

test('late records fire again, and those that are too late go aside', () => {
  const harness = operatorHarness(patient)
  harness.processRecord(order('Ada'), 0)
  harness.processWatermark(59_999)
  harness.processRecord(order('Ada'), 5)
  harness.processWatermark(89_999)
  harness.processRecord(order('Ada', 7), 6)
  assert.equal(harness.takeValues('main'), ['Ada 1 onTime', 'Ada 2 late'])
  assert.equal(harness.takeValues('late'), [order('Ada', 7)])
})

test('early results, and only final ones', () => {
  const often = operatorHarness(early)
  often.processRecord(order('Ada'), 0)
  often.setProcessingTime(1_000)
  often.processRecord(order('Ada'), 0)
  often.processWatermark(59_999)
  assert.equal(often.takeValues(), ['Ada 1 early', 'Ada 2 onTime'])
  const once = operatorHarness(final)
  once.processRecord(order('Ada'), 0)
  once.processWatermark(59_999)
  once.processRecord(order('Ada'), 0)
  assert.equal(once.takeValues(), [])
  once.processWatermark(89_999)
  assert.equal(once.takeValues(), ['Ada 2'])
})

test('triggers of all kinds', () => {
  const atThousand = operatorHarness(invoices)
  for (const amount of [500, 499, 1, 1_000, 5]) atThousand.processRecord(order('Ada', amount))
  assert.equal(atThousand.takeValues(), [3, 1])
  const last = operatorHarness(lastOrders)
  for (const amount of [1, 2, 3, 4]) last.processRecord(order('Ada', amount))
  assert.equal(last.takeValues().at(-1), [2, 3, 4])
  const counts = operatorHarness((orders: Parameters<typeof byCount>[0]) => {
    const [tens, hundreds] = byCount(orders)
    return { tens: tens!, hundreds: hundreds! }
  })
  for (let amount = 1; amount <= 20; amount++) counts.processRecord(order('Ada', amount))
  assert.equal(counts.takeValues('tens'), [5.5, 15.5])
  assert.equal(counts.takeValues('hundreds'), [5.5, 10.5])
})

test('windows over all records, and of months', () => {
  const all = operatorHarness(largest)
  all.processRecord(order('Ada', 3), 0)
  all.processRecord(order('Bob', 9), 0)
  all.processWatermark(59_999)
  assert.equal(all.takeValues(), [9])
  const months = operatorHarness(perMonth)
  months.processRecord(order('Ada'), Date.UTC(2024, 1, 29))
  months.processRecord(order('Ada'), Date.UTC(2024, 1, 1))
  months.processWatermark(Date.UTC(2024, 2) - 1)
  assert.equal(months.takeItems()[0], { value: 2, timestamp: Date.UTC(2024, 2) - 1 })
})

test.run()
