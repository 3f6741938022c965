/**
 * The operator harness: drives the operators of a pipeline step by step on the calling thread, with a clock that stands still.
 *
 * Everything runs synchronously inside the calls, as one subtask would run it: partitioning is left out, and operators that need
 * several inputs or an exchange stand first. The model is Flink's OneInputStreamOperatorTestHarness.
 */
import { HeapStateBackend } from '../../checkpoint/state/heap-state-backend.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import { Attention } from '../../operators/chain/attention.ts'
import { compileChain } from '../../operators/chain/chain.ts'
import type { ChainElement, ChainOperator, CompiledChain } from '../../operators/chain/chain.ts'
import type { LogLevel } from '../../operators/logger.ts'
import type { Counter, OperatorContext, Output } from '../../operators/operator.ts'
import { counterIn } from '../../operators/subtask-parts.ts'
import { ManualClock } from '../../runtime/manual-clock.ts'
import { settleAtOnce } from '../../runtime/slot.ts'
import { payloadLayouts } from '../execution/operator-factory.ts'
import type { JobGraph } from '../graph.ts'
import type { Stream } from '../stream.ts'
import { harnessChain, pipelineGraph } from './harness-graph.ts'
import type { HarnessStreams } from './harness-graph.ts'
import type {
  HarnessItem,
  HarnessOptions,
  HarnessSnapshot,
  LogLine,
  OperatorHarness,
  OutputsOf,
  StateEntry,
  TwoInputHarness,
} from './harness-types.ts'

/**
 * A harness for a pipeline with one input.
 *
 * @param build gets the input as a stream and returns the stream to look at, or several by name
 * @example
 * const harness = operatorHarness((words: Stream<string>) =>
 *   words.keyBy((word) => word).aggregate(count(), (n, word) => `${word} ${n}`),
 * )
 * harness.processRecord('a')
 * harness.processRecord('a')
 * harness.takeValues() // ['a 1', 'a 2']
 */
export function operatorHarness<T, S extends HarnessStreams>(
  build: (input: Stream<T>) => S,
  options: HarnessOptions = {},
): OperatorHarness<T, OutputsOf<S>> {
  const graph = pipelineGraph(1, build as (...streams: Stream<never>[]) => S)
  return new Harness<T, never, OutputsOf<S>>(graph, options)
}

/**
 * A harness for a pipeline whose two inputs meet in its first operator.
 */
export function twoInputHarness<A, B, S extends HarnessStreams>(
  build: (first: Stream<A>, second: Stream<B>) => S,
  options: HarnessOptions = {},
): TwoInputHarness<A, B, OutputsOf<S>> {
  const graph = pipelineGraph(2, build as (...streams: Stream<never>[]) => S)
  return new Harness<A, B, OutputsOf<S>>(graph, options)
}

/** Calls of an operator that answer "not done" without end would hang a test. */
const MOST_CALLS = 1_000_000

