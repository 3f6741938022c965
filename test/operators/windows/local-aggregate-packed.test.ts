/** The first phase of a windowed aggregate with so many keys that its slices are packed. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, max, mean, min, sliding, sum, tumbling } from '../../../api/index.ts'
import { isPartialResult } from '../../../operators/windows/partial-result.ts'
import { Collector, fakeContext, untilDone } from '../operator-fakes.ts'
import {
  bothPhases,
  EARLY_MS,
  inOnePhase,
  inTwoPhases,
  optionsOf,
  total,
} from './two-phase-model.ts'
import type { Key, Sale, Step } from './two-phase-model.ts'

const KEYS = 400
const SLICE_MS = 10

const AGGREGATES: readonly unknown[] = [
  count(),
  mean(({ amount }: Sale) => amount),
  combine({
    n: count(),
    sum: sum(({ amount }: Sale) => amount),
    least: min(({ amount }: Sale) => (amount === 0 ? null : amount)),
  }),
  // Of some keys there are only texts.
  max(({ key, amount }: Sale) => (key === 7 ? `${amount}` : amount)),
]

const ASSIGNERS = [tumbling(SLICE_MS), sliding({ size: 3 * SLICE_MS, slide: SLICE_MS })]

/** Slices one after the other, records of each a little out of order, over some inputs. */
function stepsOf(seed: number, inputs: number): readonly Step[] {
  let state = seed
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 8) % limit
  }
  const steps: Step[] = []
  for (let slice = 0; slice < 5; slice++) {
    const records = 900 + below(600)
    for (let i = 0; i < records; i++) {
      const record = { key: keyOf(below(KEYS), below(50)), amount: below(19) - 9 }
      const at = slice * SLICE_MS + below(2 * SLICE_MS) - 5
      steps.push({ input: below(inputs), record, at })
      if (below(400) === 0) steps.push({ input: below(inputs), barrier: true })
      if (below(400) === 0) steps.push({ input: below(inputs), time: true })
    }
    for (let input = 0; input < inputs; input++)
      steps.push({ input, watermark: slice * SLICE_MS + below(5) })
  }
  return steps
}

/** Most are integers, of either sign. */
function keyOf(number: number, kind: number): Key {
  if (kind === 0) return `k${number}`
  if (kind === 1) return number + 0.5
  if (kind === 2) return [number]
  if (kind === 3) return 2 ** 31 + number
  return number % 3 === 0 ? -number : number
}

test('two phases give the rows and the late records of one', () => {
  const cases = fc.record({
    seed: fc.integer(),
    inputs: fc.integer({ min: 1, max: 2 }),
    assigner: fc.constantFrom(...ASSIGNERS),
    aggregate: fc.constantFrom(...AGGREGATES),
    early: fc.boolean(),
    stubborn: fc.boolean(),
  })
  fc.assert(
    fc.property(cases, ({ seed, inputs, assigner, aggregate, early, stubborn }) => {
      const options = optionsOf(
        assigner,
        aggregate,
        early ? { earlyResults: { everyMs: EARLY_MS } } : {},
      )
      const steps = stepsOf(seed, inputs)
      assert.equal(
        inTwoPhases(options, steps, { inputs, stubborn }),
        inOnePhase(options, steps, inputs),
      )
    }),
    { numRuns: 12 },
  )
})

/** The keys of the partial results of a few equal slices, per slice, where there is room for every second one only. */
function keysOfSlices(aggregate: unknown, keys: readonly Key[]): readonly (readonly unknown[])[] {
  const operator = bothPhases(optionsOf(tumbling(SLICE_MS), aggregate)).createLocal()
  const output = new Collector(true)
  operator.open(fakeContext(), output)
  return [0, 1, 2].map((slice) => {
    for (const amount of [1, 2])
      for (const key of keys) operator.processRecord({ key, amount } as never, slice * SLICE_MS)
    untilDone(() => operator.processWatermark((slice + 1) * SLICE_MS - 1))
    return output.records
      .splice(0)
      .map(([value]) => (isPartialResult(value) ? [value.key, value['millrace.partialOf']] : value))
  })
}

test('a packed slice sends its keys once, in the order in which they came, as one that is not packed', () => {
  const keys = Array.from({ length: 1_500 }, (_, i) => (i * 7_919) % 1_500)
  const expected = keys.map((key) => [key, 2])
  assert.equal(keysOfSlices(count(), keys), [expected, expected, expected])
  assert.equal(keysOfSlices(total, keys), [expected, expected, expected])
})

test('keys that are no integers stay what they are', () => {
  const keys = Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? i : i / 7))
  for (const sent of keysOfSlices(count(), keys))
    assert.equal(new Map(sent as never), new Map(keys.map((key) => [key, 2])))
})

test('many slices with a key or two are not packed, however many keys the slice before them had', () => {
  const options = optionsOf(tumbling(SLICE_MS), count())
  const operator = bothPhases(options).createLocal()
  operator.open(fakeContext(), new Collector())
  for (let key = 0; key < 2_000; key++) operator.processRecord({ key, amount: 1 } as never, 5)
  assert.ok(operator.processWatermark(SLICE_MS - 1))
  const before = process.memoryUsage().arrayBuffers
  for (let slice = 1; slice <= 5_000; slice++)
    operator.processRecord({ key: 1, amount: 1 } as never, slice * SLICE_MS)
  const taken = process.memoryUsage().arrayBuffers - before
  assert.ok(taken < 20_000_000, `${taken} bytes`)
})

test.run()
