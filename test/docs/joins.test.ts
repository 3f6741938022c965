/** The examples of docs/joins.md are those of its guide, and do what the page says. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { twoInputHarness } from '../../api/testing/index.ts'
import {
  clicksAndPurchases,
  paidOrders,
  receipts,
  tryPaidOrders,
  unpaidOrders,
  visits,
} from './joins-guide.ts'
import { checkPage } from './page.ts'

test('every example of the page is a region of the guide', () =>
  checkPage('docs/joins.md', 'test/docs/joins-guide.ts'))

test('orders meet their payments of an hour', () => {
  assert.equal(tryPaidOrders(), ['a: 5 of 9', 'a: 4 of 9'])
  const harness = twoInputHarness(paidOrders)
  harness.processRecord1({ id: 'a', amount: 1 }, 10)
  harness.processRecord2({ order: 'a', paid: 1 }, 9)
  harness.processRecord2({ order: 'b', paid: 1 }, 10)
  assert.equal(harness.takeValues(), [])
})

test('unpaid orders leave with their own time, and the watermark stays behind them', () => {
  const harness = twoInputHarness(unpaidOrders)
  harness.processRecord1({ id: 'a', amount: 1 }, 10)
  harness.processRecord1({ id: 'b', amount: 1 }, 20)
  harness.processRecord2({ order: 'b', paid: 1 }, 30)
  harness.processWatermark(3_600_020)
  assert.equal(harness.takeItems(), [{ value: 'a', timestamp: 10 }, { watermark: 20 }])
})

test('receipts are counted, and late payments leave by the side', () => {
  const harness = twoInputHarness(receipts)
  harness.processRecord1({ id: 'a', amount: 5 }, 10)
  harness.processRecord2({ order: 'a', paid: 5 }, 30)
  harness.processRecord2({ order: 'a', paid: 4 }, 30)
  harness.processRecord2({ order: 'a', paid: 5 }, 3_600_010)
  harness.processWatermark(40)
  harness.processRecord2({ order: 'a', paid: 5 }, 39)
  assert.equal(harness.takeValues('receipts'), ['a was paid at 30'])
  assert.equal(harness.takeValues('late'), [{ order: 'a', paid: 5 }])
  assert.is(harness.counter('interval join', 'underpaid'), 1)
})

test('a window pairs all of its clicks with all of its purchases', () => {
  const harness = twoInputHarness(clicksAndPurchases)
  harness.processRecord1({ user: 'ann', page: '/a' }, 10_000)
  harness.processRecord1({ user: 'ann', page: '/b' }, 59_000)
  harness.processRecord1({ user: 'ann', page: '/c' }, 60_000)
  harness.processRecord2({ buyer: 'ann', price: 5 }, 30_000)
  harness.processRecord2({ buyer: 'ann', price: 7 }, 40_000)
  harness.processRecord2({ buyer: 'bob', price: 9 }, 40_000)
  harness.processWatermark(119_999)
  assert.equal(harness.takeItems(), [
    { value: '0: ann saw /a and spent 5', timestamp: 59_999 },
    { value: '0: ann saw /a and spent 7', timestamp: 59_999 },
    { value: '0: ann saw /b and spent 5', timestamp: 59_999 },
    { value: '0: ann saw /b and spent 7', timestamp: 59_999 },
    { value: '60000: ann saw /c and spent nothing', timestamp: 119_999 },
    { watermark: 119_999 },
  ])
})

test('a visit has its clicks and its purchases', () => {
  const harness = twoInputHarness(visits)
  harness.processRecord1({ user: 'ann', page: '/a' }, 0)
  harness.processRecord1({ user: 'ann', page: '/b' }, 20_000)
  harness.processRecord2({ buyer: 'ann', price: 5 }, 45_000)
  harness.processRecord2({ buyer: 'ann', price: 7 }, 80_000)
  harness.processWatermark(200_000)
  assert.equal(harness.takeValues(), ['ann: 2 clicks, 5 spent', 'ann: 0 clicks, 7 spent'])
})

test.run()
