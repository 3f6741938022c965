/**
 * What `keyed.window(assigner)` returns: records of each key cut into windows, waiting for what is to be computed.
 *
 * Unless told otherwise, a window's result leaves once, when the watermark passes the end of the window (or the clock, for windows of
 * processing time), with the last millisecond of the window as its event time.
 */
import type { AggregateFunction } from '../checkpoint/aggregate-function.ts'
import type { KeyedStates, NoStates } from '../operators/process/contexts.ts'
import type { Pane } from '../operators/windows/pane.ts'
import type { Port } from './graph-builder.ts'
import type { OperatorOptions } from './operator-options.ts'
import { Stream } from './stream.ts'
import { addAggregate, addProcess, addReduce } from './window-node.ts'
import type { ThenOrOptions } from './window-node.ts'
import type { WindowProcessDefinition } from './window-process.ts'
import type { WindowSettings } from './window-settings.ts'
import { Windows } from './windows.ts'

/**
 * The window `[windowStart, windowEnd)` a result belongs to, and which firing of it. Times in ms since 1970; infinite where
 * the window is.
 */
export interface WindowInfo {
  readonly windowStart: number
  readonly windowEnd: number
  readonly pane: Pane
}

/** The window of a keyed stream: the same, and the key. */
export interface KeyedWindowInfo<K> extends WindowInfo {
  readonly key: K
}

/**
 * Windows per key. Comes from `keyed.window(assigner)` and `keyed.countWindow(size)`.
 *
 * @example
 * flights
 *   .keyBy((flight) => flight.origin)
 *   .window(tumbling(3_600_000))
 *   .aggregate(count(), (flights, { key, windowStart }) => ({ origin: key, windowStart, flights }))
 */
export class WindowedStream<K, T> extends Windows<T, WindowedStream<K, T>> {
  /** @internal */
  protected override with(settings: WindowSettings): WindowedStream<K, T> {
    return new WindowedStream(settings)
  }

  /**
   * Aggregates the records of each key and window as they come. Errors: `AGGREGATE_CANNOT_MERGE` for an aggregate without `merge` on
   * windows that merge.
   *
   * @param aggregate what to compute, e.g. `count()`
   * @param result makes the record that leaves, from the result, the key and the window; or a definition whose `process` gets the
   *   result in place of the records. Default: the result itself
   */
  aggregate<Acc, Out, R>(
    aggregate: AggregateFunction<T, Acc, Out>,
    result: (result: Out, window: KeyedWindowInfo<K>) => R,
    options?: OperatorOptions,
  ): Stream<R>
  aggregate<
    Acc,
    Out,
    R = never,
    S extends KeyedStates = NoStates,
    WS extends KeyedStates = NoStates,
  >(
    aggregate: AggregateFunction<T, Acc, Out>,
    process: WindowProcessDefinition<K, Out, R, S, WS>,
    options?: OperatorOptions,
  ): Stream<R>
  aggregate<Acc, Out>(
    aggregate: AggregateFunction<T, Acc, Out>,
    options?: OperatorOptions,
  ): Stream<Out>
  aggregate(
    aggregate: AggregateFunction<T, unknown, unknown>,
    then?: ThenOrOptions,
    options?: OperatorOptions,
  ): Stream<unknown> {
    return this.#stream(addAggregate(this.settings, aggregate, then, options))
  }

  /**
   * Combines the records of each key and window, two at a time, into one of the same type.
   *
   * @param reduce may change and return its first argument only if nobody else holds the record
   * @param result as for `aggregate`; default: the combined record itself
   */
  reduce<R>(
    reduce: (a: T, b: T) => T,
    result: (result: T, window: KeyedWindowInfo<K>) => R,
    options?: OperatorOptions,
  ): Stream<R>
  reduce<R = never, S extends KeyedStates = NoStates, WS extends KeyedStates = NoStates>(
    reduce: (a: T, b: T) => T,
    process: WindowProcessDefinition<K, T, R, S, WS>,
    options?: OperatorOptions,
  ): Stream<R>
  reduce(reduce: (a: T, b: T) => T, options?: OperatorOptions): Stream<T>
  reduce(
    reduce: (a: T, b: T) => T,
    then?: ThenOrOptions,
    options?: OperatorOptions,
  ): Stream<unknown> {
    return this.#stream(addReduce(this.settings, reduce, then, options))
  }

  /**
   * Calls a function with all records of a key and window. They are kept until the window is forgotten: where an aggregate will do,
   * it needs far less memory. Errors: `INVALID_ARGUMENT`, `DUPLICATE_STATE`, `WINDOW_STATE_CANNOT_MERGE`.
   *
   * @example
   * orders
   *   .keyBy((order) => order.customer)
   *   .window(session(1_800_000))
   *   .process({
   *     process({ key, window }, orders, emit: Emit<string>) {
   *       emit(`${key}: ${orders.length} orders in ${window.end - window.start} ms`)
   *     },
   *   })
   */
  process<R = never, S extends KeyedStates = NoStates, WS extends KeyedStates = NoStates>(
    definition: WindowProcessDefinition<K, readonly T[], R, S, WS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.#stream<R>(addProcess(this.settings, definition, options))
  }

  #stream<R>(port: Port): Stream<R> {
    return new Stream<R>(this.settings.builder, [port])
  }
}
