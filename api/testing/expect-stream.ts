/**
 * `expectStream`: runs a pipeline as a whole job over a given input and says what should come out.
 *
 * Unlike the operator harness it goes the whole way: sources, partitioning, channels, several subtasks, and, where asked for, many
 * interleavings of the simulator.
 */
import { deepStrictEqual } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import { MillraceError } from '../../mailbox/errors.ts'
import type { Source } from '../../operators/source.ts'
import { refuseUnknownOptions } from '../../runtime/known-options.ts'
import { Simulator } from '../../runtime/simulator.ts'
import type { SourceOptions } from '../environment.ts'
import { runJob } from '../execution/run-job.ts'
import type { RunOptions } from '../execution/run-options.ts'
import { defineJob } from '../job.ts'
import type { Stream } from '../stream.ts'
import { fromScript } from './script.ts'
import type { Script } from './script.ts'

/** How the job of an expectation runs. */
export interface ExpectOptions {
  /** Default: 1. */
  readonly parallelism?: number
  /** Number of slots. Default: the parallelism. */
  readonly slots?: number
  /**
   * Seeds of the simulator: the job runs once for each, with another interleaving. Default: none, it runs once on the calling
   * thread.
   */
  readonly seeds?: readonly number[]
}

/** What a pipeline is expected to do. Each method that begins with `to` runs the job. */
export interface StreamExpectation<T, R> {
  /** The input: records in their order, a script, or a source of your own. Options as for `env.from`; a script has none. */
  given(
    input: readonly T[] | Script<T> | Source<T>,
    options?: SourceOptions<T>,
  ): StreamExpectation<T, R>
  /** How to run. */
  on(options: ExpectOptions): StreamExpectation<T, R>
  /** Exactly these records come out, in this order. Rejects with an `AssertionError` that shows the difference. */
  toYield(expected: readonly R[]): Promise<void>
  /** Exactly these records come out, each as often as it stands here, in any order. */
  toYieldInAnyOrder(expected: readonly R[]): Promise<void>
  /** The job fails with an error of this code; resolves to the error. */
  toFailWith(code: string): Promise<Error>
}

/**
 * Begins an expectation of a pipeline.
 *
 * Errors: `INVALID_ARGUMENT` for unknown options and an empty list of seeds, and, when it runs, without an input; whatever the job raises.
 *
 * @example
 * await expectStream((words: Stream<string>) =>
 *   words.keyBy((word) => word).aggregate(count(), (n, word) => `${word} ${n}`),
 * )
 *   .given(['to', 'be', 'to'])
 *   .toYield(['to 1', 'be 1', 'to 2'])
 */
export function expectStream<T, R>(
  build: (input: Stream<T>) => Stream<R>,
): StreamExpectation<T, R> {
  return new Expectation(build, undefined, {}, {})
}

class Expectation<T, R> implements StreamExpectation<T, R> {
  readonly #build: (input: Stream<T>) => Stream<R>
  readonly #source: Source<T> | Script<T> | undefined
  readonly #sourceOptions: SourceOptions<T>
  readonly #options: ExpectOptions

  constructor(
    build: (input: Stream<T>) => Stream<R>,
    source: Source<T> | Script<T> | undefined,
    sourceOptions: SourceOptions<T>,
    options: ExpectOptions,
  ) {
    this.#build = build
    this.#source = source
    this.#sourceOptions = sourceOptions
    this.#options = options
  }

  given(
    input: readonly T[] | Script<T> | Source<T>,
    options: SourceOptions<T> = {},
  ): Expectation<T, R> {
    const source = isList(input) ? listSource(input) : input
    return new Expectation(this.#build, source, options, this.#options)
  }

  on(options: ExpectOptions): Expectation<T, R> {
    refuseUnknownOptions(options, ['parallelism', 'slots', 'seeds'], 'expectStream: on')
    if (options.seeds?.length === 0) {
      throw new MillraceError(
        'INVALID_ARGUMENT',
        'expectStream: on: expected at least one seed, got none: nothing would run',
      )
    }
    return new Expectation(this.#build, this.#source, this.#sourceOptions, options)
  }

  async toYield(expected: readonly R[]): Promise<void> {
    for (const run of this.#runs())
      deepStrictEqual(await this.#run(run.options), expected, run.label)
  }

  async toYieldInAnyOrder(expected: readonly R[]): Promise<void> {
    for (const { options, label } of this.#runs()) {
      const actual = await this.#run(options)
      // Put in the order of the expected ones, so that a difference shows as one.
      deepStrictEqual(alike(actual, expected), expected, label)
    }
  }

  async toFailWith(code: string): Promise<Error> {
    let failure = new Error('the job did not fail')
    for (const { options, label } of this.#runs()) {
      failure = await this.#failureOf(options)
      deepStrictEqual((failure as Error & { code?: unknown }).code, code, label)
    }
    return failure
  }

  async #failureOf(options: RunOptions): Promise<Error> {
    try {
      await this.#run(options)
    } catch (error) {
      return error as Error
    }
    return new Error('the job did not fail')
  }

  #runs(): readonly { readonly options: RunOptions; readonly label?: string }[] {
    const { parallelism = 1, slots = parallelism, seeds } = this.#options
    if (seeds === undefined) return [{ options: { host: 'inline', parallelism, slots } }]
    return seeds.map((seed) => ({
      options: { host: new Simulator({ seed, slots }), parallelism },
      label: `with seed ${seed}`,
    }))
  }

  async #run(options: RunOptions): Promise<R[]> {
    const source = this.#source
    if (source === undefined) {
      throw new MillraceError('INVALID_ARGUMENT', 'expectStream: say what goes in: .given(records)')
    }
    const job = defineJob('expectStream', (env) => {
      const input =
        'splits' in source ? fromScript(env, source) : env.from(source, this.#sourceOptions)
      this.#build(input).collect('main')
    })
    const run = runJob(job, options)
    const records: R[] = []
    for await (const record of run.collect<R>('main')) records.push(record)
    await run.result()
    return records
  }
}

function isList<T>(input: readonly T[] | Script<T> | Source<T>): input is readonly T[] {
  return Array.isArray(input)
}

/** All records in one split, so that they keep their order. */
function listSource<T>(records: readonly T[]): Source<T, number, number> {
  return {
    name: 'given',
    maxParallelism: 1,
    enumerate: () => {
      const splits = [0]
      return { next: () => splits.pop() }
    },
    open: (_split, { batchSize }, position = 0) => {
      let next = position
      return {
        get position() {
          return next
        },
        read: () => {
          if (next >= records.length) return undefined
          const batch = records.slice(next, next + batchSize)
          next += batch.length
          return batch
        },
      }
    },
  }
}

/** The values of `actual` in the order of `expected`, followed by those that are too many. */
function alike<R>(actual: readonly R[], expected: readonly R[]): R[] {
  const rest = [...actual]
  const found: R[] = []
  for (const wanted of expected) {
    const at = rest.findIndex((value) => isDeepStrictEqual(value, wanted))
    if (at === -1) continue
    found.push(...rest.splice(at, 1))
  }
  return [...found, ...rest]
}
