/** The examples of docs/process-functions.md are those of its guide, and do what the page says. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { operatorHarness, twoInputHarness } from '../../api/testing/index.ts'
import { checkPage } from './page.ts'
import {
  alarms,
  reconcile,
  silentSensors,
  splitByHeat,
  trySilentSensors,
} from './process-functions-guide.ts'

test('every example of the page is a region of the guide', () =>
  checkPage('docs/process-functions.md', 'test/docs/process-functions-guide.ts'))

test('silent sensors are reported once, however late their records', () => {
  assert.equal(trySilentSensors(), ['cellar has been silent since 20000'])
  const harness = operatorHarness(silentSensors, { mode: 'restoring' })
  harness.processRecord({ sensor: 'attic', celsius: 1 }, 50_000)
  harness.processRecord({ sensor: 'attic', celsius: 1 }, 40_000)
  harness.processWatermark(109_999)
  assert.equal(harness.takeValues(), [])
  harness.processWatermark(200_000)
  assert.equal(harness.takeValues(), ['attic has been silent since 50000'])
  harness.processRecord({ sensor: 'attic', celsius: 1 }, 60_000)
  harness.processWatermark(300_000)
  assert.equal(harness.takeValues(), [], 'too late to be silent')
  assert.equal(harness.stateEntries(), [])
})

test('hot readings leave by the side, are counted and logged', () => {
  const harness = operatorHarness(splitByHeat)
  for (const celsius of [20, 30, 100]) harness.processRecord({ sensor: 's', celsius })
  assert.equal(harness.takeValues('cool'), [{ sensor: 's', celsius: 20 }])
  assert.is(harness.takeValues('hot').length, 2)
  assert.is(harness.counter('process', 'hot readings'), 2)
  assert.equal(
    harness.logLines.map(({ level, message }) => [level, message]),
    [['warn', 'a sensor boils']],
  )
})

test('orders meet their payments', () => {
  const harness = twoInputHarness(reconcile)
  harness.processRecord1({ id: 'a', amount: 10 }, 0)
  harness.processRecord1({ id: 'b', amount: 20 }, 0)
  harness.processRecord2({ order: 'a', paid: 10 }, 5)
  harness.processRecord2({ order: 'b', paid: 5 }, 6)
  harness.processWatermark(86_400_000)
  assert.equal(harness.takeValues(), ['a is paid', 'b owes 15 after a day'])
})

test('a new limit holds for readings to come and for the last one', () => {
  const harness = twoInputHarness(alarms)
  harness.processRecord1({ sensor: 'attic', celsius: 40 })
  harness.processRecord2({ sensor: 'attic', celsius: 30 })
  harness.processRecord1({ sensor: 'attic', celsius: 35 })
  harness.processRecord1({ sensor: 'cellar', celsius: 35 })
  assert.equal(harness.takeValues(), ['attic: 40', 'attic: 35'])
})

test.run()
