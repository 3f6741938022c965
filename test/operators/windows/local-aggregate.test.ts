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
import { createCodec } from '../../../mailbox/codec-registry.ts'
import { MIN_TIMESTAMP } from '../../../mailbox/time.ts'
import type { Operator } from '../../../operators/operator.ts'
import { createWindowOperator } from '../../../operators/windows/create-window-operator.ts'
import { isPartialResult } from '../../../operators/windows/partial-result.ts'
import { twoPhases } from '../../../operators/windows/two-phases.ts'
import type { TwoPhases } from '../../../operators/windows/two-phases.ts'
import type { WindowOperatorOptions } from '../../../operators/windows/window-operator-options.ts'
import { Collector, fakeContext, untilDone, type Emitted } from '../operator-fakes.ts'

type Key = string | readonly number[]

interface Sale {
  readonly key: Key
  readonly amount: number
}

type Step =
  | { readonly input: number; readonly record: Sale; readonly at: number }
  | { readonly input: number; readonly watermark: number }
  | { readonly input: number; readonly barrier: true }

/** An accumulator that is not changed in place, and whose fields nobody knows. */
const total: AggregateFunction<Sale, number, number> = {
  createAccumulator: () => 0,
  add: (sum, { amount }) => sum + amount,
  getResult: (sum) => sum,
  merge: (a, b) => a + b,
  compact: true,
}

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
].map((aggregate) => ({ aggregate }) as never)

const ASSIGNERS = [
  tumbling(10),
  tumbling({ size: 7, offset: 3 }),
  sliding({ size: 12, slide: 5 }),
  sliding({ size: 20, slide: 4, offset: -1 }),
  endOfStream(),
]

function optionsOf(
  assigner: WindowOperatorOptions['assigner'],
  aggregate: unknown,
  more: Partial<WindowOperatorOptions> = {},
): WindowOperatorOptions {
  return {
    assigner,
    aggregate: aggregate as never,
    key: (sale: Sale) => sale.key,
    result: (value: unknown, { key, windowStart }: { key: unknown; windowStart: number }) => [
      key,
      windowStart,
      value,
    ],
    ...more,
  }
}

function bothPhases(options: WindowOperatorOptions): TwoPhases {
  const phases = twoPhases(options)
  if (phases === undefined) throw new Error('cannot be computed in two phases')
  return phases
}

/** The rows in an order of their own, and the late records. */
interface Outcome {
  readonly rows: string[]
  readonly late: number
}

/** The operator behind the exchange, which sees the smallest watermark of its inputs. */
class Receiver {
  readonly #operator: Operator<never>
  readonly #output: Collector
  readonly #context = fakeContext()
  readonly #watermarks: number[]
  readonly #codec = createCodec('columns')

  constructor(operator: Operator<never>, inputs: number, stubborn: boolean) {
    this.#operator = operator
    this.#output = new Collector(stubborn)
    this.#watermarks = new Array<number>(inputs).fill(MIN_TIMESTAMP)
    operator.open(this.#context, this.#output)
  }

  /** Records cross a link. */
  take(records: readonly Emitted[]): void {
    const values = records.map(([value]) => value)
    const bytes = new Uint8Array(this.#codec.encode(values, values.length))
    this.#codec.decode(bytes, values.length).forEach((value, i) => {
      this.#operator.processRecord(value as never, records[i]?.[1] as number)
    })
  }

