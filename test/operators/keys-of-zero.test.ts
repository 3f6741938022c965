/** A key of -0 is 0 wherever users see it, for it has the state of 0, and a snapshot knows no difference. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  count,
  mapState,
  session,
  sliding,
  triggers,
  tumbling,
  valueState,
} from '../../api/index.ts'
import type { Emit, KeyedStream, Stream } from '../../api/index.ts'
import { HARNESS_MODES, operatorHarness, twoInputHarness } from '../../api/testing/index.ts'

type Keyed = KeyedStream<number, number>

const windowed = {
  'tumbling windows': (keyed: Keyed) => keyed.window(tumbling(10)),
  'sliding windows': (keyed: Keyed) => keyed.window(sliding({ size: 10, slide: 5 })),
  sessions: (keyed: Keyed) => keyed.window(session(10)),
  'windows with a trigger': (keyed: Keyed) => keyed.window(tumbling(10)).trigger(triggers.count(1)),
}

const operators: Readonly<Record<string, (keyed: Keyed) => Stream<number>>> = {
  'a process function and its timers': (keyed) =>
    keyed.process({
      state: { seen: valueState<boolean>() },
      processRecord(_, { key, timers }, emit: Emit<number>) {
        emit(key)
        timers.tryRegisterEventTime(50)
        timers.tryRegisterProcessingTime(50)
      },
      onTimer(_, { key }, emit: Emit<number>) {
        emit(key)
      },
    }),
  'keys of map state': (keyed) =>
    keyed.process({
      state: { all: mapState<number, number>() },
      processRecord(value, { state }, emit: Emit<number>) {
        state.all.set(value, 1)
        for (const each of state.all.keys()) emit(each)
      },
    }),
  'a rolling aggregate': (keyed) => keyed.aggregate(count(), (_, key) => key),
  ...Object.fromEntries(
    Object.entries(windowed).flatMap(([name, windows]) => [
      [name, (keyed: Keyed) => windows(keyed).aggregate(count(), (_, { key }) => key)],
      [
        `all records of ${name}`,
        (keyed: Keyed) =>
          windows(keyed).process({
            process({ key }, _records, emit: Emit<number>) {
              emit(key)
            },
          }),
      ],
    ]),
  ),
}

function onlyZero(keys: readonly number[]): void {
  assert.ok(keys.length > 0)
  for (const key of keys) assert.ok(Object.is(key, 0), `${Object.is(key, -0) ? '-0' : key}`)
}

for (const mode of HARNESS_MODES) {
  for (const [name, build] of Object.entries(operators)) {
    test(`${mode}: ${name}`, async () => {
      const harness = operatorHarness((values: Stream<number>) => build(values.keyBy((v) => v)), {
        mode,
      })
      for (const value of [-0, 0, -0]) harness.processRecord(value, 1)
      harness.setProcessingTime(60)
      await harness.endInput()
      onlyZero(harness.takeValues())
    })
  }

  for (const kind of ['interval join', 'window join'] as const) {
    test(`${mode}: ${kind}`, async () => {
      const harness = twoInputHarness(
        (left: Stream<number>, right: Stream<number>) => {
          const [a, b] = [left.keyBy((v) => v), right.keyBy((v) => v)]
          return kind === 'interval join'
            ? a.intervalJoin(b, { lowerMs: 0, upperMs: 5 }).full((_a, _b, { key }) => key)
            : a
                .join(b)
                .window(tumbling(10))
                .full((_a, _b, { key }) => key)
        },
        { mode },
      )
      harness.processRecord1(-0, 1)
      harness.processRecord2(-0, 2)
      harness.processRecord2(-0, 20)
      await harness.endInput()
      onlyZero(harness.takeValues())
    })
  }
}

test.run()
