/** The first phase of a windowed aggregate, alone and together with the second. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  combine,
  count,
  endOfStream,
  max,
  mean,
  sliding,
  sum,
  topN,
  tumbling,
} from '../../../api/index.ts'
import type { AggregateFunction } from '../../../api/index.ts'
import { MIN_TIMESTAMP } from '../../../mailbox/time.ts'
import { isPartialResult } from '../../../operators/windows/partial-result.ts'
import { Collector, fakeContext } from '../operator-fakes.ts'
import {
  bothPhases,
  byParity,
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

const AGGREGATES: readonly AggregateFunction<Sale, never, unknown>[] = [
  combine({
    n: count(),
    sum: sum(({ amount }: Sale) => amount),
    most: max(({ amount }: Sale) => (amount === 0 ? null : amount)),
    own: total,
    top: topN(2, ({ amount }: Sale) => amount),
  }),
  total,
  mean(({ amount }: Sale) => amount),
  byParity,
  combine({ n: count(), inside: combine({ byParity }) }),
].map((aggregate) => ({ aggregate }) as never)

const ASSIGNERS = [
  tumbling(10),
  tumbling({ size: 7, offset: 3 }),
  sliding({ size: 12, slide: 5 }),
  sliding({ size: 20, slide: 4, offset: -1 }),
  endOfStream(),
]

test('two phases give the rows and the late records of one, whatever comes late, and when', () => {
  const cases = fc.integer({ min: 1, max: 3 }).chain((inputs) =>
    fc.record({
      inputs: fc.constant(inputs),
      steps: stepsOf(inputs),
      assigner: fc.constantFrom(...ASSIGNERS),
      aggregate: fc.constantFrom(...AGGREGATES),
      latenessMs: fc.constantFrom(0, 0, 6),
      early: fc.boolean(),
      stubborn: fc.boolean(),
      keyed: fc.boolean(),
    }),
  )
  fc.assert(
    fc.property(
      cases,
      ({ inputs, steps, assigner, aggregate, latenessMs, early, stubborn, keyed }) => {
        const options = optionsOf(
          assigner,
          (aggregate as never as { aggregate: unknown }).aggregate,
          {
            ...(keyed ? {} : { key: undefined }),
            ...(latenessMs === 0
              ? {}
              : { allowedLatenessMs: latenessMs, results: 'final' as const }),
            ...(early && latenessMs === 0 ? { earlyResults: { everyMs: EARLY_MS } } : {}),
          },
        )
        assert.equal(
          inTwoPhases(options, steps, { inputs, stubborn }),
          inOnePhase(options, steps, inputs),
        )
      },
    ),
    { numRuns: 250 },
  )
})

test('a partial result that several windows take in is none that they share', () => {
  const early = { earlyResults: { everyMs: EARLY_MS } }
  const steps = [2, 7, 12, 17].flatMap((at): readonly Step[] => [
    { input: 0, record: { key: 'a', amount: at }, at },
    { input: 0, record: { key: 'a', amount: 1 }, at },
    { input: 0, time: true },
  ])
  for (const aggregate of [byParity, combine({ byParity })]) {
    const options = optionsOf(sliding({ size: 20, slide: 5 }), aggregate, early)
    const inputs = 1
    assert.equal(
      inTwoPhases(options, steps, { inputs, stubborn: false }),
      inOnePhase(options, steps, inputs),
    )
  }
})

test('one accumulator per key is sent before the watermark that closes the window, and none before', () => {
  const { values, counted } = sent(total, sales(100, 4), (operator) => {
    assert.ok(operator.processWatermark(999))
  })
  assert.is(counted, 100)
  assert.equal(
    values,
    ['k0', 'k1', 'k2', 'k3'].map((key) => ({
      'millrace.partialOf': 25,
      key,
      accumulator: 25,
    })),
  )
  const early = sent(total, sales(100, 4), (operator) => {
    assert.ok(operator.processWatermark(998))
  })
  assert.equal(early.values, [])
})

test('all that is held is sent before a barrier, also when there is no room', () => {
  const operator = bothPhases(optionsOf(tumbling(10), total)).createLocal()
  const records: unknown[] = []
  operator.open(fakeContext(), { emit: (value) => records.push(value), full: true })
  for (const record of sales(6, 3)) operator.processRecord(record as never, 5)
  operator.processRecord({ key: 'k0', amount: 1 } as never, 25)
  operator.handOn?.()
  assert.is(records.length, 4)
  operator.handOn?.()
  assert.is(records.length, 4)
})

test('what waits for room is sent before a barrier, once', () => {
  const operator = bothPhases(optionsOf(tumbling(10), total)).createLocal()
  const output = new Collector(true)
  operator.open(fakeContext(), output)
  for (const record of sales(6, 3)) operator.processRecord(record as never, 5)
  operator.processWatermark(50)
  operator.processWatermark(50)
  operator.handOn?.()
  assert.ok(operator.processWatermark(50))
  assert.equal(
    output.values.map((value) => (isPartialResult(value) ? value.key : value)),
    ['k0', 'k1', 'k2'],
  )
})

test('what is held is bounded', () => {
  const operator = bothPhases(optionsOf(tumbling(1_000), total)).createLocal()
  const output = new Collector()
  operator.open(fakeContext(), output)
  let most = 0
  let taken = 0
  for (const record of sales(200_000, 40_000)) {
    operator.processRecord(record as never, 5)
    taken++
    most = Math.max(most, taken - output.records.length)
  }
  // No key comes twice within so many records.
  assert.ok(most > 1_000 && most < 16_384, `${most} were held`)
})

test('records are let through while keys do not repeat, and added up again when they do', () => {
  const { values, counted } = sent(
    total,
    (function* () {
      yield* sales(150_000, 150_000)
      yield* sales(100_000, 10)
    })(),
    (operator) => {
      operator.handOn?.()
    },
  )
  assert.ok(counted > 100_000, `${counted} were added up`)
  assert.ok(values.length < 150_500, `${values.length} were sent`)
  const records = values.reduce<number>(
    (sum, value) => sum + (isPartialResult(value) ? value['millrace.partialOf'] : 1),
    0,
  )
  assert.is(records, 250_000)
})

/** The same as `total`, but it does not say whether its accumulators are compact. */
const undeclared = { ...total, compact: undefined }

