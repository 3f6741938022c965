/**
 * `Stream`: records on their way through a job, as the user writes it down.
 *
 * Nothing flows while a job is built: every call adds an operator to the graph of the environment
 * and returns the stream that leaves it. Functions given here run later, in the subtasks, on any
 * slot: they may use what their module holds, but share nothing between subtasks. `stream`,
 * `keyed-stream` and `windowed-stream` know each other; that cycle is only followed inside methods.
 */
import type { AsyncFunction } from '../operators/async/async-function.ts'
import { DEAD_LETTERS } from '../operators/bad-records.ts'
import type { DeadLetter } from '../operators/bad-records.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import type { BroadcastStates, NoStates, OperatorStates } from '../operators/process/contexts.ts'
import type { Sink } from '../operators/sink.ts'
import type { WatermarkStrategy } from '../operators/time/watermarks.ts'
import { countWindow } from '../operators/windows/global-window.ts'
import type { WindowAssigner } from '../operators/windows/window-assigner.ts'
import { addAsync } from './async-io.ts'
import type { FlatMapAsyncOptions, MapAsyncOptions } from './async-io.ts'
import { BroadcastConnectedStream, BroadcastStream } from './broadcast-stream.ts'
import {
  buildErrorHere,
  describeValue,
  requireFunction,
  requireMethods,
  requireText,
} from './build-error.ts'
import { otherSide } from './connect.ts'
import { ConnectedStreams } from './connected-streams.ts'
import type { GraphBuilder, Port } from './graph-builder.ts'
import type { OperatorDescription, Partitioning } from './graph.ts'
import { KeyedStream } from './keyed-stream.ts'
import type { Key } from './keyed-stream.ts'
import type { OperatorOptions } from './operator-options.ts'
import { refuseAlignment, requireAssigner, requireWatermarks } from './operator-checks.ts'
import type { ProcessDefinition } from './process-function.ts'
import { addProcess } from './process-node.ts'
import { AllWindowedStream } from './all-windowed-stream.ts'

/** What the other files of this folder need to add operators behind a stream. */
export interface StreamParts {
  readonly builder: GraphBuilder
  readonly ports: readonly Port[]
}

/** The graph and the ports behind a stream; not part of the public interface. */
export let partsOfStream: (stream: Stream<never>) => StreamParts

/**
 * Records of type `T`. Comes from `env.from(source)` and from the methods here.
 *
 * @example
 * env
 *   .from(jsonLinesSource<Order>({ path: 'orders.jsonl' }))
 *   .filter((order) => order.amount > 100)
 *   .map((order) => order.customer)
 *   .to(consoleSink())
 */
