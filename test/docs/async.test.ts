/** The examples of docs/async.md are those of its guide, and do what the page says. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Stream } from '../../api/index.ts'
import { operatorHarness } from '../../api/testing/index.ts'
import { careful, hits, tryCities, withCity } from './async-guide.ts'
import type { Order } from './async-guide.ts'
import { checkPage } from './page.ts'

test('every example of the page is a region of the guide', () =>
  checkPage('docs/async.md', 'test/docs/async-guide.ts'))

const order: Order = { id: '1', customer: 'Ada', amount: 7 }

test('orders get their cities, in order', async () => {
  const harness = operatorHarness((orders: Stream<Order>) =>
    withCity(orders, async (customer) => `${customer}ville`),
  )
  harness.processRecord(order)
  await harness.settle()
  assert.equal(harness.takeValues(), [{ ...order, city: 'Adaville' }])
})

test('what does not answer is unknown', async () => {
  assert.equal(await tryCities(), ["Ada's city", 'unknown'])
})

test('a search is repeated until it finds something', async () => {
  let calls = 0
  const harness = operatorHarness((texts: Stream<string>) =>
    hits(texts, async (text) => {
      if (++calls === 1) throw new RangeError('busy')
      return calls === 2 ? [] : [`${text} 1`, `${text} 2`]
    }),
  )
  harness.processRecord('mill')
  await harness.endInput()
  assert.equal(harness.takeValues(), ['mill 1', 'mill 2'])
})

test('what fails for good is a dead letter', async () => {
  const harness = operatorHarness((orders: Stream<Order>) =>
    careful(orders, () => new Promise<string>(() => {})),
  )
  harness.processRecord(order)
  harness.setProcessingTime(2_000)
  assert.equal(
    harness.takeValues('failed').map(({ record, error }) => [record, error.code]),
    [[order, 'ASYNC_TIMEOUT']],
  )
})

test.run()