test('an aggregate that does not say so is tried, and added up when its accumulators are compact', () => {
  const { values, counted } = sent(undeclared, sales(1_000, 2), (operator) => {
    operator.handOn?.()
  })
  assert.is(counted, 1_000 - 64)
  assert.is(values.length, 64 + 2)
})

const NOT_FOR_TWO_PHASES: Readonly<Record<string, AggregateFunction<Sale, never, unknown>>> = {
  'a list of all as accumulator': {
    createAccumulator: () => [] as never,
    add: (list: Sale[], sale) => [...list, sale] as never,
    getResult: (list) => list,
    merge: (a: Sale[], b: Sale[]) => [...a, ...b] as never,
  },
  'a set as accumulator': {
    createAccumulator: () => new Set() as never,
    add: (set: Set<unknown>, { amount }) => set.add(amount) as never,
    getResult: (set) => set,
    merge: (a) => a,
  },
  'an instance of a class as accumulator': {
    createAccumulator: () => new URL('http://localhost/') as never,
    add: (url) => url,
    getResult: (url) => url,
    merge: (a) => a,
  },
  'one that does not merge': {
    ...(undeclared as AggregateFunction<Sale, never, unknown>),
    merge: () => {
      throw new Error('never called')
    },
  },
  'one that forgets a part when it merges': {
    ...(undeclared as AggregateFunction<Sale, never, unknown>),
    merge: (a) => a,
  },
  'one that throws': {
    createAccumulator: () => 0 as never,
    add: () => {
      throw new Error('no')
    },
    getResult: (sum) => sum,
    merge: (a) => a,
  },
}

for (const [name, aggregate] of Object.entries(NOT_FOR_TWO_PHASES)) {
  test(`${name}: every record goes on as it is`, () => {
    const records = [...sales(300, 2)]
    const { values } = sent(aggregate, records, (operator) => {
      operator.handOn?.()
    })
    assert.ok(values.every((value, i) => value === records[i]))
    assert.is(values.length, 300)
  })
}

test('a record without event time goes on, for the second phase to refuse', () => {
  const operator = bothPhases(optionsOf(tumbling(10), total)).createLocal()
  const output = new Collector()
  operator.open(fakeContext(), output)
  const record = { key: 'a', amount: 1 }
  operator.processRecord(record as never, MIN_TIMESTAMP)
  assert.is(output.values[0], record)
})

test('a record without a valid key goes on, for the exchange to refuse', () => {
  const operator = bothPhases(optionsOf(tumbling(10), total)).createLocal()
  const output = new Collector()
  operator.open(fakeContext(), output)
  const record = { key: Number.NaN, amount: 1 }
  operator.processRecord(record as never, 5)
  assert.is(output.values[0], record)
})

test.run()
