/** The two phases of a windowed aggregate side by side with the one, for the tests of the first phase. */
import * as fc from 'fast-check'
import type { AggregateFunction } from '../../../api/index.ts'
import { tumbling } from '../../../api/index.ts'
import { createCodec } from '../../../mailbox/codec-registry.ts'
import { MIN_TIMESTAMP } from '../../../mailbox/time.ts'
import type { Operator } from '../../../operators/operator.ts'
import { createWindowOperator } from '../../../operators/windows/create-window-operator.ts'
import { twoPhases } from '../../../operators/windows/two-phases.ts'
import type { TwoPhases } from '../../../operators/windows/two-phases.ts'
import type { WindowOperatorOptions } from '../../../operators/windows/window-operator-options.ts'
import { Collector, fakeContext, untilDone, type Emitted } from '../operator-fakes.ts'

/** A key of a sale. */
export type Key = string | number | readonly number[]

/** A record. */
export interface Sale {
  readonly key: Key
  readonly amount: number
}

/** What happens to one sender. */
export type Step =
  | { readonly input: number; readonly record: Sale; readonly at: number }
  | { readonly input: number; readonly watermark: number }
  | { readonly input: number; readonly barrier: true }
  /** The time that the first phase has asked for has come. */
  | { readonly input: number; readonly time: true }

/** An accumulator that is not changed in place, and whose fields nobody knows. */
export const total: AggregateFunction<Sale, number, number> = {
  createAccumulator: () => 0,
  add: (sum, { amount }) => sum + amount,
  getResult: (sum) => sum,
  merge: (a, b) => a + b,
  compact: true,
}

/** Random records, watermarks, barriers and times of so many senders. `burst`: how often in a row some of the records come. */
export function stepsOf(inputs: number, burst = 1): fc.Arbitrary<readonly Step[]> {
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
            times: fc.constantFrom(1, 1, burst),
          }),
        },
        {
          weight: 2,
          arbitrary: fc.record({ input, watermark: fc.integer({ min: -45, max: 70 }) }),
        },
        { weight: 1, arbitrary: fc.record({ input, barrier: fc.constant(true as const) }) },
        { weight: 1, arbitrary: fc.record({ input, time: fc.constant(true as const) }) },
      ),
      { maxLength: 60, size: 'max' },
    )
    .map((list) => onlyForward(list.flatMap(repeated)))
}

/** A record that comes several times in a row. */
function repeated(step: Step & { readonly times?: number }): readonly Step[] {
  return new Array<Step>(step.times ?? 1).fill(step)
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

/** Another whose fields nobody knows, and whose `merge` goes on with objects inside its second argument. */
export const byParity: AggregateFunction<Sale, Parities, readonly number[]> = {
  createAccumulator: () => ({}),
  add(accumulator, { amount }) {
    ;(accumulator[amount % 2 === 0 ? 'even' : 'odd'] ??= { n: 0 }).n++
    return accumulator
  },
  getResult: ({ even, odd }) => [even?.n ?? 0, odd?.n ?? 0],
  merge(a, b) {
    for (const name of ['even', 'odd'] as const) {
      const [into, from] = [a[name], b[name]]
      if (from === undefined) continue
      if (into === undefined) a[name] = from
      else into.n += from.n
    }
    return a
  },
  compact: true,
}

/** How many amounts are even and odd. */
interface Parities {
  even?: { n: number }
  odd?: { n: number }
}

/** Windows of sales by key, whose rows tell key, window and result. */
export function optionsOf(
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

/** Both phases, which there must be. */
export function bothPhases(options: WindowOperatorOptions): TwoPhases {
  const phases = twoPhases(options)
  if (phases === undefined) throw new Error('cannot be computed in two phases')
  return phases
}

/** Between two early results; the clock of the second phase stands, so that only complete windows fire. */
export const EARLY_MS = 40

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

/** What one operator makes of the steps. */
export function inOnePhase(
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

/** What both phases make of them. */
export function inTwoPhases(
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
    } else if ('time' in step) {
      untilDone(() => operator.processTime?.(EARLY_MS) ?? true)
      send(local)
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

/** What comes out of the first phase for these records, without a watermark; `then` may do more with it. */
export function sent(
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

/** So many sales of so many keys in turn. */
export function* sales(records: number, keys: number): Generator<Sale> {
  for (let i = 0; i < records; i++) yield { key: `k${i % keys}`, amount: 1 }
}