class Harness<A, B, Outputs>
  implements OperatorHarness<A, Outputs>, TwoInputHarness<A, B, Outputs>
{
  readonly clock: ManualClock
  readonly logLines: LogLine[] = []
  readonly #graph: JobGraph
  readonly #options: HarnessOptions
  readonly #outputs = new Map<string, HarnessOutput>()
  readonly #counters = new Map<string, Counter>()
  readonly #inputWatermarks = [MIN_TIMESTAMP, MIN_TIMESTAMP]
  #watermark = MIN_TIMESTAMP
  #forwarded = MIN_TIMESTAMP
  #ended = false
  #running: Running

  constructor(graph: JobGraph, options: HarnessOptions) {
    this.#graph = graph
    this.#options = options
    this.clock = new ManualClock(options.startMs ?? 0)
    this.#running = this.#start(flatten(options.restore))
  }

  processRecord(value: A, timestamp = MIN_TIMESTAMP): void {
    this.#record('processBatch', value, timestamp)
  }

  processRecord1(value: A, timestamp = MIN_TIMESTAMP): void {
    this.#record('processBatch', value, timestamp)
  }

  processRecord2(value: B, timestamp = MIN_TIMESTAMP): void {
    this.#record('processBatch2', value, timestamp)
  }

  processWatermark(timestamp: number): void {
    this.#inputWatermarks.fill(timestamp)
    this.#advance()
  }

  processWatermark1(timestamp: number): void {
    this.#inputWatermarks[0] = timestamp
    this.#advance()
  }

  processWatermark2(timestamp: number): void {
    this.#inputWatermarks[1] = timestamp
    this.#advance()
  }

  setProcessingTime(timeMs: number): void {
    this.clock.advance(timeMs - this.clock.now())
    this.#afterStep()
  }

  async settle(): Promise<void> {
    // A promise of a promise of … settles some turns of the event loop later; user code has no reason to nest deeper.
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      this.#attend()
    }
    this.#afterStep()
  }

  async endInput(): Promise<void> {
    this.processWatermark(MAX_TIMESTAMP)
    for (let turn = 0; turn < 1_000 && !this.#ended; turn++) {
      for (let call = 0; call < 1_000 && !this.#ended; call++) {
        this.#ended = this.#running.chain.endInput()
      }
      if (this.#ended) break
      await this.settle()
      if (this.clock.untilNextTimerMs !== undefined) this.clock.fireNext()
    }
    if (!this.#ended) throw new Error('the operators never come to their end')
    this.#forwardWatermark()
  }

  takeItems<Name extends keyof Outputs>(name: Name = 'main' as Name): HarnessItem<Outputs[Name]>[] {
    return this.#output(String(name)).items.splice(0) as HarnessItem<Outputs[Name]>[]
  }

  takeValues<Name extends keyof Outputs>(name: Name = 'main' as Name): Outputs[Name][] {
    return this.takeItems(name).flatMap((item) => ('value' in item ? [item.value] : []))
  }

  snapshot(): HarnessSnapshot {
    return this.#running.chain.snapshot()
  }

  stateEntries(): StateEntry[] {
    return this.#running.backends.flatMap(({ operator, backend }) =>
      [...backend.entries()].map((entry) => ({ operator, ...entry })),
    )
  }

  counter(operatorName: string, name: string): number {
    return this.#counters.get(`${operatorName}.${name}`)?.value ?? 0
  }

  close(): void {
    this.#running.attention.close()
    this.#running.chain.close()
  }

  #record(loop: 'processBatch' | 'processBatch2', value: unknown, timestamp: number): void {
    const timestamps = Float64Array.of(timestamp)
    untilDone(() => {
      if (this.#running.attention.held) {
        throw new MillraceError(
          'HARNESS_HELD',
          'The operator takes no records for now: await settle(), or move the clock, until it does',
        )
      }
      return this.#running.chain[loop]([value], timestamps, 0, 1) === 1
    })
    this.#afterStep()
  }

  #advance(): void {
    const watermark = Math.min(...this.#inputWatermarks)
    if (watermark > this.#watermark) {
      this.#watermark = watermark
      untilDone(() => this.#running.chain.processWatermark(watermark))
      this.#forwardWatermark()
    }
    this.#afterStep()
  }

  #attend(): void {
    const { chain, attention } = this.#running
    while (attention.pending) {
      untilDone(() => chain.attend(attention))
      this.#forwardWatermark()
    }
  }

  #forwardWatermark(): void {
    const watermark = Math.min(this.#watermark, this.#running.chain.outputWatermark)
    if (watermark <= this.#forwarded) return
    this.#forwarded = watermark
    for (const output of this.#outputs.values()) output.items.push({ watermark })
  }

  #afterStep(): void {
    this.#attend()
    if (this.#options.mode !== 'restoring' || this.#ended) return
    const snapshot = this.snapshot()
    this.close()
    this.#running = this.#start(snapshot)
    // Where event time stands is the sources' to say again.
    const watermark = this.#watermark
    if (watermark > MIN_TIMESTAMP) untilDone(() => this.#running.chain.processWatermark(watermark))
    this.#attend()
  }

  #start(restored: HarnessSnapshot): Running {
    const { subtaskIndex = 0, parallelism = 1, maxParallelism = 128 } = this.#options
    const attention = new Attention(this.clock)
    const backends: Running['backends'] = []
    const contexts = new Map<ChainElement, Partial<OperatorContext>>()
    const branches = harnessChain(this.#graph, {
      subtaskIndex,
      outputOf: (name) => this.#output(name),
      counter: (name) => counterIn(this.#counters, name),
      onElement: (element, operator, sides) => {
        const { name, uid } = operator
        const backend = new HeapStateBackend({
          uid,
          operatorName: name,
          maxParallelism,
          subtaskIndex,
          parallelism,
          clock: this.clock,
          restored: restored.filter((snapshot) => snapshot.uid === uid),
          layouts: payloadLayouts(operator),
        })
        backends.push({ operator: name, backend })
        contexts.set(element, { uid, state: backend, sideOutput: (tag) => sides.get(tag) })
      },
    })
    const chain = compileChain(branches, { subtaskIndex, hold: attention })
    const common = { subtaskIndex, parallelism, maxParallelism }
    chain.open((element, index) => ({
      ...this.#hostContext(element, index, attention),
      ...common,
      ...(contexts.get(element) as Pick<OperatorContext, 'uid' | 'state' | 'sideOutput'>),
    }))
    return { chain, attention, backends }
  }

  #hostContext(element: ChainOperator, index: number, attention: Attention) {
    return {
      operatorName: element.name,
      badRecords: element.onBadRecord,
      clock: this.clock,
      logger: {
        log: (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => {
          this.logLines.push({ level, message, fields })
        },
      },
      random: () => 0.5,
      counter: (name: string) => counterIn(this.#counters, `${element.name}.${name}`),
      requestTime: (timeMs: number) => {
        attention.request(index, timeMs)
      },
      wake: () => {
        attention.wake(index)
      },
      hold: (held: boolean) => {
        attention.hold(index, held)
      },
      whenSettled: settleAtOnce,
    }
  }

  #output(name: string): HarnessOutput {
    const known = this.#outputs.get(name)
    if (known !== undefined) return known
    const output = new HarnessOutput(this.#options.mode === 'stubborn')
    this.#outputs.set(name, output)
    return output
  }
}

/** The operators that run at present. */
interface Running {
  readonly chain: CompiledChain
  readonly attention: Attention
  readonly backends: { readonly operator: string; readonly backend: HeapStateBackend }[]
}

/** Keeps what comes out; full at every second question if it is stubborn. */
class HarnessOutput implements Output {
  readonly items: HarnessItem<unknown>[] = []
  readonly #stubborn: boolean
  #asked = 0

  constructor(stubborn: boolean) {
    this.#stubborn = stubborn
  }

  emit(value: unknown, timestamp: number): void {
    this.items.push({ value, timestamp })
  }

  get full(): boolean {
    return this.#stubborn && this.#asked++ % 2 === 0
  }
}

function untilDone(step: () => boolean): void {
  for (let call = 0; call < MOST_CALLS; call++) if (step()) return
  throw new Error('an operator never gets done: it answered "call again" a million times')
}

function flatten(restore: HarnessOptions['restore']): HarnessSnapshot {
  if (restore === undefined) return []
  return (restore as readonly unknown[]).flat() as unknown as HarnessSnapshot
}
