/** Whatever the order in which answers come, results leave as the definition says. */
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AsyncOrder, Stream } from '../../../api/index.ts'
import { HARNESS_MODES, operatorHarness } from '../../../api/testing/index.ts'
import type { HarnessItem, HarnessMode } from '../../../api/testing/index.ts'
import { Service } from './service.ts'

/** A record comes; event time goes on by some ms; the record that has waited for the nth longest time is answered. */
type Step =
  | { readonly kind: 'record' }
  | { readonly kind: 'watermark'; readonly by: number }
  | { readonly kind: 'answer'; readonly nth: number }

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'record' } as const) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }).map((by) => ({ kind: 'watermark', by })) },
  { weight: 2, arbitrary: fc.nat(20).map((nth) => ({ kind: 'answer', nth })) },
) as fc.Arbitrary<Step>

interface Run {
  /** What went in: records by number, and watermarks. */
  readonly input: HarnessItem<number>[]
  readonly output: HarnessItem<number>[]
}

/** Every record has several results, its number times ten and more; every fifth has none. */
function resultsOf(record: number): number[] {
  return record % 5 === 4 ? [] : Array.from({ length: 1 + (record % 3) }, (_, i) => record * 10 + i)
}

async function runSteps(
  steps: readonly Step[],
  order: AsyncOrder,
  mode: HarnessMode,
): Promise<Run> {
  const service = new Service<number, number[]>()
  const harness = operatorHarness(
    (records: Stream<number>) => records.flatMapAsync(service.ask, { order, capacity: 1_000 }),
    { mode },
  )
  const input: HarnessItem<number>[] = []
  const open: number[] = []
  let records = 0
  let watermark = 0
  for (const step of [...steps, ...steps.map(() => ({ kind: 'answer', nth: 0 }) as const)]) {
    if (step.kind === 'record') {
      open.push(records)
      input.push({ value: records, timestamp: records % 7 })
      harness.processRecord(records, records++ % 7)
    } else if (step.kind === 'watermark') {
      watermark += step.by
      input.push({ watermark })
      harness.processWatermark(watermark)
    } else {
      const [answered] = open.splice(step.nth % Math.max(1, open.length), 1)
      if (answered === undefined) continue
      service.answer(answered, resultsOf(answered))
      await harness.settle()
    }
  }
  await harness.endInput()
  input.push({ watermark: Infinity })
  return { input, output: harness.takeItems() }
}

/** The definition: the input with every record replaced by its results. */
function mapped(input: readonly HarnessItem<number>[]): HarnessItem<number>[] {
  return input.flatMap((item): HarnessItem<number>[] =>
    'watermark' in item
      ? [item]
      : resultsOf(item.value).map((value) => ({ value, timestamp: item.timestamp })),
  )
}

/** Of watermarks without a result between them the last one says it all: the others may have been left out. */
function withoutRepeats(items: readonly HarnessItem<number>[]): HarnessItem<number>[] {
  return items.filter((item, i) => {
    const next = items[i + 1]
    return 'value' in item || next === undefined || 'value' in next
  })
}

/** The same with the results between two watermarks in the order of their values. */
function segmentsSorted(items: readonly HarnessItem<number>[]): HarnessItem<number>[] {
  const sorted: HarnessItem<number>[] = []
  let segment: { readonly value: number; readonly timestamp: number }[] = []
  for (const item of withoutRepeats(items)) {
    if ('value' in item) {
      segment.push(item)
      continue
    }
    sorted.push(...segment.sort((a, b) => a.value - b.value), item)
    segment = []
  }
  return sorted
}

for (const mode of HARNESS_MODES) {
  test(`${mode}: ordered results equal a map of the input`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 25 }), async (steps) => {
        const { input, output } = await runSteps(steps, 'ordered', mode)
        assert.equal(withoutRepeats(output), withoutRepeats(mapped(input)))
      }),
      { numRuns: 60 },
    )
  })

  test(`${mode}: unordered results equal it between any two watermarks`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 25 }), async (steps) => {
        const { input, output } = await runSteps(steps, 'unordered', mode)
        assert.equal(segmentsSorted(output), segmentsSorted(mapped(input)))
      }),
      { numRuns: 60 },
    )
  })
}

test.run()
