/**
 * What a user writes to declare a state: its kind, its type, how long it lives and how old forms of it are read.
 *
 * A descriptor is plain and immutable, and can be shared by operators: the state itself belongs to one operator, under the name
 * that it has there.
 */
import type { AggregateFunction } from '../aggregate-function.ts'
import type {
  AggregatingState,
  BroadcastState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from './states.ts'
import type { StateTtl } from './ttl.ts'

/** What all states can have. */
export interface StateOptions {
  /** The name in snapshots. Default: the name under which the operator declares it. */
  readonly name?: string
  /** Number of the form of the stored values, a whole number from 1. Default: 1. */
  readonly version?: number
  /**
   * Turns a stored value (of a list or a map: an element) of an older version into the present form. Without it an older version is
   * refused with `INCOMPATIBLE_STATE`.
   */
  readonly migrate?: (stored: unknown, version: number) => unknown
}

/** What keyed states can have besides. */
export interface KeyedStateOptions extends StateOptions {
  /** How long an entry lives. Default: until it is cleared. */
  readonly ttl?: StateTtl
}

/** A single value per key. */
export interface ValueStateDescriptor<T> extends KeyedStateOptions {
  readonly kind: 'value'
  /** What `get` returns for a key without a value. Default: undefined. */
  readonly initial?: () => T
}

/** A list per key. */
export interface ListStateDescriptor<T> extends KeyedStateOptions {
  readonly kind: 'list'
  readonly element?: T
}

/** A map per key. */
export interface MapStateDescriptor<K, V> extends KeyedStateOptions {
  readonly kind: 'map'
  readonly entry?: readonly [K, V]
}

/** A value per key into which others are combined. */
export interface ReducingStateDescriptor<T> extends KeyedStateOptions {
  readonly kind: 'reducing'
  readonly reduce: (a: T, b: T) => T
}

/** An accumulator per key. */
export interface AggregatingStateDescriptor<In, Acc, Out> extends KeyedStateOptions {
  readonly kind: 'aggregating'
  readonly aggregate: AggregateFunction<In, Acc, Out>
}

/** A list of the operator, dealt out anew (`split`) or given to every subtask (`union`) when it is restored. */
export interface OperatorListStateDescriptor<T> extends StateOptions {
  readonly kind: 'split-list' | 'union-list'
  readonly element?: T
}

/** A map of the operator that is the same in every subtask. */
export interface BroadcastStateDescriptor<K, V> extends StateOptions {
  readonly kind: 'broadcast'
  readonly entry?: readonly [K, V]
}

// oxlint-disable no-explicit-any -- "some descriptor" of any types; what the user sees has them all
/** Any descriptor of keyed state. */
export type KeyedStateDescriptor =
  | ValueStateDescriptor<any>
  | ListStateDescriptor<any>
  | MapStateDescriptor<any, any>
  | ReducingStateDescriptor<any>
  | AggregatingStateDescriptor<any, any, any>

/** Any descriptor of state without keys. */
export type OperatorStateDescriptor =
  | OperatorListStateDescriptor<any>
  | BroadcastStateDescriptor<any, any>
// oxlint-enable no-explicit-any

/** The handle that belongs to a descriptor. */
export type StateOf<D> =
  D extends ValueStateDescriptor<infer T>
    ? ValueState<T>
    : D extends ReducingStateDescriptor<infer T>
      ? ReducingState<T>
      : D extends AggregatingStateDescriptor<infer In, infer _Acc, infer Out>
        ? AggregatingState<In, Out>
        : D extends MapStateDescriptor<infer K, infer V>
          ? MapState<K, V>
          : D extends BroadcastStateDescriptor<infer K, infer V>
            ? BroadcastState<K, V>
            : D extends ListStateDescriptor<infer T> | OperatorListStateDescriptor<infer T>
              ? ListState<T>
              : never
