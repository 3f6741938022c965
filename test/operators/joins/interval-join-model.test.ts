/** The interval join does what a nested loop does, step by step, in all modes and across restores. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HARNESS_MODES, twoInputHarness } from '../../../api/testing/index.ts'
import type { HarnessItem, HarnessOptions, HarnessSnapshot } from '../../../api/testing/index.ts'
import { keyGroupOf, subtaskOfKeyGroup } from '../../../checkpoint/key-groups.ts'
import { keyHash } from '../../../checkpoint/key-hash.ts'
import { anySetup, anySteps, joinOf, Model, sorted } from './interval-join-model.ts'
import type { Item, Row, Setup, Step } from './interval-join-model.ts'

type Harness = ReturnType<typeof open>

function open(setup: Setup, options: HarnessOptions = {}) {
  return twoInputHarness(joinOf(setup), options)
}

function feed(harness: Harness, step: Step): void {
  if ('watermark' in step) harness.processWatermark(step.watermark)
  else if (step.side === 'left') harness.processRecord1(step.item, step.item.time)
  else harness.processRecord2(step.item, step.item.time)
}

/** The rows among the items; none of them may stand behind a watermark that says it can't come any more. */
function rowsOf(items: readonly HarnessItem<Row>[], since: { watermark: number }): Row[] {
  return items.flatMap((item) => {
    if ('watermark' in item) {
      since.watermark = item.watermark
      return []
    }
    assert.is(item.timestamp, item.value[2])
    assert.ok(item.timestamp >= since.watermark, `${item.timestamp} behind ${since.watermark}`)
    return [item.value]
  })
}

const byId = (a: Item, b: Item): number => a.id - b.id

for (const mode of HARNESS_MODES) {
  test(`${mode}: each step gives what a nested loop gives, and nothing is kept in the end`, async () => {
    await fc.assert(
      fc.asyncProperty(anySetup, anySteps, async (setup, steps) => {
        const model = new Model(setup)
        const harness = open(setup, { mode })
        const since = { watermark: -Infinity }
        for (const step of steps) {
          feed(harness, step)
          assert.equal(sorted(rowsOf(harness.takeItems('main'), since)), sorted(model.step(step)))
        }
        const late = [...harness.takeValues('left'), ...harness.takeValues('right')]
        assert.equal(late.sort(byId), model.late)
        await harness.endInput()
        const rest = rowsOf(harness.takeItems('main'), since)
        assert.equal(sorted(rest), sorted(model.step({ watermark: Infinity })))
        assert.is(since.watermark, Infinity)
        assert.equal(harness.stateEntries(), [])
        harness.close()
      }),
      { numRuns: mode === 'restoring' ? 120 : 400 },
    )
  })
}

test('without late records the result is the join of the whole streams', async () => {
  await fc.assert(
    fc.asyncProperty(anySetup, anySteps, async (setup, steps) => {
      // The watermark never reaches the time of a record that is still to come.
      const items = steps.flatMap((step) => ('item' in step ? [step] : []))
      const harness = open(setup, { mode: 'stubborn' })
      items.forEach((step, i) => {
        feed(harness, step)
        const rest = items.slice(i + 1).map(({ item }) => item.time)
        if (rest.length > 0) harness.processWatermark(Math.min(...rest) - 1)
      })
      await harness.endInput()
      const of = (side: 'left' | 'right'): Item[] =>
        items.filter((step) => step.side === side).map(({ item }) => item)
      assert.equal(
        sorted(harness.takeValues('main')),
        sorted(wholeJoin(setup, of('left'), of('right'))),
      )
      harness.close()
    }),
    { numRuns: 300 },
  )
})

function wholeJoin(setup: Setup, left: readonly Item[], right: readonly Item[]): Row[] {
  const model = new Model(setup)
  const pairs = left.flatMap((l) =>
    right.filter((r) => model.belong(l, r)).map((r): Row => [l.id, r.id, Math.max(l.time, r.time)]),
  )
  const { kind } = setup
  const lonely = (items: readonly Item[], side: 0 | 1): Item[] =>
    items.filter(({ id }) => !pairs.some((row) => row[side] === id))
  const outerLeft = kind === 'left' || kind === 'full' ? lonely(left, 0) : []
  const outerRight = kind === 'right' || kind === 'full' ? lonely(right, 1) : []
  return [
    ...pairs,
    ...outerLeft.map((l): Row => [l.id, -1, l.time]),
    ...outerRight.map((r): Row => [-1, r.id, r.time]),
  ]
}

test('it goes on at another parallelism', () => {
  fc.assert(
    fc.property(
      anySetup,
      anySteps,
      fc.constantFrom([1, 2], [2, 3], [3, 1], [2, 4]),
      (setup, steps, [before = 1, after = 1]) => {
        const model = new Model(setup)
        const middle = steps.length >> 1
        let harnesses = openAll(setup, before)
        const expected: Row[] = []
        const got: Row[] = []
        let watermark = -Infinity
        steps.forEach((step, i) => {
          if (i === middle) {
            const restore = harnesses.map((harness) => harness.snapshot())
            harnesses = openAll(setup, after, restore)
            for (const harness of harnesses) harness.processWatermark(watermark)
          }
          if ('watermark' in step) watermark = Math.max(watermark, step.watermark)
          for (const harness of receivers(harnesses, step)) feed(harness, step)
          got.push(...harnesses.flatMap((harness) => harness.takeValues('main')))
          expected.push(...model.step(step))
        })
        for (const harness of harnesses) harness.processWatermark(Infinity)
        got.push(...harnesses.flatMap((harness) => harness.takeValues('main')))
        expected.push(...model.step({ watermark: Infinity }))
        assert.equal(sorted(got), sorted(expected))
      },
    ),
    { numRuns: 150 },
  )
})

function openAll(
  setup: Setup,
  parallelism: number,
  restore?: readonly HarnessSnapshot[],
): Harness[] {
  return Array.from({ length: parallelism }, (_, subtaskIndex) =>
    open(setup, { parallelism, subtaskIndex, ...(restore === undefined ? {} : { restore }) }),
  )
}

function receivers(harnesses: readonly Harness[], step: Step): readonly Harness[] {
  if ('watermark' in step) return harnesses
  const keyGroup = keyGroupOf(keyHash(step.item.key), 128)
  const subtask = subtaskOfKeyGroup(keyGroup, harnesses.length, 128)
  return harnesses.filter((_, i) => i === subtask)
}

test.run()