  watermark(input: number, watermark: number): void {
    this.#watermarks[input] = watermark
    const least = Math.min(...this.#watermarks)
    if (least > MIN_TIMESTAMP) untilDone(() => this.#operator.processWatermark(least))
  }

  end(): Outcome {
    untilDone(() => this.#operator.processWatermark(Number.POSITIVE_INFINITY))
    untilDone(() => this.#operator.endInput())
    const rows = this.#output.values.map((row) => JSON.stringify(row)).sort()
    return { rows, late: this.#context.counters.get('lateRecordsDropped')?.value ?? 0 }
  }
}

function inOnePhase(
  options: WindowOperatorOptions,
  steps: readonly Step[],
  inputs: number,
): Outcome {
  const receiver = new Receiver(createWindowOperator(options), inputs, false)
  for (const step of steps) {
    if ('record' in step) receiver.take([[step.record, step.at]])
    else if ('watermark' in step) receiver.watermark(step.input, step.watermark)
  }
  return receiver.end()
}

function inTwoPhases(
  options: WindowOperatorOptions,
  steps: readonly Step[],
  { inputs, stubborn }: { readonly inputs: number; readonly stubborn: boolean },
): Outcome {
  const phases = bothPhases(options)
  const receiver = new Receiver(phases.createFinal(), inputs, stubborn)
  const locals = Array.from({ length: inputs }, () => {
    const operator = phases.createLocal()
    const output = new Collector(stubborn)
    operator.open(fakeContext(), output)
    return { operator, output }
  })
  const send = ({ output }: { readonly output: Collector }): void => {
    receiver.take(output.records.splice(0))
  }
  for (const step of steps) {
    const local = locals[step.input]
    if (local === undefined) continue
    const { operator } = local
    if ('record' in step) {
      operator.processRecord(step.record as never, step.at)
      send(local)
    } else if ('watermark' in step) {
      untilDone(() => operator.processWatermark(step.watermark))
      send(local)
      receiver.watermark(step.input, step.watermark)
    } else {
      operator.handOn?.()
      send(local)
    }
  }
  for (const local of locals) {
    untilDone(() => local.operator.endInput())
    send(local)
  }
  return receiver.end()
}

const steps = (inputs: number): fc.Arbitrary<readonly Step[]> => {
  const input = fc.nat(inputs - 1)
  return fc
    .array(
      fc.oneof(
        {
          weight: 8,
          arbitrary: fc.record({
            input,
            record: fc.record({
              key: fc.constantFrom<Key>('a', 'b', '\0c', [1, 2]),
              amount: fc.integer({ min: -9, max: 9 }),
            }),
            at: fc.integer({ min: -40, max: 60 }),
          }),
        },
        {
          weight: 2,
          arbitrary: fc.record({ input, watermark: fc.integer({ min: -45, max: 70 }) }),
        },
        { weight: 1, arbitrary: fc.record({ input, barrier: fc.constant(true as const) }) },
      ),
      { maxLength: 60, size: 'max' },
    )
    .map(onlyForward)
}

/** A watermark never goes back. */
function onlyForward(list: readonly Step[]): readonly Step[] {
  const reached = new Map<number, number>()
  return list.flatMap((step): readonly Step[] => {
    if (!('watermark' in step)) return [step]
    if (step.watermark <= (reached.get(step.input) ?? MIN_TIMESTAMP)) return []
    reached.set(step.input, step.watermark)
    return [step]
  })
}

test('two phases give the rows and the late records of one, whatever comes late, and when', () => {
  const cases = fc.integer({ min: 1, max: 3 }).chain((inputs) =>
    fc.record({
      inputs: fc.constant(inputs),
      steps: steps(inputs),
      assigner: fc.constantFrom(...ASSIGNERS),
      aggregate: fc.constantFrom(...AGGREGATES),
      latenessMs: fc.constantFrom(0, 0, 6),
      stubborn: fc.boolean(),
      keyed: fc.boolean(),
    }),
  )
  fc.assert(
    fc.property(cases, ({ inputs, steps, assigner, aggregate, latenessMs, stubborn, keyed }) => {
      const options = optionsOf(
        assigner,
        (aggregate as never as { aggregate: unknown }).aggregate,
        {
          ...(keyed ? {} : { key: undefined }),
          ...(latenessMs === 0 ? {} : { allowedLatenessMs: latenessMs, results: 'final' as const }),
        },
      )
      assert.equal(
        inTwoPhases(options, steps, { inputs, stubborn }),
        inOnePhase(options, steps, inputs),
      )
    }),
    { numRuns: 300 },
  )
})

/** What comes out of the first phase for these records, without a watermark; `then` may do more with it. */
function sent(
  aggregate: unknown,
  records: Iterable<Sale>,
  then: (operator: Operator<never>) => void = () => {},
): { readonly values: readonly unknown[]; readonly counted: number } {
  const operator = bothPhases(optionsOf(tumbling(1_000), aggregate)).createLocal()
  const output = new Collector()
  const context = fakeContext()
  operator.open(context, output)
  for (const record of records) operator.processRecord(record as never, 5)
  then(operator)
  return {
    values: output.values,
    counted: context.counters.get('recordsPreAggregated')?.value ?? 0,
  }
}

function* sales(records: number, keys: number): Generator<Sale> {
  for (let i = 0; i < records; i++) yield { key: `k${i % keys}`, amount: 1 }
}

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
