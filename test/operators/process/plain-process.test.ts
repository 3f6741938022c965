/** Process functions without keys: life cycle, contexts, operator state. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { outputTag } from '../../../api/index.ts'
import type { Emit, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import { rejects, throwsCode } from '../../runner/expect.ts'
import { splitListState } from '../../../checkpoint/state/declare-state.ts'

const odd = outputTag<number>('odd')

for (const mode of HARNESS_MODES) {
  test(`${mode}: any number of records out, with the time of the record; others to a side output`, () => {
    const harness = operatorHarness(
      (input: Stream<number>) => {
        const main = input.process({
          processRecord(value, context, emit: Emit<string>) {
            if (value % 2 === 1) context.sideOutput(odd, value)
            else for (let i = 0; i < value; i++) emit(`${i}`)
          },
        })
        return { main, odd: main.sideOutput(odd) }
      },
      { mode },
    )
    harness.processRecord(2, 7)
    harness.processRecord(3, 8)
    harness.processRecord(0, 9)
    harness.processWatermark(9)
    assert.equal(harness.takeItems(), [
      { value: '0', timestamp: 7 },
      { value: '1', timestamp: 7 },
      { watermark: 9 },
    ])
    assert.equal(harness.takeItems('odd'), [{ value: 3, timestamp: 8 }, { watermark: 9 }])
    harness.close()
  })

  test(`${mode}: the context tells the watermark, the clock and the place`, () => {
    const harness = operatorHarness(
      (input: Stream<number>) =>
        input.process({
          processRecord(_value, context, emit: Emit<unknown>) {
            const { timestamp, currentWatermark, processingTime, subtaskIndex, parallelism } =
              context
            emit([timestamp, currentWatermark, processingTime, subtaskIndex, parallelism])
          },
        }),
      { mode, startMs: 100, subtaskIndex: 1, parallelism: 3 },
    )
    harness.processRecord(0)
    harness.processWatermark(50)
    harness.setProcessingTime(150)
    harness.processRecord(0, 60)
    assert.equal(harness.takeValues(), [
      [-Infinity, -Infinity, 100, 1, 3],
      [60, 50, 150, 1, 3],
    ])
    harness.close()
  })

  test(`${mode}: operator state outlives a restart`, () => {
    const harness = operatorHarness(
      (input: Stream<number>) =>
        input.process({
          operatorState: { seen: splitListState<number>() },
          processRecord(value, { operatorState }, emit: Emit<readonly number[]>) {
            operatorState.seen.add(value)
            emit([...operatorState.seen.get()])
          },
        }),
      { mode },
    )
    for (const value of [5, 6, 7]) harness.processRecord(value)
    assert.equal(harness.takeValues(), [[5], [5, 6], [5, 6, 7]])
    harness.close()
  })
}

test('open comes before the first record and close last, as methods of the definition', () => {
  class Definition {
    readonly told: string[] = []
    open({ subtaskIndex }: { subtaskIndex: number }): void {
      this.told.push(`open ${subtaskIndex}`)
    }
    processRecord(value: number, _context: unknown, emit: Emit<number>): void {
      this.told.push(`record ${value}`)
      emit(value)
    }
    close(): void {
      this.told.push('close')
    }
  }
  const definition = new Definition()
  const harness = operatorHarness((input: Stream<number>) => input.process(definition))
  harness.processRecord(1)
  harness.processRecord(2)
  harness.close()
  assert.equal(definition.told, ['open 0', 'record 1', 'record 2', 'close'])
})

test('close is called after an open that failed', () => {
  const told: string[] = []
  const error = throwsCode(
    () =>
      operatorHarness((input: Stream<number>) =>
        input.process(
          {
            open() {
              throw new Error('no luck')
            },
            processRecord() {},
            close() {
              told.push('close')
            },
          },
          { name: 'unlucky' },
        ),
      ),
    'OPERATOR_FAILED',
  ) as Error
  assert.match(error.message, /'unlucky' \(subtask 0\) failed: no luck/)
})

test('an error names the operator and the record; onError takes the record out of the way', () => {
  const build = (options: object) => (input: Stream<number>) => {
    const main = input.process(
      {
        processRecord(value, _context, emit: Emit<number>) {
          if (value < 0) throw new Error('negative')
          emit(value)
        },
      },
      { name: 'strict', ...options },
    )
    return main
  }
  const failing = operatorHarness(build({}))
  const error = throwsCode(() => failing.processRecord(-1), 'OPERATOR_FAILED') as Error
  assert.match(error.message, /'strict' \(subtask 0\) failed on record -1: negative/)
  const skipping = operatorHarness(build({ onError: 'skip' }))
  for (const value of [1, -1, 2]) skipping.processRecord(value)
  assert.equal(skipping.takeValues(), [1, 2])
  assert.is(skipping.counter('strict', 'recordsSkipped'), 1)
})

test('what needs a key says so at run time to programs without types', () => {
  const harness = operatorHarness((input: Stream<(context: never) => unknown>) =>
    input.process({
      processRecord(action, context) {
        action(context as never)
      },
    }),
  )
  const wrong = (
    code: string,
    message: RegExp,
    action: (context: { timers: unknown; state: unknown; key: unknown }) => unknown,
  ) => {
    const error = throwsCode(() => harness.processRecord(action), code) as Error
    assert.match(error.message, message)
  }
  const hint = 'needs a key: call \\.keyBy\\(selector\\) on the stream before \\.process'
  wrong('TIMERS_WITHOUT_KEY', new RegExp(`context.timers ${hint}`), (context) => context.timers)
  wrong('STATE_WITHOUT_KEY', new RegExp(`context.state ${hint}`), (context) => context.state)
  wrong('STATE_WITHOUT_KEY', new RegExp(`context.key ${hint}`), (context) => context.key)
})

test('a side output without a tag is refused', async () => {
  const harness = operatorHarness((input: Stream<number>) =>
    input.process({
      processRecord(value, context) {
        context.sideOutput('late' as never, value)
      },
    }),
  )
  await rejects(() => harness.processRecord(1), {
    code: 'INVALID_TAG',
    message: /expects a tag made with outputTag\(name\) first and the record second/,
  })
})

test.run()
