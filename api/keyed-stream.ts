/**
 * `KeyedStream`: records grouped by key. Whatever is done next happens for each key alone.
 */
import type { AggregateFunction } from '../checkpoint/aggregate-function.ts'
import { countWindow } from '../operators/windows/global-window.ts'
import type { WindowAssigner } from '../operators/windows/window-assigner.ts'
import type {
  BroadcastStates,
  KeyedStates,
  NoStates,
  OperatorStates,
} from '../operators/process/contexts.ts'
import { KeyedBroadcastConnectedStream } from './broadcast-stream.ts'
import type { BroadcastStream } from './broadcast-stream.ts'
import { requireFunction } from './build-error.ts'
import { otherSide } from './connect.ts'
import { KeyedConnectedStreams } from './connected-streams.ts'
import type { GraphBuilder, Port } from './graph-builder.ts'
import type { KeySelector } from './graph.ts'
import { intervalJoined } from './interval-join.ts'
import type { IntervalJoinedStreams, IntervalJoinOptions } from './interval-join.ts'
import { splitResultAndOptions } from './operator-options.ts'
import type { OperatorOptions } from './operator-options.ts'
import { requireAggregate, requireAssigner } from './operator-checks.ts'
import type { KeyedProcessDefinition } from './process-function.ts'
import { addProcess } from './process-node.ts'
import { Stream } from './stream.ts'
import { CoGroupedStreams, JoinedStreams, joinInputs } from './window-join.ts'
import { WindowedStream } from './windowed-stream.ts'

/**
 * What can be a key: primitives, dates, bytes, arrays and plain objects of those. Two keys are the
 * same when they hold the same; the order of fields does not matter. Not `undefined` and not `NaN`;
 * a class instance fails when it comes (INVALID_KEY).
 */
export type Key = string | number | bigint | boolean | null | object

/** What the other files of this folder need to add operators behind a keyed stream. */
export interface KeyedStreamParts {
  readonly builder: GraphBuilder
  readonly ports: readonly Port[]
  readonly key: KeySelector
}

/** The graph, the ports and the key selector behind a keyed stream; not part of the public interface. */
export let partsOfKeyedStream: (stream: KeyedStream<never, never>) => KeyedStreamParts

/**
 * Records of type `T` with keys of type `K`. Comes from `stream.keyBy(selector)`.
 *
 * @example
 * env
 *   .from(arraySource(['to', 'be', 'or', 'not', 'to', 'be']))
 *   .keyBy((word) => word)
 *   .aggregate(count(), (count, word) => ({ word, count }))
 *   .collect('counts')
 */
export class KeyedStream<K, T> {
  static {
    partsOfKeyedStream = (stream) => ({
      builder: stream.#builder,
      ports: stream.#ports,
      key: stream.#selector,
    })
  }

  readonly #builder: GraphBuilder
  readonly #ports: readonly Port[]
  readonly #selector: KeySelector

  /** @internal Comes from `Stream.keyBy`. */
  constructor(builder: GraphBuilder, ports: readonly Port[], selector: (value: T) => K) {
    this.#builder = builder
    this.#ports = ports
    this.#selector = selector
  }

  /**
   * Combines the records of each key, two at a time; every record in gives the combination so far
   * out.
   *
   * @param reduce gets the combination so far and the new record
   * @example
   * payments.keyBy((p) => p.account).reduce((a, b) => ({ ...a, amount: a.amount + b.amount }))
   */
  reduce(reduce: (a: T, b: T) => T, options: OperatorOptions = {}): Stream<T> {
    requireFunction(reduce, 'reduce: the function')
    const port = this.#builder.add({
      operator: { kind: 'reduce', key: this.#selector, reduce },
      inputs: this.#ports,
      defaultName: 'reduce',
      options,
    })
    return new Stream<T>(this.#builder, [port])
  }

