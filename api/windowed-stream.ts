/**
 * What `window(assigner)` and `windowAll(assigner)` return: records cut into windows, waiting to be
 * aggregated.
 *
 * A window's result leaves once, when the watermark passes the end of the window, with the last
 * millisecond of the window as its event time.
 */
import type { AggregateFunction } from '../checkpoint/aggregate-function.ts'
import type { WindowAssigner } from '../operators/windows/window-assigner.ts'
import { requireFunction } from './build-error.ts'
import type { GraphBuilder, Port } from './graph-builder.ts'
import type { KeySelector } from './graph.ts'
import { splitResultAndOptions } from './operator-options.ts'
import type { OperatorOptions } from './operator-options.ts'
import { requireAggregate } from './operator-checks.ts'
import { reducing } from './reducing.ts'
import { Stream } from './stream.ts'

/**
 * The window `[windowStart, windowEnd)` a result belongs to. Times in ms since 1970; infinite where
 * the window is.
 */
export interface WindowInfo {
  readonly windowStart: number
  readonly windowEnd: number
}

/** The window of a keyed stream: the same times, and the key. */
export interface KeyedWindowInfo<K> extends WindowInfo {
  readonly key: K
}

/**
 * Windows per key. Comes from `keyed.window(assigner)`.
 *
 * @example
 * flights
 *   .keyBy((flight) => flight.origin)
 *   .window(tumbling(3_600_000))
 *   .aggregate(count(), (flights, { key, windowStart }) => ({ origin: key, windowStart, flights }))
 */
export class WindowedStream<K, T> {
  readonly #builder: GraphBuilder
  readonly #ports: readonly Port[]
  readonly #assigner: WindowAssigner
  readonly #key: KeySelector

  /** @internal Comes from `KeyedStream.window`. */
  constructor(
    builder: GraphBuilder,
    ports: readonly Port[],
    assigner: WindowAssigner,
    key: KeySelector,
  ) {
    this.#builder = builder
    this.#ports = ports
    this.#assigner = assigner
    this.#key = key
  }

  /**
   * Aggregates the records of each key and window.
   *
   * @param aggregate what to compute, e.g. `count()`
   * @param result makes the record that leaves, from the result, the key and the window. Default:
   *   the result itself
   */
  aggregate<Acc, Out, R>(
    aggregate: AggregateFunction<T, Acc, Out>,
    result: (result: Out, window: KeyedWindowInfo<K>) => R,
    options?: OperatorOptions,
  ): Stream<R>
  aggregate<Acc, Out>(
    aggregate: AggregateFunction<T, Acc, Out>,
    options?: OperatorOptions,
  ): Stream<Out>
  aggregate(
    aggregate: AggregateFunction<T, unknown, unknown>,
    resultOrOptions?: WindowResult<KeyedWindowInfo<K>> | OperatorOptions,
    moreOptions?: OperatorOptions,
  ): Stream<unknown> {
    requireAggregate(aggregate, 'aggregate')
    const { result, options } = splitResultAndOptions(resultOrOptions, moreOptions, 'aggregate')
    const port = this.#builder.add({
      operator: { kind: 'window', key: this.#key, assigner: this.#assigner, aggregate, result },
      inputs: this.#ports,
      defaultName: this.#assigner.name,
      options,
    })
    return new Stream(this.#builder, [port])
  }

  /**
   * Combines the records of each key and window, two at a time, into one of the same type.
   *
   * @param reduce may change and return its first argument only if nobody else holds the record
   * @param result makes the record that leaves; default: the combined record itself
   */
  reduce<R>(
    reduce: (a: T, b: T) => T,
    result: (result: T, window: KeyedWindowInfo<K>) => R,
    options?: OperatorOptions,
  ): Stream<R>
  reduce(reduce: (a: T, b: T) => T, options?: OperatorOptions): Stream<T>
  reduce(
    reduce: (a: T, b: T) => T,
    resultOrOptions?: ((result: T, window: KeyedWindowInfo<K>) => unknown) | OperatorOptions,
    moreOptions?: OperatorOptions,
  ): Stream<unknown> {
    requireFunction(reduce, 'reduce: the function')
    const { result, options } = splitResultAndOptions(resultOrOptions, moreOptions, 'reduce')
    const port = this.#builder.add({
      operator: {
        kind: 'window',
        key: this.#key,
        assigner: this.#assigner,
        aggregate: reducing(reduce),
        result,
      },
      inputs: this.#ports,
      defaultName: this.#assigner.name,
      options,
    })
    return new Stream(this.#builder, [port])
  }
}

/**
 * Windows over all records, computed by one subtask. Comes from `stream.windowAll(assigner)`.
 *
 * @example
 * readings.windowAll(tumbling(60_000)).aggregate(max((reading) => reading.celsius))
 */
export class AllWindowedStream<T> {
  readonly #builder: GraphBuilder
  readonly #ports: readonly Port[]
  readonly #assigner: WindowAssigner

  /** @internal Comes from `Stream.windowAll`. */
  constructor(builder: GraphBuilder, ports: readonly Port[], assigner: WindowAssigner) {
    this.#builder = builder
    this.#ports = ports
    this.#assigner = assigner
  }

  /**
   * Aggregates all records of each window.
   *
   * @param aggregate what to compute, e.g. `topN(10, compare)`
   * @param result makes the record that leaves, from the result and the window. Default: the result
   *   itself
   */
  aggregate<Acc, Out, R>(
    aggregate: AggregateFunction<T, Acc, Out>,
    result: (result: Out, window: WindowInfo) => R,
    options?: OperatorOptions,
  ): Stream<R>
  aggregate<Acc, Out>(
    aggregate: AggregateFunction<T, Acc, Out>,
    options?: OperatorOptions,
  ): Stream<Out>
  aggregate(
    aggregate: AggregateFunction<T, unknown, unknown>,
    resultOrOptions?: WindowResult<WindowInfo> | OperatorOptions,
    moreOptions?: OperatorOptions,
  ): Stream<unknown> {
    requireAggregate(aggregate, 'aggregate')
    const { result, options } = splitResultAndOptions(resultOrOptions, moreOptions, 'aggregate')
    return this.#add(aggregate, result, options)
  }

  /** Combines the records of each window, two at a time, into one of the same type. */
  reduce<R>(
    reduce: (a: T, b: T) => T,
    result: (result: T, window: WindowInfo) => R,
    options?: OperatorOptions,
  ): Stream<R>
  reduce(reduce: (a: T, b: T) => T, options?: OperatorOptions): Stream<T>
  reduce(
    reduce: (a: T, b: T) => T,
    resultOrOptions?: ((result: T, window: WindowInfo) => unknown) | OperatorOptions,
    moreOptions?: OperatorOptions,
  ): Stream<unknown> {
    requireFunction(reduce, 'reduce: the function')
    const { result, options } = splitResultAndOptions(resultOrOptions, moreOptions, 'reduce')
    return this.#add(reducing(reduce), result, options)
  }

  #add(
    aggregate: AggregateFunction<T, unknown, unknown>,
    result: ((result: never, window: never) => unknown) | undefined,
    options: OperatorOptions,
  ): Stream<unknown> {
    const port = this.#builder.add({
      operator: { kind: 'window', key: undefined, assigner: this.#assigner, aggregate, result },
      inputs: this.#ports,
      defaultName: `all ${this.#assigner.name}`,
      options,
      parallelismLimit: 1,
    })
    return new Stream(this.#builder, [port])
  }
}

type WindowResult<Window> = (result: unknown, window: Window) => unknown
