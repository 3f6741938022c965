/** The examples of docs/testing.md. */
// #region harness
import { count, tumbling } from '../../api/index.ts'
import type { Stream } from '../../api/index.ts'
import { operatorHarness } from '../../api/testing/index.ts'

export function clicksPerMinute(clicks: Stream<string>): Stream<string> {
  return clicks
    .keyBy((page) => page)
    .window(tumbling(60_000))
    .aggregate(count(), (n, { key }) => `${key}: ${n}`)
}

export function firstMinute(): string[] {
  const harness = operatorHarness(clicksPerMinute)
  harness.processRecord('/home', 10_000)
  harness.processRecord('/home', 59_999)
  harness.processRecord('/about', 61_000)
  harness.processWatermark(60_000)
  const results = harness.takeValues() // ['/home: 2']
  harness.close()
  return results
}
// #endregion

// #region modes
import { HARNESS_MODES } from '../../api/testing/index.ts'

export function inEveryMode(): string[][] {
  return HARNESS_MODES.map((mode) => {
    const harness = operatorHarness(clicksPerMinute, { mode })
    harness.processRecord('/home', 10_000)
    harness.processRecord('/home', 59_999)
    harness.processWatermark(60_000)
    const results = harness.takeValues()
    harness.close()
    return results
  })
}
// #endregion

// #region restore
export function restoredAtParallelismTwo(): string[][] {
  const before = operatorHarness(clicksPerMinute)
  for (const page of ['/a', '/b', '/c', '/d']) before.processRecord(page, 1_000)
  const snapshot = before.snapshot()
  before.close()

  return [0, 1].map((subtaskIndex) => {
    const after = operatorHarness(clicksPerMinute, {
      restore: snapshot,
      parallelism: 2,
      subtaskIndex,
    })
    after.processWatermark(60_000)
    const results = after.takeValues() // each page comes out of one of the two
    after.close()
    return results
  })
}
// #endregion

// #region time
import { valueState } from '../../api/index.ts'
import type { Emit } from '../../api/index.ts'

export function quietFor(ms: number) {
  return (visits: Stream<string>): Stream<string> =>
    visits
      .keyBy((visitor) => visitor)
      .process({
        state: { last: valueState<number>() },
        processRecord(_visitor, { state, timers, processingTime }) {
          state.last.set(processingTime)
          timers.registerProcessingTime(processingTime + ms)
        },
        onTimer({ time }, { key, state }, emit: Emit<string>) {
          if (state.last.get() === time - ms) emit(`${key} is gone`)
        },
      })
}

export function leftAfterAMinute(): string[] {
  const harness = operatorHarness(quietFor(60_000))
  harness.processRecord('ann')
  harness.setProcessingTime(30_000)
  harness.processRecord('ann')
  harness.setProcessingTime(60_000) // the first timer: she was back in between
  harness.setProcessingTime(90_000)
  const results = harness.takeValues() // ['ann is gone']
  harness.close()
  return results
}
// #endregion

// #region expect
import { expectStream } from '../../api/testing/index.ts'

export async function wholePipeline(): Promise<void> {
  const words = expectStream((lines: Stream<string>) =>
    lines
      .flatMap((line) => line.split(' '))
      .keyBy((word) => word)
      .aggregate(count(), (n, word) => `${word} ${n}`),
  ).given(['to be or', 'not to be'])

  await words.toYield(['to 1', 'be 1', 'or 1', 'not 1', 'to 2', 'be 2'])
  await words
    .on({ parallelism: 3, seeds: [1, 2, 3] })
    .toYieldInAnyOrder(['be 1', 'be 2', 'not 1', 'or 1', 'to 1', 'to 2'])
}
// #endregion

// #region script
import { script } from '../../api/testing/index.ts'

export async function lateRecords(): Promise<void> {
  const perMinute = expectStream((clicks: Stream<string>) =>
    clicks.windowAll(tumbling(60_000)).aggregate(count()),
  )
  const clicks = script<string>([
    { value: 'in time', at: 10_000 },
    { watermark: 59_999 },
    { value: 'too late', at: 20_000 },
  ])
  await perMinute.given(clicks).toYield([1])
}
// #endregion
