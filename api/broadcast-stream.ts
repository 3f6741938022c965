/**
 * Broadcast state: a stream whose every record goes to all subtasks, which keep what it says in state that is the same everywhere.
 *
 * `rules.broadcast({ … })` makes the stream; `connect` joins another one with it. Event time behind the operator waits for both
 * streams, so the broadcast one needs watermarks, too (or a source that is idle).
 */
import type {
  BroadcastStates,
  KeyedStates,
  NoStates,
  OperatorStates,
} from '../operators/process/contexts.ts'
import type { GraphBuilder, Port } from './graph-builder.ts'
import type { OperatorOptions } from './operator-options.ts'
import type {
  BroadcastProcessDefinition,
  KeyedBroadcastProcessDefinition,
} from './process-function.ts'
import { checkBroadcastStates } from './process-checks.ts'
import type { DescriptorsByName } from './process-checks.ts'
import { addProcess } from './process-node.ts'
import type { ConnectedInput } from './connected-streams.ts'
import { Stream } from './stream.ts'

/** What a broadcast stream is made of. */
export interface BroadcastParts {
  readonly builder: GraphBuilder
  readonly ports: readonly Port[]
  readonly states: DescriptorsByName
}

/** The graph, the ports and the states behind a broadcast stream; not part of the public interface. */
export let partsOfBroadcastStream: (stream: BroadcastStream<never, never>) => BroadcastParts

/** A stream that goes to all subtasks, and the states `B` that are kept of it. Comes from `stream.broadcast(states)`. */
export class BroadcastStream<V, B extends BroadcastStates> {
  static {
    partsOfBroadcastStream = (stream) => stream.#parts
  }

  declare protected readonly types: readonly [V, B]
  readonly #parts: BroadcastParts

  /** @internal Comes from `Stream.broadcast`. */
  constructor(builder: GraphBuilder, ports: readonly Port[], states: B) {
    this.#parts = { builder, ports, states: checkBroadcastStates(states) }
  }
}

/** A stream beside a broadcast one. */
export interface BesideBroadcast {
  readonly stream: ConnectedInput
  readonly broadcast: BroadcastParts
}

/**
 * A stream without keys and a broadcast stream. Comes from `stream.connect(broadcastStream)`.
 */
export class BroadcastConnectedStream<T, V, B extends BroadcastStates> {
  readonly #parts: BesideBroadcast

  /** @internal Comes from `Stream.connect`. */
  constructor(parts: BesideBroadcast) {
    this.#parts = parts
  }

  /**
   * One function for the records, which reads the broadcast states, and one for the broadcast records, which changes them (Flink's
   * BroadcastProcessFunction). Errors: `INVALID_ARGUMENT`, `STATE_WITHOUT_KEY`, `TIMERS_WITHOUT_KEY`, `DUPLICATE_STATE`.
   */
  process<R = never, OS extends OperatorStates = NoStates>(
    definition: BroadcastProcessDefinition<T, V, R, B, OS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    return addBroadcastProcess<R>(this.#parts, 'broadcast process', definition, options)
  }
}

/**
 * A keyed stream and a broadcast stream. Comes from `keyed.connect(broadcastStream)`.
 */
export class KeyedBroadcastConnectedStream<K, T, V, B extends BroadcastStates> {
  readonly #parts: BesideBroadcast

  /** @internal Comes from `KeyedStream.connect`. */
  constructor(parts: BesideBroadcast) {
    this.#parts = parts
  }

  /**
   * The same as beside a stream without keys, with states and timers per key besides (Flink's KeyedBroadcastProcessFunction).
   * Errors: `INVALID_ARGUMENT`, `DUPLICATE_STATE`.
   */
  process<R = never, S extends KeyedStates = NoStates, OS extends OperatorStates = NoStates>(
    definition: KeyedBroadcastProcessDefinition<K, T, V, R, B, S, OS>,
    options: OperatorOptions = {},
  ): Stream<R> {
    return addBroadcastProcess<R>(this.#parts, 'keyed broadcast process', definition, options)
  }
}

function addBroadcastProcess<R>(
  { stream, broadcast }: BesideBroadcast,
  type: string,
  definition: object,
  options: OperatorOptions,
): Stream<R> {
  const { builder, ports, states } = broadcast
  const port = addProcess({
    builder,
    type,
    definition,
    options,
    inputs: [
      { ...stream, record: 'processRecord' },
      { ports, record: 'processBroadcast', broadcast: true },
    ],
    broadcast: states,
  })
  return new Stream<R>(builder, [port])
}
