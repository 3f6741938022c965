/**
 * What `connect` returns for two streams: both go into one operator, each through a function of its own.
 *
 * Unlike a union, the streams keep their types and the operator knows which of them a record came from. Event time behind it is that
 * of the stream that is further behind.
 */
import type { KeyedStates, NoStates, OperatorStates } from '../operators/process/contexts.ts'
import { coFlatMap, coMap } from '../operators/process/co-map.ts'
import { requireFunction } from './build-error.ts'
import type { GraphBuilder, Port } from './graph-builder.ts'
import type { KeySelector, OperatorDescription } from './graph.ts'
import type { OperatorOptions } from './operator-options.ts'
import type { CoProcessDefinition, KeyedCoProcessDefinition } from './process-function.ts'
import { addProcess } from './process-node.ts'
import { Stream } from './stream.ts'

/** One of two streams that are connected. */
export interface ConnectedInput {
  readonly ports: readonly Port[]
  readonly key: KeySelector | undefined
}

/** What connected streams are made of. */
export interface ConnectedParts {
  readonly builder: GraphBuilder
  readonly first: ConnectedInput
  readonly second: ConnectedInput
}

/** What connected streams with and without keys have in common. */
abstract class AnyConnectedStreams<A, B> {
  protected readonly parts: ConnectedParts

  /** @internal Comes from `connect`. */
  constructor(parts: ConnectedParts) {
    this.parts = parts
  }

  /**
   * One record out for each record in, with its timestamp (Flink's CoMapFunction).
   *
   * @param first gets the records of the first stream, with their event time in ms (`-Infinity` for none)
   * @param second the same for the second stream
   * @example
   * orders.connect(payments).map((order) => order.amount, (payment) => -payment.amount)
   */
  map<R1, R2>(
    first: (value: A, timestamp: number) => R1,
    second: (value: B, timestamp: number) => R2,
    options: OperatorOptions = {},
  ): Stream<R1 | R2> {
    requireFunction(first, 'connect(…).map: the first function')
    requireFunction(second, 'connect(…).map: the second function')
    return this.#add<R1 | R2>(
      {
        kind: 'operator',
        type: 'co-map',
        create: () => coMap<A, B, R1 | R2>({ first, second }),
        facts: { 'first function': first, 'second function': second },
        stateless: true,
      },
      options,
    )
  }

  /**
   * Any number of records out for each record in, with its timestamp (Flink's CoFlatMapFunction).
   *
   * @param first returns an array or any other iterable, which is read to its end at once
   * @param second the same for the second stream
   * @example
   * words.connect(lines).flatMap((word) => [word], (line) => line.split(' '))
   */
  flatMap<R1, R2>(
    first: (value: A, timestamp: number) => Iterable<R1>,
    second: (value: B, timestamp: number) => Iterable<R2>,
    options: OperatorOptions = {},
  ): Stream<R1 | R2> {
    requireFunction(first, 'connect(…).flatMap: the first function')
    requireFunction(second, 'connect(…).flatMap: the second function')
    return this.#add<R1 | R2>(
      {
        kind: 'operator',
        type: 'co-flatMap',
        create: () => coFlatMap<A, B, R1 | R2>({ first, second }),
        facts: { 'first function': first, 'second function': second },
        stateless: true,
      },
      options,
    )
  }

  #add<R>(
    operator: OperatorDescription & { kind: 'operator' },
    options: OperatorOptions,
  ): Stream<R> {
    const { builder, first, second } = this.parts
    const port = builder.add({
      operator,
      inputs: first.ports,
      secondInputs: second.ports,
      defaultName: operator.type,
      options,
    })
    return new Stream<R>(builder, [port])
  }

  protected addProcess<R>(type: string, definition: object, options: OperatorOptions): Stream<R> {
    const { builder, first, second } = this.parts
    const port = addProcess({
      builder,
      type,
      definition,
      options,
      inputs: [
        { ...first, record: 'processRecord1' },
        { ...second, record: 'processRecord2' },
      ],
    })
    return new Stream<R>(builder, [port])
  }
}

/**
 * Two streams without keys. Comes from `stream.connect(other)`.
 *
 * @example
 * orders.connect(payments).map((order) => order.amount, (payment) => -payment.amount)
 */
export class ConnectedStreams<A, B> extends AnyConnectedStreams<A, B> {
  /**
   * Two functions with side outputs, counters and operator state (Flink's CoProcessFunction). Errors: `INVALID_ARGUMENT`,
   * `STATE_WITHOUT_KEY`, `TIMERS_WITHOUT_KEY`, `DUPLICATE_STATE`.
   */
  process<R = never, OS extends OperatorStates = NoStates>(
    definition: CoProcessDefinition<A, B, R, OS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.addProcess<R>('co-process', definition, options)
  }
}

/**
 * Two streams with keys of one type: records of equal keys meet. Comes from `keyed.connect(otherKeyed)`.
 *
 * @example
 * orders
 *   .keyBy((order) => order.customer)
 *   .connect(payments.keyBy((payment) => payment.account))
 *   .process({
 *     state: { open: valueState<number>() },
 *     processRecord1(order, context) {
 *       context.state.open.set((context.state.open.get() ?? 0) + order.amount)
 *     },
 *     processRecord2(payment, context, emit: Emit<string>) {
 *       const open = (context.state.open.get() ?? 0) - payment.amount
 *       context.state.open.set(open)
 *       if (open <= 0) emit(`${context.key} has paid`)
 *     },
 *   })
 */
export class KeyedConnectedStreams<K, A, B> extends AnyConnectedStreams<A, B> {
  /**
   * Two functions that share the states and timers of a key (Flink's KeyedCoProcessFunction). Errors: `INVALID_ARGUMENT`,
   * `DUPLICATE_STATE`.
   */
  process<R = never, S extends KeyedStates = NoStates, OS extends OperatorStates = NoStates>(
    definition: KeyedCoProcessDefinition<K, A, B, R, S, OS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    return this.addProcess<R>('keyed co-process', definition, options)
  }
}
