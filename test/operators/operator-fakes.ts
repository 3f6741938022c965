/**
 * Small stand-ins for what surrounds an operator.
 */
import { HeapStateBackend } from '../../checkpoint/state/heap-state-backend.ts'
import type { OperatorSnapshot } from '../../checkpoint/state/snapshot.ts'
import type { Clock } from '../../runtime/clock.ts'
import { settleAtOnce } from '../../runtime/slot.ts'
import type { Counter, Operator, OperatorContext, Output } from '../../operators/operator.ts'

/** A record as tests write it. */
export type Emitted = readonly [value: unknown, timestamp: number]

/** Keeps what it is given; full at every second question if it is stubborn. */
export class Collector implements Output {
  readonly records: Emitted[] = []
  readonly #stubborn: boolean
  #asked = 0

  constructor(stubborn = false) {
    this.#stubborn = stubborn
  }

  emit(value: unknown, timestamp: number): void {
    this.records.push([value, timestamp])
  }

  get full(): boolean {
    return this.#stubborn && this.#asked++ % 2 === 0
  }

  get values(): unknown[] {
    return this.records.map(([value]) => value)
  }
}

const STILL: Clock = { now: () => 0, monotonicMs: () => 0, schedule: () => () => undefined }

/** A state backend, empty or with what is in these snapshots under its name. */
export function testBackend(
  name: string,
  clock: Clock,
  snapshots: readonly OperatorSnapshot[] = [],
): HeapStateBackend {
  return new HeapStateBackend({
    uid: name,
    operatorName: name,
    maxParallelism: 128,
    subtaskIndex: 0,
    parallelism: 1,
    clock,
    restored: snapshots.filter(({ uid }) => uid === name),
  })
}

/** A context whose counters can be read. */
export function fakeContext(
  name = 'operator',
): OperatorContext & { readonly counters: Map<string, Counter> } {
  const counters = new Map<string, Counter>()
  return {
    operatorName: name,
    uid: name,
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    clock: STILL,
    logger: { log: () => {} },
    state: testBackend(name, STILL),
    sideOutput: () => undefined,
    requestTime: () => {},
    wake: () => {},
    hold: () => {},
    whenSettled: settleAtOnce,
    random: () => 0.5,
    counters,
    counter(counterName) {
      const counter = counters.get(counterName) ?? { value: 0 }
      counters.set(counterName, counter)
      return counter
    },
  }
}

/** Calls until the answer is true, as a subtask does; fails when that never happens. */
export function untilDone(step: () => boolean): void {
  for (let i = 0; i < 100_000; i++) if (step()) return
  throw new Error('never done')
}

/** One step of a test: a record or a watermark. */
export type Input<T> = { readonly value: T; readonly at: number } | { readonly watermark: number }

/** Runs an operator over an input up to its end and returns what it emitted. */
export function run<T>(
  operator: Operator<T>,
  input: readonly Input<T>[],
  { stubborn = false }: { readonly stubborn?: boolean } = {},
): { readonly output: Collector; readonly counters: Map<string, Counter> } {
  const output = new Collector(stubborn)
  const context = fakeContext()
  operator.open(context, output)
  for (const step of input) {
    if ('watermark' in step) untilDone(() => operator.processWatermark(step.watermark))
    else operator.processRecord(step.value, step.at)
  }
  untilDone(() => operator.processWatermark(Number.POSITIVE_INFINITY))
  untilDone(() => operator.endInput())
  operator.close()
  return { output, counters: context.counters }
}

/** The code of the error that an action throws; 'no error' if none. */
export function codeOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return (error as { readonly code?: unknown }).code
  }
  return 'no error'
}
