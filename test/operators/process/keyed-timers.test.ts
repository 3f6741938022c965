/** Timers of keyed process functions: when they fire, and which are refused. What fires, in all modes of the harness. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Emit, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import { throwsCode } from '../../runner/expect.ts'

interface Reading {
  readonly sensor: string
  readonly value: number
}

const reading = (sensor: string, value = 0): Reading => ({ sensor, value })

for (const mode of HARNESS_MODES) {
  test(`${mode}: timers fire in the order of their times, once per key and time`, () => {
    const harness = operatorHarness(
      (input: Stream<Reading>) =>
        input
          .keyBy(({ sensor }) => sensor)
          .process({
            processRecord({ value }, { timers }) {
              timers.registerEventTime(value)
              timers.registerEventTime(value)
            },
            onTimer({ time, kind }, { key, currentWatermark }, emit: Emit<string>) {
              emit(`${key} ${time} ${kind} ${currentWatermark}`)
            },
          }),
      { mode },
    )
    for (const [sensor, time] of [
      ['a', 30],
      ['b', 10],
      ['a', 20],
      ['b', 10],
      ['b', 31],
    ] as const)
      harness.processRecord(reading(sensor, time))
    harness.processWatermark(9)
    assert.equal(harness.takeItems(), [{ watermark: 9 }])
    harness.processWatermark(30)
    assert.equal(harness.takeItems(), [
      { value: 'b 10 eventTime 30', timestamp: 10 },
      { value: 'a 20 eventTime 30', timestamp: 20 },
      { value: 'a 30 eventTime 30', timestamp: 30 },
      { watermark: 30 },
    ])
    harness.processWatermark(40)
    assert.equal(harness.takeValues(), ['b 31 eventTime 40'])
    assert.equal(harness.stateEntries(), [])
    harness.close()
  })

  test(`${mode}: processing-time timers fire with the clock, and what they emit has no time`, () => {
    const harness = operatorHarness(
      (input: Stream<Reading>) =>
        input
          .keyBy(({ sensor }) => sensor)
          .process({
            processRecord({ value }, { timers, processingTime }) {
              timers.registerProcessingTime(processingTime + value)
            },
            onTimer({ time, kind }, { key, timestamp, processingTime }, emit: Emit<string>) {
              emit(`${key} ${time} ${kind} ${timestamp} ${processingTime}`)
            },
          }),
      { mode, startMs: 1_000 },
    )
    harness.processRecord(reading('a', 20), 5)
    harness.processRecord(reading('b', 10), 5)
    harness.setProcessingTime(1_009)
    assert.equal(harness.takeItems(), [])
    harness.setProcessingTime(1_010)
    assert.equal(harness.takeItems(), [
      { value: 'b 1010 processingTime -Infinity 1010', timestamp: -Infinity },
    ])
    harness.setProcessingTime(1_100)
    assert.equal(harness.takeValues(), ['a 1020 processingTime -Infinity 1100'])
    harness.close()
  })

  test(`${mode}: a deleted timer does not fire, of either kind`, () => {
    const harness = operatorHarness(
      (input: Stream<Reading>) =>
        input
          .keyBy(({ sensor }) => sensor)
          .process({
            processRecord({ value }, { timers }) {
              if (value > 0) {
                timers.registerEventTime(value)
                timers.registerProcessingTime(value)
              } else {
                timers.deleteEventTime(-value)
                timers.deleteProcessingTime(-value)
                timers.deleteEventTime(77)
              }
            },
            onTimer({ time, kind }, { key }, emit: Emit<string>) {
              emit(`${key} ${time} ${kind}`)
            },
          }),
      { mode },
    )
    for (const [sensor, time] of [
      ['a', 10],
      ['b', 10],
      ['a', -10],
    ] as const)
      harness.processRecord(reading(sensor, time))
    harness.processWatermark(100)
    harness.setProcessingTime(100)
    assert.equal(harness.takeValues(), ['b 10 eventTime', 'b 10 processingTime'])
    harness.close()
  })

  test(`${mode}: a timer may register the next one`, () => {
    const harness = operatorHarness(
      (input: Stream<Reading>) =>
        input
          .keyBy(({ sensor }) => sensor)
          .process({
            processRecord(_value, { timers }) {
              timers.registerEventTime(10)
            },
            onTimer({ time }, { timers }, emit: Emit<number>) {
              emit(time)
              timers.tryRegisterEventTime(time + 10)
            },
          }),
      { mode },
    )
    harness.processRecord(reading('a'))
    harness.processWatermark(10)
    harness.processWatermark(19)
    harness.processWatermark(21)
    harness.processWatermark(45)
    assert.equal(harness.takeValues(), [10, 20, 30, 40])
    harness.close()
  })
}

test('a timer at the end of time fires with the end of the input', async () => {
  const harness = operatorHarness((input: Stream<Reading>) =>
    input
      .keyBy(({ sensor }) => sensor)
      .process({
        processRecord(_value, { timers }) {
          timers.registerEventTime(Number.POSITIVE_INFINITY)
          timers.registerProcessingTime(1_000)
        },
        onTimer({ kind, time }, { key, timers }, emit: Emit<string>) {
          emit(`${key} ${kind} ${time} ${timers.tryRegisterEventTime(time)}`)
        },
      }),
  )
  harness.processRecord(reading('a'))
  harness.processWatermark(Number.MAX_VALUE)
  assert.equal(harness.takeValues(), [])
  await harness.endInput()
  assert.equal(harness.takeValues(), ['a eventTime Infinity false'])
})

test('composite keys come back whole in a timer', () => {
  const harness = operatorHarness((input: Stream<Reading>) =>
    input
      .keyBy(({ sensor, value }) => ({ sensor, at: [value] }))
      .process({
        processRecord(_value, { timers }) {
          timers.registerEventTime(1)
        },
        onTimer(_timer, { key }, emit: Emit<unknown>) {
          emit(key)
        },
      }),
  )
  harness.processRecord(reading('a', 7))
  harness.processWatermark(1)
  assert.equal(harness.takeValues(), [{ sensor: 'a', at: [7] }])
})

test('a timer that no function waits for is an error', () => {
  const harness = operatorHarness((input: Stream<Reading>) =>
    input
      .keyBy(({ sensor }) => sensor)
      .process({
        processRecord({ value }, { timers }) {
          if (value === 1) timers.registerEventTime(1)
          else timers.tryRegisterProcessingTime(1)
        },
      }),
  )
  const text = (method: string): RegExp =>
    new RegExp(`timers.${method}: the definition has no onTimer\\(timer, context, emit\\)`)
  for (const [value, method] of [
    [1, 'registerEventTime'],
    [2, 'tryRegisterProcessingTime'],
  ] as const) {
    const wrong = (): void => harness.processRecord(reading('a', value))
    assert.match((throwsCode(wrong, 'NO_ON_TIMER') as Error).message, text(method))
  }
})

test('an error in a timer ends the job, whatever is done with bad records', () => {
  const harness = operatorHarness((input: Stream<Reading>) =>
    input
      .keyBy(({ sensor }) => sensor)
      .process(
        {
          processRecord(_value, { timers }) {
            timers.registerEventTime(1)
          },
          onTimer() {
            throw new Error('broken')
          },
        },
        { name: 'timed', onError: 'skip' },
      ),
  )
  harness.processRecord(reading('a'))
  const error = throwsCode(() => harness.processWatermark(1), 'OPERATOR_FAILED') as Error
  assert.match(error.message, /'timed' \(subtask 0\) failed: broken/)
})

for (const mode of HARNESS_MODES) {
  test(`${mode}: a timer that registers the next one skips no period, and ends with event time`, () => {
    const harness = operatorHarness(
      (input: Stream<number>) =>
        input
          .keyBy(() => 'k')
          .process({
            processRecord(time, { timers }) {
              timers.registerEventTime(time)
              timers.registerProcessingTime(time)
            },
            onTimer({ kind, time }, { timers }, emit: Emit<string>) {
              emit(`${kind} ${time}`)
              if (kind === 'eventTime') timers.registerEventTime(time + 10)
              else timers.registerProcessingTime(time + 10)
            },
          }),
      { mode },
    )
    harness.processRecord(10)
    harness.processWatermark(35)
    harness.setProcessingTime(25)
    assert.equal(harness.takeValues(), [
      'eventTime 10',
      'eventTime 20',
      'eventTime 30',
      'processingTime 10',
      'processingTime 20',
    ])
    harness.processWatermark(Infinity)
    assert.equal(harness.takeValues(), ['eventTime 40'])
  })
}

test('a timer in the past is an error, and false from the twin', () => {
  const answers: boolean[] = []
  const harness = operatorHarness(
    (input: Stream<(timers: never) => void>) =>
      input
        .keyBy(() => 'k')
        .process({
          processRecord(action, { timers }) {
            action(timers as never)
          },
          onTimer() {},
        }),
    { startMs: 500 },
  )
  harness.processWatermark(100)
  const wrong = (
    text: RegExp,
    code: string,
    action: (timers: Record<string, (time: unknown) => boolean>) => void,
  ) => {
    const error = throwsCode(() => harness.processRecord(action), code) as Error
    assert.match(error.message, text)
  }
  wrong(
    /registerEventTime\(100\): the watermark stands at 100, .*tryRegisterEventTime/,
    'TIMER_IN_THE_PAST',
    (timers) => timers['registerEventTime']!(100),
  )
  wrong(
    /registerProcessingTime\(499\): it is 500 now, .*tryRegisterProcessingTime/,
    'TIMER_IN_THE_PAST',
    (timers) => timers['registerProcessingTime']!(499),
  )
  for (const method of [
    'registerEventTime',
    'tryRegisterEventTime',
    'deleteEventTime',
    'registerProcessingTime',
    'tryRegisterProcessingTime',
    'deleteProcessingTime',
  ]) {
    wrong(
      new RegExp(`timers.${method} expects a time in ms since 1970, got NaN`),
      'INVALID_TIMER',
      (timers) => timers[method]!(Number.NaN),
    )
    wrong(/got undefined undefined/, 'INVALID_TIMER', (timers) => timers[method]!(undefined))
    wrong(/got object/, 'INVALID_TIMER', (timers) => timers[method]!(new Date(7)))
  }
  wrong(/registerEventTime\(-Infinity\)/, 'TIMER_IN_THE_PAST', (timers) =>
    timers['registerEventTime']!(-Infinity),
  )
  wrong(/got Infinity, which the clock never reaches/, 'INVALID_TIMER', (timers) =>
    timers['registerProcessingTime']!(Infinity),
  )
  harness.processRecord((timers: Record<string, (time: number) => boolean>) => {
    answers.push(timers['tryRegisterEventTime']!(100), timers['tryRegisterEventTime']!(101))
    answers.push(
      timers['tryRegisterProcessingTime']!(499),
      timers['tryRegisterProcessingTime']!(500),
    )
  })
  assert.equal(answers, [false, true, false, true])
})

test.run()