  /**
   * Aggregates the records of each key without windows; every record in gives the result so far
   * out.
   *
   * @param aggregate what to compute, e.g. `count()`
   * @param result makes the record that leaves, from the result and the key. Default: the result
   *   itself
   * @example
   * words.keyBy((word) => word).aggregate(count(), (count, word) => ({ word, count }))
   */
  aggregate<Acc, Out, R>(
    aggregate: AggregateFunction<T, Acc, Out>,
    result: (result: Out, key: K) => R,
    options?: OperatorOptions,
  ): Stream<R>
  aggregate<Acc, Out>(
    aggregate: AggregateFunction<T, Acc, Out>,
    options?: OperatorOptions,
  ): Stream<Out>
  aggregate(
    aggregate: AggregateFunction<T, unknown, unknown>,
    resultOrOptions?: ((result: unknown, key: K) => unknown) | OperatorOptions,
    moreOptions?: OperatorOptions,
  ): Stream<unknown> {
    requireAggregate(aggregate, 'aggregate')
    const { result, options } = splitResultAndOptions(resultOrOptions, moreOptions, 'aggregate')
    const port = this.#builder.add({
      // The graph does not know the types of records.
      operator: {
        kind: 'aggregate',
        key: this.#selector,
        aggregate: aggregate as AggregateFunction<unknown, unknown, unknown>,
        result,
      },
      inputs: this.#ports,
      defaultName: 'aggregate',
      options,
    })
    return new Stream(this.#builder, [port])
  }

  /**
   * Each record through a function with states and timers of its key (Flink's KeyedProcessFunction). Errors: `INVALID_ARGUMENT`,
   * `DUPLICATE_STATE`.
   *
   * @param definition shared by all subtasks of a slot: it must keep nothing between two calls but in the states it declares
   * @example
   * orders
   *   .keyBy((order) => order.customer)
   *   .process({
   *     state: { count: valueState<number>() },
   *     processRecord(order, context, emit: Emit<string>) {
   *       const count = (context.state.count.get() ?? 0) + 1
   *       context.state.count.set(count)
   *       if (count === 10) emit(`${context.key} has ordered ten times`)
   *     },
   *   })
   */
  process<R = never, S extends KeyedStates = NoStates, OS extends OperatorStates = NoStates>(
    definition: KeyedProcessDefinition<K, T, R, S, OS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    const port = addProcess({
      builder: this.#builder,
      type: 'keyed process',
      definition,
      options,
      inputs: [{ ports: this.#ports, key: this.#selector, record: 'processRecord' }],
    })
    return new Stream<R>(this.#builder, [port])
  }

  /**
   * Leads this stream and another one with keys of the same type into one operator, where records of equal keys meet; or this stream
   * and a broadcast one. Throws STREAM_WITHOUT_KEY for a stream without keys, FOREIGN_STREAM for one of another environment.
   *
   * @example
   * orders
   *   .keyBy((order) => order.customer)
   *   .connect(payments.keyBy((payment) => payment.account))
   *   .map((order) => order.amount, (payment) => -payment.amount)
   */
  connect<U>(other: KeyedStream<K, U>): KeyedConnectedStreams<K, T, U>
  connect<V, B extends BroadcastStates>(
    other: BroadcastStream<V, B>,
  ): KeyedBroadcastConnectedStream<K, T, V, B>
  connect(
    other: KeyedStream<K, unknown> | BroadcastStream<unknown, BroadcastStates>,
  ):
    | KeyedConnectedStreams<K, T, unknown>
    | KeyedBroadcastConnectedStream<K, T, unknown, BroadcastStates> {
    const builder = this.#builder
    const mine = { ports: this.#ports, key: this.#selector }
    const side = otherSide(other, builder, true)
    return side.kind === 'stream'
      ? new KeyedConnectedStreams({ builder, first: mine, second: side.input })
      : new KeyedBroadcastConnectedStream({ stream: mine, broadcast: side.broadcast })
  }

  /**
   * Pairs the records of two keyed streams that have equal keys and fall into the same window. Errors: INVALID_ARGUMENT,
   * STREAM_WITHOUT_KEY, FOREIGN_STREAM.
   *
   * @param other its keys are compared with those of this stream
   * @example
   * orders
   *   .keyBy((order) => order.customer)
   *   .join(payments.keyBy((payment) => payment.account))
   *   .window(tumbling(60_000))
   *   .left((order, payment) => ({ ordered: order.amount, paid: payment?.amount ?? 0 }))
   */
  join<B>(other: KeyedStream<K, B>): JoinedStreams<K, T, B> {
    const parts = partsOfKeyedStream(this as unknown as KeyedStream<never, never>)
    return new JoinedStreams(parts, joinInputs(other, parts, 'join'))
  }

  /** The same, with all records of both sides of a key and window at once; see `CoGroupedWindows`. */
  coGroup<B>(other: KeyedStream<K, B>): CoGroupedStreams<K, T, B> {
    const parts = partsOfKeyedStream(this as unknown as KeyedStream<never, never>)
    return new CoGroupedStreams(parts, joinInputs(other, parts, 'coGroup'))
  }

  /**
   * Joins each record with those of another keyed stream that have its key and are near it in event time. Errors: `INVALID_JOIN`,
   * `STREAM_WITHOUT_KEY`, `FOREIGN_STREAM`.
   *
   * @example
   * orders
   *   .keyBy((order) => order.id)
   *   .intervalJoin(payments.keyBy((payment) => payment.order), { lowerMs: 0, upperMs: 3_600_000 })
   *   .inner((order, payment) => ({ ...order, payment }))
   */
  intervalJoin<U>(
    right: KeyedStream<K, U>,
    options: IntervalJoinOptions<T, U>,
  ): IntervalJoinedStreams<K, T, U> {
    const left = { builder: this.#builder, ports: this.#ports, key: this.#selector }
    return intervalJoined(left, right, options)
  }

  /**
   * Cuts the records of each key into windows.
   *
   * @param assigner which windows a record belongs to: `tumbling`, `sliding`, `session`, `globalWindow`, `endOfStream`, or your own
   * @example
   * flights.keyBy((flight) => flight.origin).window(tumbling(3_600_000)).aggregate(count())
   */
  window(assigner: WindowAssigner<T>): WindowedStream<K, T> {
    requireAssigner(assigner, 'window')
    return new WindowedStream<K, T>({
      builder: this.#builder,
      ports: this.#ports,
      key: this.#selector,
      assigner,
    })
  }

  /**
   * Windows of `size` records of a key; with a `slide`, the last `size` records every `slide` records. Results have the time
   * +Infinity (as in Flink). Errors: `INVALID_WINDOW`.
   *
   * @example
   * orders.keyBy((order) => order.customer).countWindow(10).aggregate(mean((order) => order.amount))
   */
  countWindow(size: number, slide?: number): WindowedStream<K, T> {
    const { assigner, trigger, evictor } = countWindow(size, slide)
    const windows = this.window(assigner).trigger(trigger)
    return evictor === undefined ? windows : windows.evictor(evictor)
  }
}
