/**
 * Late records of aggregates that fire once: the fast operators leave them to the side output, as the general one does.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count, outputTag, sliding, tumbling } from '../../../api/index.ts'
import type { Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'

const LATE = outputTag<string>('late')

const ASSIGNERS = { 'tumbling windows': tumbling(10), slices: sliding({ size: 10, slide: 5 }) }

for (const mode of HARNESS_MODES) {
  for (const [name, assigner] of Object.entries(ASSIGNERS)) {
    test(`${mode}: what comes behind all its windows leaves by the side output and is not counted as dropped: ${name}`, () => {
      const harness = operatorHarness(
        (words: Stream<string>) => {
          const main = words
            .keyBy((word) => word)
            .window(assigner)
            .sideOutputLate(LATE)
            .aggregate(count(), { name: 'counts' })
          return { main, late: main.sideOutput(LATE) }
        },
        { mode },
      )
      harness.processRecord('in time', 7)
      harness.processWatermark(18)
      harness.takeItems('main')
      harness.processRecord('late', 9)
      harness.processRecord('just in time', 19)
      harness.processRecord('later', -30)
      assert.equal(
        harness.takeItems('late').filter((item) => !('watermark' in item)),
        [
          { value: 'late', timestamp: 9 },
          { value: 'later', timestamp: -30 },
        ],
      )
      assert.is(harness.counter('counts', 'lateRecordsDropped'), 0)
      harness.processWatermark(19)
      assert.equal(
        harness.takeItems('main').filter((item) => !('watermark' in item)),
        [{ value: 1, timestamp: 19 }],
      )
      harness.close()
    })

    test(`${mode}: where nobody reads the side output, late records are gone without being counted: ${name}`, () => {
      const harness = operatorHarness(
        (words: Stream<string>) =>
          words
            .keyBy((word) => word)
            .window(assigner)
            .sideOutputLate(LATE)
            .aggregate(count(), { name: 'counts' }),
        { mode },
      )
      harness.processWatermark(18)
      harness.processRecord('late', 9)
      assert.is(harness.counter('counts', 'lateRecordsDropped'), 0)
      assert.equal(harness.stateEntries(), [])
      harness.close()
    })
  }
}

test.run()
