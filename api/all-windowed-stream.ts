/**
 * What `stream.windowAll(assigner)` returns: all records cut into windows, waiting for what is to be computed.
 */
import type { AggregateFunction } from '../checkpoint/aggregate-function.ts'
import type { KeyedStates, NoStates } from '../operators/process/contexts.ts'
import type { Port } from './graph-builder.ts'
import type { OperatorOptions } from './operator-options.ts'
import { Stream } from './stream.ts'
import { addAggregate, addProcess, addReduce } from './window-node.ts'
import type { ThenOrOptions } from './window-node.ts'
import type { WindowProcessDefinition } from './window-process.ts'
import type { WindowSettings } from './window-settings.ts'
import type { WindowInfo } from './windowed-stream.ts'
import { Windows } from './windows.ts'

/**
 * Windows over all records, computed by one subtask. Comes from `stream.windowAll(assigner)` and `stream.countWindowAll(size)`.
 *
 * @example
 * readings.windowAll(tumbling(60_000)).aggregate(max((reading) => reading.celsius))
 */
export class AllWindowedStream<T> extends Windows<T, AllWindowedStream<T>> {
  /** @internal */
  protected override with(settings: WindowSettings): AllWindowedStream<T> {
    return new AllWindowedStream(settings)
  }

  /**
   * Aggregates all records of each window as they come. Errors: `AGGREGATE_CANNOT_MERGE`.
   *
   * @param aggregate what to compute, e.g. `topN(10, compare)`
   * @param result makes the record that leaves, from the result and the window; or a definition whose `process` gets the result in
   *   place of the records. Default: the result itself
   */
  aggregate<Acc, Out, R>(
    aggregate: AggregateFunction<T, Acc, Out>,
    result: (result: Out, window: WindowInfo) => R,
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
    process: WindowProcessDefinition<undefined, Out, R, S, WS>,
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

  /** Combines the records of each window, two at a time, into one of the same type. `result` as for `aggregate`. */
  reduce<R>(
    reduce: (a: T, b: T) => T,
    result: (result: T, window: WindowInfo) => R,
    options?: OperatorOptions,
  ): Stream<R>
  reduce<R = never, S extends KeyedStates = NoStates, WS extends KeyedStates = NoStates>(
    reduce: (a: T, b: T) => T,
    process: WindowProcessDefinition<undefined, T, R, S, WS>,
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

  /** Calls a function with all records of a window. Errors: as for windows per key. */
  process<R = never, S extends KeyedStates = NoStates, WS extends KeyedStates = NoStates>(
    definition: WindowProcessDefinition<undefined, readonly T[], R, S, WS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.#stream<R>(addProcess(this.settings, definition, options))
  }

  #stream<R>(port: Port): Stream<R> {
    return new Stream<R>(this.settings.builder, [port])
  }
}