export class Stream<T> {
  static {
    partsOfStream = (stream) => ({ builder: stream.#builder, ports: stream.#ports })
  }

  readonly #builder: GraphBuilder
  readonly #ports: readonly Port[]

  /** @internal Streams come from an environment and from other streams. */
  constructor(builder: GraphBuilder, ports: readonly Port[]) {
    this.#builder = builder
    this.#ports = ports
  }

  /**
   * One record out for each record in.
   *
   * @param fn gets the record and its event time in ms (`-Infinity` for none); the new record keeps
   *   that time. It must not wait: a promise would be the record
   * @example
   * orders.map((order) => ({ ...order, total: order.price * order.count }))
   */
  map<R>(fn: (value: T, timestamp: number) => R, options: OperatorOptions = {}): Stream<R> {
    requireFunction(fn, 'map: the function')
    return this.#then({ kind: 'map', fn }, options)
  }

  /**
   * Keeps the records for which `fn` answers true. A type guard narrows the stream.
   *
   * @example
   * shapes.filter((shape) => shape.kind === 'circle').map((circle) => circle.radius)
   */
  filter<S extends T>(
    fn: (value: T, timestamp: number) => value is S,
    options?: OperatorOptions,
  ): Stream<S>
  filter(fn: (value: T, timestamp: number) => boolean, options?: OperatorOptions): Stream<T>
  filter(fn: (value: T, timestamp: number) => boolean, options: OperatorOptions = {}): Stream<T> {
    requireFunction(fn, 'filter: the function')
    return this.#then({ kind: 'filter', fn }, options)
  }

  /**
   * Any number of records out for each record in.
   *
   * @param fn returns an array or any other iterable, which is read to its end at once
   * @example
   * lines.flatMap((line) => line.split(' '))
   */
  flatMap<R>(
    fn: (value: T, timestamp: number) => Iterable<R>,
    options: OperatorOptions = {},
  ): Stream<R> {
    requireFunction(fn, 'flatMap: the function')
    return this.#then({ kind: 'flatMap', fn }, options)
  }

  /**
   * One record out for each record in, from a function that takes time: it asks a service or a database, with many records in
   * flight at once (Flink's AsyncDataStream).
   *
   * After a restart, records that were in flight are asked for again.
   *
   * @param fn returns a promise of the new record, which keeps the time of the old one
   * @param options in which order results leave, how many records are in flight, timeout and retries
   * @example
   * flights.mapAsync(
   *   async ({ origin }, { signal }) => (await fetch(`https://example.org/weather/${origin}`, { signal })).json(),
   *   { order: 'unordered', capacity: 50, timeoutMs: 2_000, retry: fixedDelay({ attempts: 3, delayMs: 100 }) },
   * )
   */
  mapAsync<R>(fn: AsyncFunction<T, R>, options: MapAsyncOptions<T, R> = {}): Stream<R> {
    const port = addAsync(this.#parts, 'mapAsync', fn, options)
    return new Stream<R>(this.#builder, [port])
  }

  /**
   * The same for any number of records out.
   *
   * @param fn returns a promise of an array or any other iterable
   * @example
   * orders.flatMapAsync(async (order) => [order.customer, `${order.customer}'s friend`])
   */
  flatMapAsync<R>(
    fn: AsyncFunction<T, Iterable<R>>,
    options: FlatMapAsyncOptions<T, R> = {},
  ): Stream<R> {
    const port = addAsync(this.#parts, 'flatMapAsync', fn, options)
    return new Stream<R>(this.#builder, [port])
  }

  /**
   * Gives every record its event time.
   *
   * @param timestamp milliseconds since 1970; gets the record and the time it had
   * @param watermarks how far event time has come, from the new times; default: watermarks pass
   *   through as they are, which is right only where the new times are no smaller than the old ones
   * @example
   * orders.assignTimestamps((order) => order.placedAt, boundedOutOfOrderness(5_000))
   */
  assignTimestamps(
    timestamp: (value: T, timestamp: number) => number,
    watermarks?: WatermarkStrategy<NoInfer<T>>,
    options: OperatorOptions = {},
  ): Stream<T> {
    requireFunction(timestamp, 'assignTimestamps: the timestamp function')
    if (watermarks !== undefined) {
      requireWatermarks(watermarks, 'assignTimestamps')
      refuseAlignment(watermarks, 'assignTimestamps')
    }
    return this.#then({ kind: 'timestamps', timestamp, watermarks }, options)
  }

  /**
   * All records of one key go to one subtask, so that it can keep state for the key. -0 and 0 are one key, as are objects with the same fields
   * in another order, also inside of others. Functions that see the key beside its record see it as the selector gave it, but for a -0 by itself.
   *
   * @param selector must always give the same key for the same record
   * @example
   * flights.keyBy((flight) => flight.origin)
   */
  keyBy<const K extends Key>(selector: (value: T) => K): KeyedStream<K, T> {
    requireFunction(selector, 'keyBy: the selector')
    return new KeyedStream<K, T>(
      this.#builder,
      this.#repartition({ kind: 'key', selector }),
      selector,
    )
  }

  /**
   * The records of this stream and of the others, in no particular order between them. The same
   * stream twice gives each record twice.
   *
   * @param others streams of the same environment; throws FOREIGN_STREAM otherwise
   * @example
   * web.union(mobile, kiosk)
   */
  union<U>(...others: readonly Stream<U>[]): Stream<T | U> {
    const ports = [...this.#ports]
    for (const other of others) {
      if (!(other instanceof Stream)) {
        throw buildErrorHere(
          'INVALID_ARGUMENT',
          `union: expected streams, got ${describeValue(other)}`,
        )
      }
      if (other.#builder !== this.#builder) {
        throw buildErrorHere(
          'FOREIGN_STREAM',
          'union: the streams belong to different environments; a job has one',
        )
      }
      ports.push(...other.#ports)
    }
    return new Stream(this.#builder, ports)
  }

  /**
   * Subtask i hands its records to subtask i of the next operator. This is what happens anyway
   * between operators of equal parallelism; said here, another parallelism is an error
   * (FORWARD_PARALLELISM).
   */
  forward(): Stream<T> {
    return this.#partitioned({ kind: 'forward' })
  }

  /** Deals records out evenly, one after the other, to all subtasks of the next operator. */
  rebalance(): Stream<T> {
    return this.#partitioned({ kind: 'rebalance' })
  }

  /**
   * Deals records out evenly to a few subtasks of the next operator: with parallelism 2 before and 4 behind, the first subtask
   * serves the first two, the second the others. Fewer channels than `rebalance`, which joins each with all (Flink's rescale).
   */
  rescale(): Stream<T> {
    return this.#partitioned({ kind: 'rescale' })
  }

  /**
   * Sends records, batch by batch, to the subtask of the next operator that has least waiting, so that a slow one holds nobody up
   * (Flink's adaptive partitioner). For records of very unequal cost, or subtasks of unequal speed.
   */
  rebalanceToIdlest(): Stream<T> {
    return this.#partitioned({ kind: 'idlest' })
  }

  /** Sends each record to a random subtask of the next operator. */
  shuffle(): Stream<T> {
    return this.#partitioned({ kind: 'shuffle' })
  }

  /** Sends every record to every subtask of the next operator. */
  broadcast(): Stream<T>
  /**
   * The same, for broadcast state: `other.connect(this)` keeps these states in every subtask.
   *
   * @param states by the names under which contexts have them
   * @example
   * const rules = lines.broadcast({ rules: broadcastState<string, string>() })
   * orders.connect(rules).process({
   *   processRecord(order, context, emit: Emit<Order>) {
   *     if (!context.broadcast.rules.has(order.customer)) emit(order)
   *   },
   *   processBroadcast(line, context) {
   *     context.broadcast.rules.set(line, 'blocked')
   *   },
   * })
   */
  broadcast<B extends BroadcastStates>(states: B): BroadcastStream<T, B>
  broadcast(states?: BroadcastStates): Stream<T> | BroadcastStream<T, BroadcastStates> {
    const ports = this.#repartition({ kind: 'broadcast' })
    return states === undefined
      ? new Stream<T>(this.#builder, ports)
      : new BroadcastStream<T, BroadcastStates>(this.#builder, ports, states)
  }

  /** Sends all records to the first subtask of the next operator. */
  global(): Stream<T> {
    return this.#partitioned({ kind: 'global' })
  }

  /**
   * Sends each record where `fn` says.
   *
   * @param fn gets the record and the number of subtasks of the next operator; returns an index, 0
   *   to channels - 1
   * @example
   * orders.partition((order, channels) => order.region % channels).map(price)
   */
  partition(fn: (value: T, channels: number) => number): Stream<T> {
    requireFunction(fn, 'partition: the function')
    return this.#partitioned({ kind: 'custom', fn })
  }

  /**
   * Each record through a function that may emit any number of records, send others to side outputs, count and log (Flink's
   * ProcessFunction). States and timers per key need `keyBy` before. Errors: `INVALID_ARGUMENT`, `STATE_WITHOUT_KEY`,
   * `TIMERS_WITHOUT_KEY`, `DUPLICATE_STATE`.
   *
   * @param definition shared by all subtasks of a slot: it must keep nothing between two calls
   * @example
   * orders.process({
   *   processRecord(order, context, emit: Emit<string>) {
   *     if (order.amount > 0) emit(order.customer)
   *     else context.counter('empty orders').value++
   *   },
   * })
   */
  process<R = never, OS extends OperatorStates = NoStates>(
    definition: ProcessDefinition<T, R, OS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    const port = addProcess({
      builder: this.#builder,
      type: 'process',
      definition,
      options,
      inputs: [{ ports: this.#ports, record: 'processRecord' }],
    })
    return new Stream<R>(this.#builder, [port])
  }

  /**
   * Leads this stream and another one into one operator, each through a function of its own. Throws STREAM_WITHOUT_KEY for a keyed
   * stream, FOREIGN_STREAM for one of another environment.
   *
   * @param other a stream of any type, or a broadcast stream
   * @example
   * orders.connect(payments).map((order) => order.amount, (payment) => -payment.amount)
   */
  connect<U>(other: Stream<U>): ConnectedStreams<T, U>
  connect<V, B extends BroadcastStates>(
    other: BroadcastStream<V, B>,
  ): BroadcastConnectedStream<T, V, B>
  connect(
    other: Stream<unknown> | BroadcastStream<unknown, BroadcastStates>,
  ): ConnectedStreams<T, unknown> | BroadcastConnectedStream<T, unknown, BroadcastStates> {
    const builder = this.#builder
    const mine = { ports: this.#ports, key: undefined }
    const side = otherSide(other, builder, false)
    return side.kind === 'stream'
      ? new ConnectedStreams({ builder, first: mine, second: side.input })
      : new BroadcastConnectedStream({ stream: mine, broadcast: side.broadcast })
  }

  /**
   * Windows over all records, without keys: one subtask does all the work.
   *
   * @example
   * results.windowAll(endOfStream()).aggregate(topN(10, byDelay))
   */
  windowAll(assigner: WindowAssigner<T>): AllWindowedStream<T> {
    requireAssigner(assigner, 'windowAll')
    return new AllWindowedStream<T>({
      builder: this.#builder,
      ports: this.#ports,
      key: undefined,
      assigner,
    })
  }

  /**
   * Windows of `size` records, whatever their key; with a `slide`, the last `size` records every `slide` records. One subtask does all
   * the work. Errors: `INVALID_WINDOW`.
   *
   * @example
   * readings.countWindowAll(100).aggregate(max((reading) => reading.celsius))
   */
  countWindowAll(size: number, slide?: number): AllWindowedStream<T> {
    const { assigner, trigger, evictor } = countWindow(size, slide)
    const windows = this.windowAll(assigner).trigger(trigger)
    return evictor === undefined ? windows : windows.evictor(evictor)
  }

  /**
   * Ends the stream in a sink. A stream can have several ends.
   *
   * @example
   * results.to(jsonLinesSink({ path: 'results.jsonl' }), { parallelism: 1 })
   */
  to(sink: Sink<T>, options: OperatorOptions = {}): void {
    requireMethods(sink, ['open'], 'to: the argument', 'a Sink')
    requireText(sink.name, 'to: the name of the sink')
    this.#builder.add({
      // The graph does not know the types of records.
      operator: { kind: 'sink', sink: sink as Sink<unknown> },
      inputs: this.#ports,
      defaultName: sink.name,
      options,
      parallelismLimit: sink.maxParallelism,
    })
  }

  /**
   * Hands the records to whoever runs the job, as an async iterable with this name. The job waits
   * while nobody takes them.
   *
   * @param name unique in the job; throws DUPLICATE_COLLECT otherwise
   * @example
   * totals.collect('totals')
   * // where the job is run:
   * for await (const total of handle.collect('totals')) console.log(total)
   */
  collect(name: string, options: Pick<OperatorOptions, 'uid'> = {}): void {
    requireText(name, 'collect: the name')
    this.#builder.add({
      operator: { kind: 'collect', name },
      inputs: this.#ports,
      defaultName: `collect(${name})`,
      options,
      parallelismLimit: 1,
    })
  }

  /**
   * The records that the operator before this point sends to a side output.
   *
   * Only directly behind that operator; throws NO_SIDE_OUTPUT elsewhere. Records of a side output that nobody reads are dropped.
   */
  sideOutput<U>(tag: OutputTag<U>): Stream<U> {
    requireText(tag?.name, 'sideOutput: the name of the tag')
    const [port, ...more] = this.#ports
    if (port === undefined || more.length > 0 || port.tag !== undefined) {
      throw buildErrorHere(
        'NO_SIDE_OUTPUT',
        `sideOutput('${tag.name}'): a union of streams, or a side output itself, has no side outputs; ask the stream of the operator`,
      )
    }
    return new Stream<U>(this.#builder, [
      { node: port.node, partitioning: { kind: 'default' }, tag: tag.name },
    ])
  }

  /**
   * The records that the operator before this point could not process, with their errors. Needs `onError: 'deadLetter'` there.
   *
   * @example
   * const objects = lines.map((line) => JSON.parse(line), { onError: 'deadLetter' })
   * objects.deadLetters().to(jsonLinesSink({ path: 'unreadable.jsonl' }))
   */
  deadLetters(): Stream<DeadLetter> {
    return this.sideOutput<DeadLetter>({ name: DEAD_LETTERS })
  }

  #then<R>(operator: OperatorDescription, options: OperatorOptions): Stream<R> {
    const port = this.#builder.add({
      operator,
      inputs: this.#ports,
      defaultName: operator.kind,
      options,
    })
    return new Stream<R>(this.#builder, [port])
  }

  get #parts(): StreamParts {
    return { builder: this.#builder, ports: this.#ports }
  }

  #partitioned(partitioning: Partitioning): Stream<T> {
    return new Stream<T>(this.#builder, this.#repartition(partitioning))
  }

  #repartition(partitioning: Partitioning): readonly Port[] {
    return this.#ports.map((port) => ({ ...port, partitioning }))
  }
}

/*
 * These need a key and exist on keyed streams only. The types say so; JavaScript would only say "is not a function".
 */
for (const method of ['window', 'reduce', 'aggregate']) {
  Object.defineProperty(Stream.prototype, method, {
    value: (): never => {
      throw buildErrorHere(
        'STREAM_WITHOUT_KEY',
        `${method} needs a key: call .keyBy(selector) first, or use .windowAll(assigner) for all records together`,
      )
    },
  })
}
