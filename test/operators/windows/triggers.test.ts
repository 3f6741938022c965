/** Triggers and the choice of results, as far as the model does not know them. In all modes of the harness. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { globalWindow, session, triggers, tumbling } from '../../../api/index.ts'
import type {
  Emit,
  Stream,
  Trigger,
  TriggerContext,
  WindowContext,
  WindowedStream,
} from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import type { HarnessMode, OperatorHarness } from '../../../api/testing/index.ts'
import { codeOf } from '../operator-fakes.ts'

/** Drives windows over numbers, all of one key; what leaves reads like `early 0: 1 2 3`. */
function windowsOf(
  mode: HarnessMode,
  windows: (input: Stream<number>) => WindowedStream<string, number>,
): OperatorHarness<number, { readonly main: string }> {
  return operatorHarness(
    (input: Stream<number>) =>
      windows(input).process({
        process({ pane }: WindowContext<string>, numbers, emit: Emit<string>) {
          emit(`${pane.timing} ${pane.index}: ${numbers.join(' ')}`)
        },
      }),
    { mode },
  )
}

const keyed = (input: Stream<number>) => input.keyBy(() => 'k')

for (const mode of HARNESS_MODES) {
  test(`${mode}: delta fires when a record differs enough from the one that fired last`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input)
        .window(globalWindow())
        .trigger(triggers.delta(2, (last: number, now) => Math.abs(now - last))),
    )
    for (const n of [10, 12, 13, 11, 15, 16]) harness.processRecord(n)
    // From 10 to 13, then from 13 to 16.
    assert.equal(harness.takeValues(), ['early 0: 10 12 13', 'early 1: 10 12 13 11 15 16'])
    harness.close()
  })

  test(`${mode}: a timeout lets out what has come, and a firing stops it`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input)
        .window(globalWindow())
        .trigger(triggers.purging(triggers.processingTimeTimeout(triggers.count(3), 100))),
    )
    harness.processRecord(1)
    harness.setProcessingTime(50)
    harness.processRecord(2)
    harness.setProcessingTime(99)
    assert.equal(harness.takeValues(), [])
    harness.setProcessingTime(100)
    assert.equal(harness.takeValues(), ['early 0: 1 2'])
    for (const n of [3, 4, 5]) harness.processRecord(n)
    assert.equal(harness.takeValues(), ['early 0: 3 4 5'])
    harness.setProcessingTime(1_000)
    assert.equal(harness.takeValues(), [])
    harness.close()
  })

  test(`${mode}: a timeout may begin anew with every record, and keep its inner trigger`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input)
        .window(globalWindow())
        .trigger(
          triggers.processingTimeTimeout(triggers.count(3), 100, {
            resetOnNewRecord: true,
            clearOnTimeout: false,
          }),
        ),
    )
    harness.processRecord(1)
    harness.setProcessingTime(99)
    harness.processRecord(2)
    harness.setProcessingTime(198)
    assert.equal(harness.takeValues(), [])
    harness.setProcessingTime(199)
    assert.equal(harness.takeValues(), ['early 0: 1 2'])
    // The count has gone on: the third record fires.
    harness.processRecord(3)
    assert.equal(harness.takeValues(), ['early 1: 1 2 3'])
    harness.close()
  })

  test(`${mode}: a trigger that deletes its timers cannot keep a window from being forgotten`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input)
        .window(tumbling(1_000))
        .trigger(triggers.purging(triggers.processingTimeTimeout(triggers.eventTime(), 10))),
    )
    harness.processRecord(1, 5)
    harness.setProcessingTime(10)
    assert.equal(harness.takeValues(), ['early 0: 1'])
    harness.processWatermark(999)
    assert.equal(harness.takeValues(), [])
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })

  test(`${mode}: continuous triggers of the clock fire at its multiples, also on windows of event time`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input).window(tumbling(1_000)).trigger(triggers.continuousProcessingTime(100)),
    )
    harness.setProcessingTime(5_050)
    harness.processRecord(1, 0)
    harness.setProcessingTime(5_100)
    harness.processRecord(2, 1)
    harness.setProcessingTime(5_199)
    harness.setProcessingTime(5_200)
    assert.equal(harness.takeValues(), ['early 0: 1', 'early 1: 1 2'])
    harness.processWatermark(999)
    assert.equal(harness.takeValues(), [])
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })

  test(`${mode}: a continuous trigger of the clock stays with its multiples behind the end of a window of event time`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input).window(tumbling(250)).trigger(triggers.continuousProcessingTime(100)),
    )
    harness.setProcessingTime(210)
    harness.processRecord(1, 0)
    harness.setProcessingTime(250) // 250 of the clock, which it can't tell from the end
    assert.equal(harness.takeValues(), ['early 0: 1'])
    harness.setProcessingTime(300)
    harness.setProcessingTime(399)
    assert.equal(harness.takeValues(), ['early 1: 1'])
    harness.setProcessingTime(400)
    assert.equal(harness.takeValues(), ['early 2: 1'])
    harness.close()
  })

  test(`${mode}: early results come so many ms after the first record that the last one does not hold`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input).window(tumbling(1_000)).allowedLateness(500).earlyResults({ everyMs: 100 }),
    )
    harness.setProcessingTime(30)
    harness.processRecord(1, 0)
    harness.setProcessingTime(130)
    assert.equal(harness.takeValues(), ['early 0: 1'])
    harness.setProcessingTime(500)
    assert.equal(harness.takeValues(), [])
    harness.processRecord(2, 0)
    harness.processWatermark(999)
    assert.equal(harness.takeValues(), ['onTime 1: 1 2'])
    // The result on time has held the second record.
    harness.setProcessingTime(600)
    assert.equal(harness.takeValues(), [])
    harness.processRecord(3, 0)
    assert.equal(harness.takeValues(), ['late 2: 1 2 3'])
    harness.processWatermark(1_499)
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })

  test(`${mode}: a final result waits for late records, and is the only one`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input).window(session(100)).allowedLateness(50).results('final'),
    )
    harness.processRecord(1, 0)
    harness.processWatermark(148)
    assert.equal(harness.takeValues(), [])
    harness.processRecord(2, 100)
    harness.processWatermark(248)
    assert.equal(harness.takeValues(), [])
    harness.processWatermark(249)
    assert.equal(harness.takeValues(), ['onTime 0: 1 2'])
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })

  test(`${mode}: a window of processing time closes at its end, so that it closes once`, () => {
    const harness = windowsOf(mode, (input) =>
      keyed(input).window(tumbling({ size: 100, time: 'processing' })),
    )
    harness.processRecord(1)
    harness.setProcessingTime(99)
    harness.processRecord(2)
    assert.equal(harness.takeValues(), [])
    harness.setProcessingTime(100)
    harness.processRecord(3)
    assert.equal(harness.takeItems(), [{ value: 'onTime 0: 1 2', timestamp: 99 }])
    harness.close()
  })

  test(`${mode}: a trigger of one's own has state per window, and merges it`, () => {
    interface Sum {
      sum: number
    }
    /** A class, to see that nothing is lost of it inside another trigger. */
    class AtSum implements Trigger<number, Sum> {
      readonly name = 'at sum'
      readonly #least: number
      constructor(least: number) {
        this.#least = least
      }
      createState(): Sum {
        return { sum: 0 }
      }
      onElement(value: number, _timestamp: number, { state }: TriggerContext<Sum>) {
        state.sum += value
        return state.sum >= this.#least ? 'fire' : 'continue'
      }
      onEventTime() {
        return 'continue' as const
      }
      onProcessingTime() {
        return 'continue' as const
      }
      onMerge({ state, merged }: { readonly state: Sum; readonly merged: readonly Sum[] }): void {
        for (const { sum } of merged) state.sum += sum
      }
      clear({ state }: TriggerContext<Sum>): void {
        state.sum = 0
      }
    }
    const harness = windowsOf(mode, (input) =>
      keyed(input)
        .window(session(10))
        .trigger(triggers.purging(new AtSum(10))),
    )
    harness.processRecord(4, 0)
    harness.processRecord(5, 20)
    assert.equal(harness.takeValues(), [])
    harness.processRecord(1, 10)
    assert.equal(harness.takeValues(), ['early 0: 4 5 1'])
    harness.close()
  })

  test(`${mode}: a session whose trigger has no clear fires and is forgotten, also after it has grown`, () => {
    const atEnd: Trigger<number> = {
      name: 'at the end',
      onElement: (_value, _timestamp, context) => {
        context.registerEventTime(context.window.end - 1)
        return 'continue'
      },
      onEventTime: (time, { window }) => (time === window.end - 1 ? 'fire' : 'continue'),
      onProcessingTime: () => 'continue',
      onMerge: (context) => {
        context.registerEventTime(context.window.end - 1)
      },
    }
    for (const trigger of [atEnd, triggers.never()]) {
      const harness = windowsOf(mode, (input) => keyed(input).window(session(10)).trigger(trigger))
      harness.processRecord(1, 0)
      harness.processRecord(2, 5)
      harness.processRecord(3, 8)
      harness.processWatermark(17)
      assert.equal(harness.takeValues(), trigger === atEnd ? ['onTime 0: 1 2 3'] : [])
      assert.equal(harness.stateEntries(), [])
      harness.close()
    }
  })

  test(`${mode}: never fires, and purging leaves nothing of a window without end`, () => {
    const silent = windowsOf(mode, (input) => keyed(input).window(globalWindow()))
    silent.processRecord(1)
    silent.processWatermark(Infinity)
    assert.equal(silent.takeValues(), [])
    silent.close()
    const counted = windowsOf(mode, (input) => keyed(input).countWindow(2))
    for (const n of [1, 2, 3, 4]) counted.processRecord(n)
    assert.equal(counted.takeValues(), ['early 0: 1 2', 'early 0: 3 4'])
    assert.equal(counted.stateEntries(), [])
    counted.close()
  })

  test(`${mode}: a count window with a slide has the last records`, () => {
    const harness = windowsOf(mode, (input) => keyed(input).countWindow(3, 2))
    for (const n of [1, 2, 3, 4, 5, 6]) harness.processRecord(n)
    assert.equal(harness.takeValues(), ['early 0: 1 2', 'early 1: 2 3 4', 'early 2: 4 5 6'])
    harness.close()
  })
}

test('numbers that make no trigger are refused', () => {
  for (const make of [
    () => triggers.count(0),
    () => triggers.count(1.5),
    () => triggers.continuousEventTime(0),
    () => triggers.continuousProcessingTime(Number.NaN),
    () => triggers.delta(Number.NaN, () => 0),
    () => triggers.delta(1, undefined as never),
    () => triggers.processingTimeTimeout(triggers.count(1), 0),
  ])
    assert.is(codeOf(make), 'INVALID_TRIGGER')
})

test.run()
