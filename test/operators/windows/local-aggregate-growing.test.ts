/** The first phase where accumulators grow with their records, and where early results are wanted. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { combine, count, countDistinct, sliding, tumbling } from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import type { Operator } from '../../../operators/operator.ts'
import { isPartialResult } from '../../../operators/windows/partial-result.ts'
import { Collector, fakeContext } from '../operator-fakes.ts'
import {
  bothPhases,
  EARLY_MS,
  inOnePhase,
  inTwoPhases,
  optionsOf,
  sales,
  sent,
  stepsOf,
  total,
} from './two-phase-model.ts'
import type { Sale, Step } from './two-phase-model.ts'

const different = (): AggregateFunction<Sale, unknown, unknown> =>
  combine({ amounts: countDistinct(({ amount }: Sale) => amount), n: count() })

test('accumulators that grow are sent for keys with many records, and give the rows of one phase', () => {
  const steps = Array.from({ length: 4_000 }, (_, i): Step => {
    if (i % 1_000 === 999) return { input: 0, barrier: true }
    const cold = i % 4 === 0
    return {
      input: 0,
      record: { key: cold ? `k${i % 500}` : 'hot', amount: (i * i) % (cold ? 5_000 : 50) },
      at: i % 7,
    }
  })
  for (const early of [{}, { earlyResults: { everyMs: EARLY_MS } }]) {
    for (const assigner of [tumbling(10), sliding({ size: 12, slide: 5 })]) {
      const options = optionsOf(assigner, different(), early)
      const inputs = 1
      const expected = inOnePhase(options, steps, inputs)
      for (const stubborn of [false, true])
        assert.equal(inTwoPhases(options, steps, { inputs, stubborn }), expected)
    }
  }
  const records = steps.flatMap((step) => ('record' in step ? [step.record] : []))
  const { values, counted } = sent(different(), records, (operator) => {
    operator.handOn?.()
  })
  const keys = values.flatMap((value) => (isPartialResult(value) ? [value.key] : []))
  assert.equal(keys, ['hot'])
  assert.ok(counted > 2_000, `${counted} were added up`)
})

test('two phases give the rows and the late records of one where keys become hot and cold again', () => {
  const cases = fc.integer({ min: 1, max: 2 }).chain((inputs) =>
    fc.record({
      inputs: fc.constant(inputs),
      // Enough of one key to make it a hot one.
      steps: stepsOf(inputs, 250),
      assigner: fc.constantFrom(tumbling(10), sliding({ size: 12, slide: 5 })),
      early: fc.boolean(),
      stubborn: fc.boolean(),
    }),
  )
  fc.assert(
    fc.property(cases, ({ inputs, steps, assigner, early, stubborn }) => {
      const more = early ? { earlyResults: { everyMs: EARLY_MS } } : {}
      const options = optionsOf(assigner, different(), more)
      assert.equal(
        inTwoPhases(options, steps, { inputs, stubborn }),
        inOnePhase(options, steps, inputs),
      )
    }),
    { numRuns: 15 },
  )
})

test('a time is gone through to its end where room runs out behind the last accumulator', () => {
  const options = optionsOf(tumbling(10), different(), { earlyResults: { everyMs: EARLY_MS } })
  const operator = bothPhases(options).createLocal()
  const byWindow = new Map<number, number>()
  const output = {
    /** The question that finds no room; -1: none. */
    refused: -1,
    get full() {
      return this.refused >= 0 && this.refused-- === 0
    },
    emit(value: unknown, at: number) {
      const window = Math.floor(at / 10) * 10
      const records = isPartialResult(value) ? value['millrace.partialOf'] : 1
      byWindow.set(window, (byWindow.get(window) ?? 0) + records)
    },
  }
  operator.open(fakeContext(), output)
  const add = (key: string, at: number): void => {
    operator.processRecord({ key, amount: 1 } as never, at)
  }
  for (let i = 0; i < 400; i++) add('hot', 1)
  // Let through: its slice is there, and empty.
  add('cold', 15)
  output.refused = 2
  assert.not(operator.processTime?.(EARLY_MS))
  assert.ok(operator.processTime?.(EARLY_MS))
  for (let i = 0; i < 100; i++) add('hot', 12)
  for (let i = 0; i < 100; i++) add('hot', 2)
  operator.handOn?.()
  assert.equal(
    [...byWindow],
    [
      [0, 500],
      [10, 101],
    ],
  )
})

test('a key whose accumulator holds as much as its records is let through again', () => {
  const records = Array.from({ length: 3_000 }, (_, i): Sale => ({ key: 'a', amount: i }))
  const pairs = combine({
    amounts: countDistinct(({ amount }: Sale) => amount),
    more: countDistinct(({ amount }: Sale) => amount + 0.5),
  })
  const operator = bothPhases(optionsOf(tumbling(1_000), pairs)).createLocal()
  const output = new Collector()
  operator.open(fakeContext(), output)
  const takeAll = (): number => {
    for (const record of records) operator.processRecord(record as never, 5)
    operator.handOn?.()
    return output.records.splice(0).length
  }
  const first = takeAll()
  assert.ok(first < 500, `${first} were sent of 3,000 records`)
  assert.ok(takeAll() > 200, 'the first records of the key went on again')
})

test('what is held of accumulators that grow is bounded by the number of records', () => {
  const { values } = sent(
    different(),
    Array.from({ length: 300_000 }, (_, i): Sale => ({ key: 'a', amount: i % 10 })),
  )
  assert.is(values.filter(isPartialResult).length, 2)
})

