/** Keyed process functions: states, contexts, side outputs. Each promise in all modes of the harness. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { outputTag } from '../../../api/index.ts'
import type { Emit, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import { throwsCode } from '../../runner/expect.ts'
import { valueState } from '../../../checkpoint/state/declare-state.ts'

interface Reading {
  readonly sensor: string
  readonly value: number
}

const reading = (sensor: string, value = 0): Reading => ({ sensor, value })
const loud = outputTag<string>('loud')

for (const mode of HARNESS_MODES) {
  test(`${mode}: each key has states of its own`, () => {
    const harness = operatorHarness(
      (input: Stream<Reading>) =>
        input
          .keyBy(({ sensor }) => sensor)
          .process({
            state: { total: valueState<number>() },
            processRecord({ value }, context, emit: Emit<string>) {
              const total = (context.state.total.get() ?? 0) + value
              context.state.total.set(total)
              emit(`${context.key} ${total}`)
            },
          }),
      { mode },
    )
    harness.processRecord(reading('a', 1), 10)
    harness.processRecord(reading('b', 2), 11)
    harness.processRecord(reading('a', 3))
    assert.equal(harness.takeItems(), [
      { value: 'a 1', timestamp: 10 },
      { value: 'b 2', timestamp: 11 },
      { value: 'a 4', timestamp: -Infinity },
    ])
    harness.close()
  })

  test(`${mode}: side outputs, counters and the log are those of the operator`, () => {
    const harness = operatorHarness(
      (input: Stream<Reading>) => {
        const main = input
          .keyBy(({ sensor }) => sensor)
          .process(
            {
              processRecord({ value }, context, emit: Emit<number>) {
                context.counter('seen').value++
                if (value > 10) context.sideOutput(loud, `${context.key} ${value}`)
                else emit(value)
                context.sideOutput(outputTag<number>('unread'), value)
                context.log.info('seen', { value })
              },
              onTimer() {},
            },
            { name: 'meter' },
          )
        return { main, side: main.sideOutput(loud) }
      },
      { mode },
    )
    harness.processRecord(reading('a', 1), 1)
    harness.processRecord(reading('a', 11), 2)
    assert.equal(harness.takeItems(), [{ value: 1, timestamp: 1 }])
    assert.equal(harness.takeItems('side'), [{ value: 'a 11', timestamp: 2 }])
    assert.is(harness.counter('meter', 'seen'), 2)
    assert.equal(harness.logLines.at(-1), {
      level: 'info',
      message: 'seen',
      fields: { value: 11 },
    })
    harness.close()
  })
}

test('keyed state has no place in open and close', () => {
  for (const method of ['open', 'close'] as const) {
    const run = (): void => {
      const harness = operatorHarness((input: Stream<Reading>) =>
        input
          .keyBy(({ sensor }) => sensor)
          .process({
            state: { total: valueState<number>() },
            processRecord() {},
            [method](context: { readonly state: unknown }) {
              return context.state
            },
          }),
      )
      harness.close()
    }
    const error = throwsCode(run, 'STATE_WITHOUT_KEY') as Error
    assert.match(error.message, /context.state needs a key: there is none in open and close/)
  }
})

test.run()
