import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { outputTag, triggers, tumbling, valueState } from '../../../api/index.ts'
import type { Emit, Stream } from '../../../api/index.ts'
import { twoInputHarness } from '../../../api/testing/index.ts'
import type { HarnessOptions } from '../../../api/testing/index.ts'

interface Row {
  readonly key: string
  readonly id: number
}

type Step =
  | { readonly side: 1 | 2; readonly key: string; readonly at: number }
  | { readonly watermark: number }

const late = outputTag<Row>('late')

/** A co-group that shows all it is given. With a trigger of its own it is run by the general window operator. */
function harness(by: 'aligned' | 'general', options: HarnessOptions = {}) {
  return twoInputHarness((first: Stream<Row>, second: Stream<Row>) => {
    const windows = first
      .keyBy(({ key }) => key)
      .coGroup(second.keyBy(({ key }) => key))
      .window(tumbling(10))
    const main = (by === 'general' ? windows.trigger(triggers.eventTime()) : windows)
      .sideOutputLate(late)
      .process(
        {
          state: { windows: valueState<number>() },
          windowState: { seen: valueState<number>() },
          coGroup(context, sides, emit: Emit<string>) {
            const windowsBefore = context.state.windows.get() ?? 0
            context.state.windows.set(windowsBefore + 1)
            context.windowState.seen.set(sides.first.length)
            const ids = (rows: readonly Row[]): string => rows.map(({ id }) => id).join('+')
            const { key, window, pane, currentWatermark } = context
            emit(
              `${key} ${window.start}-${window.end} ${pane.timing} ${pane.index} at ${currentWatermark}: ` +
                `${windowsBefore} ${ids(sides.first)} | ${ids(sides.second)}`,
            )
          },
        },
        { uid: 'co-group' },
      )
    return { main, late: main.sideOutput(late) }
  }, options)
}

type Rig = ReturnType<typeof harness>

function feed(rig: Rig, steps: readonly Step[], firstId: number): void {
  steps.forEach((step, i) => {
    if ('watermark' in step) rig.processWatermark(step.watermark)
    else if (step.side === 1) rig.processRecord1({ key: step.key, id: firstId + i }, step.at)
    else rig.processRecord2({ key: step.key, id: firstId + i }, step.at)
  })
}

const taken = (rig: Rig): unknown[] => [rig.takeItems(), rig.takeItems('late')]

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        side: fc.constantFrom(1 as const, 2 as const),
        key: fc.constantFrom('a', 'b', 'c', 'd'),
        at: fc.integer({ min: -20, max: 40 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ watermark: fc.integer({ min: -20, max: 40 }) }) },
  ),
  { maxLength: 30 },
)

test('windows without a trigger give what the general window operator gives, in its order, late records included', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const [aligned, general] = [harness('aligned'), harness('general')]
      for (const rig of [aligned, general]) {
        feed(rig, list, 0)
        await rig.endInput()
      }
      assert.equal(taken(aligned), taken(general))
      assert.equal(aligned.stateEntries().length, general.stateEntries().length)
      aligned.close()
      general.close()
    }),
    { numRuns: 100 },
  )
})

for (const [from, to] of [
  ['general', 'aligned'],
  ['aligned', 'general'],
  ['aligned', 'aligned'],
] as const) {
  test(`what the ${from} operator has left, the ${to} one takes up`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, steps, async (before, after) => {
        const whole = harness('general')
        const first = harness(from)
        feed(whole, before, 0)
        feed(first, before, 0)
        assert.equal(taken(first), taken(whole))
        const second = harness(to, { restore: first.snapshot() })
        first.close()
        // The watermark is no part of a snapshot: sources send it again.
        const watermark = Math.max(
          ...before.map((step) => ('watermark' in step ? step.watermark : -Infinity)),
        )
        if (watermark > -Infinity) second.processWatermark(watermark)
        assert.equal(second.takeValues(), [])
        second.takeItems()
        feed(whole, after, 100)
        feed(second, after, 100)
        await whole.endInput()
        await second.endInput()
        assert.equal(second.takeValues(), whole.takeValues())
        assert.equal(second.takeValues('late'), whole.takeValues('late'))
        whole.close()
        second.close()
      }),
      { numRuns: 60 },
    )
  })
}

test('windows of another length, left by a job that had these, end where they would have ended', async () => {
  const coGroupOf = (size: number, options: HarnessOptions = {}) =>
    twoInputHarness(
      (first: Stream<Row>, second: Stream<Row>) =>
        first
          .keyBy(({ key }) => key)
          .coGroup(second.keyBy(({ key }) => key))
          .window(tumbling(size))
          .process(
            {
              coGroup({ window }, { first: firsts, second: seconds }, emit: Emit<string>) {
                emit(`${window.start}-${window.end}: ${firsts.length} ${seconds.length}`)
              },
            },
            { uid: 'co-group' },
          ),
      options,
    )
  const ten = coGroupOf(10)
  ten.processRecord1({ key: 'a', id: 1 }, 12)
  ten.processRecord2({ key: 'a', id: 2 }, 13)
  const twenty = coGroupOf(20, { restore: ten.snapshot() })
  twenty.processRecord1({ key: 'a', id: 3 }, 14)
  await twenty.endInput()
  assert.equal(twenty.takeValues().sort(), ['0-20: 1 0', '10-20: 1 1'])
  ten.close()
  twenty.close()
})

test.run()