test('several accumulators that grow share what may be held', () => {
  const sets = (...selectors: readonly ((sale: Sale) => unknown)[]) =>
    combine(Object.fromEntries(selectors.map((each, i) => [`d${i}`, countDistinct(each)])))
  const amount = ({ amount }: Sale): number => amount
  const records = Array.from({ length: 70_000 }, (_, i): Sale => ({ key: 'a', amount: i % 10 }))
  const partials = (aggregate: unknown): number =>
    sent(aggregate, records).values.filter(isPartialResult).length
  assert.is(partials(sets(amount)), 0)
  assert.is(partials(sets(amount, amount)), 1)
  assert.is(partials(combine({ two: sets(amount, amount), another: sets(amount, amount) })), 2)
})

test('what has been sent does not count as held, also while other windows are held', () => {
  const operator = bothPhases(optionsOf(tumbling(10), different())).createLocal()
  const output = new Collector()
  operator.open(fakeContext(), output)
  const add = (records: number, at: number): void => {
    for (let i = 0; i < records; i++) operator.processRecord({ key: 'a', amount: 1 } as never, at)
  }
  const partials = (): number => output.values.filter(isPartialResult).length
  add(90_000, 5)
  add(1, 15)
  assert.ok(operator.processWatermark(9))
  assert.is(partials(), 1)
  add(90_000, 15)
  assert.is(partials(), 1)
})

test('more keys than can be watched do not take the count from one that is known', () => {
  const operator = bothPhases(optionsOf(tumbling(10), different())).createLocal()
  let partials = 0
  const emit = (value: unknown): void => {
    if (isPartialResult(value)) partials++
  }
  operator.open(fakeContext(), { emit, full: false })
  // One of seven records is watched.
  const watch = (key: string, times: number): void => {
    for (let i = 0; i < 7 * times; i++) operator.processRecord({ key, amount: 1 } as never, 5)
  }
  watch('a', 31)
  watch('b', 31)
  for (let i = 2; i < 65_536; i++) watch(`k${i}`, 1)
  watch('a', 1)
  watch('b', 3)
  operator.handOn?.()
  assert.is(partials, 1)
})

test('with early results nothing is held longer than a quarter of the time between them, and both phases take no longer than one', () => {
  const options = optionsOf(tumbling(1_000), total, { earlyResults: { everyMs: EARLY_MS } })
  const phases = bothPhases(options)
  const open = (operator: Operator<never>) => {
    const output = new Collector()
    const asked: number[] = []
    const clock = { now: () => now, monotonicMs: () => now, schedule: () => () => undefined }
    operator.open({ ...fakeContext(), clock, requestTime: (time) => asked.push(time) }, output)
    return { operator, output, asked }
  }
  let now = 100
  const local = open(phases.createLocal())
  const final = open(phases.createFinal())
  local.operator.processRecord({ key: 'a', amount: 1 } as never, 5)
  now = 105
  local.operator.processRecord({ key: 'b', amount: 2 } as never, 5)
  assert.equal(local.asked, [110])
  now = 110
  assert.ok(local.operator.processTime?.(now))
  assert.is(local.output.records.length, 2)
  for (const [value, at] of local.output.records) final.operator.processRecord(value as never, at)
  assert.equal([...new Set(final.asked)], [140])
  assert.ok(final.operator.processTime?.(140))
  assert.equal(final.output.values, [
    ['a', 0, 1],
    ['b', 0, 2],
  ])
  // The next ones have the whole time again.
  now = 112
  local.operator.processRecord({ key: 'a', amount: 1 } as never, 5)
  assert.is(local.asked.at(-1), 122)
})

test('a time that was asked for by records which are gone is put off', () => {
  const asked: number[] = []
  let now = 0
  const clock = { now: () => now, monotonicMs: () => now, schedule: () => () => undefined }
  const options = optionsOf(tumbling(1_000), total, { earlyResults: { everyMs: EARLY_MS } })
  const operator = bothPhases(options).createLocal()
  const output = new Collector()
  operator.open({ ...fakeContext(), clock, requestTime: (time) => asked.push(time) }, output)
  operator.processRecord({ key: 'a', amount: 1 } as never, 5)
  operator.handOn?.()
  now = 7
  operator.processRecord({ key: 'a', amount: 1 } as never, 5)
  assert.ok(operator.processTime?.(10))
  assert.is(output.records.length, 1)
  assert.is(asked.at(-1), 17)
  assert.ok(operator.processTime?.(17))
  assert.is(output.records.length, 2)
  assert.ok(operator.processTime?.(30))
})

/** The same as `total`, but it does not say whether its accumulators are compact. */
const undeclared = { ...total, compact: undefined }

test('of a combination only those parts are tried that do not say whether they are compact', () => {
  const parts = { undeclared, amounts: countDistinct(({ amount }: Sale) => amount) }
  const { counted } = sent(combine(parts), sales(2_000, 2), (operator) => {
    operator.handOn?.()
  })
  assert.ok(counted > 1_000, `${counted} were added up`)
  const list: AggregateFunction<Sale, Sale[], number> = {
    createAccumulator: () => [],
    add: (sales, sale) => [...sales, sale],
    getResult: ({ length }) => length,
    merge: (a, b) => [...a, ...b],
  }
  const refused = sent(combine({ ...parts, list }), sales(2_000, 2), (operator) => {
    operator.handOn?.()
  })
  assert.is(refused.counted, 0)
})

test.run()
