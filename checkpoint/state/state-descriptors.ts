/**
 * What a user writes to declare a state: its kind, its type, how long it lives and how old forms of it are read.
 *
 * A descriptor is plain and immutable, and can be shared by operators: the state itself belongs to one operator, under the name
 * that it has there. `declare-state.ts` makes them.
 */
import type { AggregateFunction } from '../aggregate-function.ts'
import type {
  AggregatingState,
  BroadcastState,
  InitializedValueState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from './states.ts'
import type { StateTtl } from './ttl.ts'

/** Names a property that no value has: by it the compiler knows which handle belongs to a descriptor. */
declare const HANDLE: unique symbol

/** What all states can have. `T` is what is stored: the value, an element of a list, a value of a map, an accumulator. */
export interface StateOptions<T = unknown> {
  /** The name in snapshots. Default: the name under which the operator declares it. */
  readonly name?: string
  /** Number of the form of the stored values, a whole number from 1. Default: 1. */
  readonly version?: number
  /**
   * Turns a stored value (of a list or a map: an element) of an older version into the present form. Without it an older version is
   * refused with `INCOMPATIBLE_STATE`.
   */
  readonly migrate?: (stored: unknown, version: number) => T
}

/** What keyed states can have besides. */
export interface KeyedStateOptions<T = unknown> extends StateOptions<T> {
  /** How long an entry lives. Default: until it is cleared. */
  readonly ttl?: StateTtl
}

/** The options of `valueState`. */
export interface ValueStateOptions<T> extends KeyedStateOptions<T> {
  /** Makes what `get` returns for a key without a value; it is not stored. Default: undefined. */
  readonly initial?: () => T
}

/** A single value per key. */
export interface ValueStateDescriptor<T, Handle = ValueState<T>> extends ValueStateOptions<T> {
  readonly kind: 'value'
  readonly [HANDLE]?: Handle
}

/** A single value per key that is never missing. */
export type InitializedValueStateDescriptor<T> = ValueStateDescriptor<T, InitializedValueState<T>>

/** A list per key. */
export interface ListStateDescriptor<T> extends KeyedStateOptions<T> {
  readonly kind: 'list'
  readonly [HANDLE]?: ListState<T>
}

/** A map per key. */
export interface MapStateDescriptor<K, V> extends KeyedStateOptions<V> {
  readonly kind: 'map'
  readonly [HANDLE]?: MapState<K, V>
}

/** A value per key into which others are combined. */
export interface ReducingStateDescriptor<T> extends KeyedStateOptions<T> {
  readonly kind: 'reducing'
  readonly reduce: (a: T, b: T) => T
  readonly [HANDLE]?: ReducingState<T>
}

/** An accumulator per key. */
export interface AggregatingStateDescriptor<In, Acc, Out> extends KeyedStateOptions<Acc> {
  readonly kind: 'aggregating'
  readonly aggregate: AggregateFunction<In, Acc, Out>
  readonly [HANDLE]?: AggregatingState<In, Out>
}

/** A list of the operator, dealt out anew (`split`) or given to every subtask (`union`) when it is restored. */
export interface OperatorListStateDescriptor<T> extends StateOptions<T> {
  readonly kind: 'split-list' | 'union-list'
  readonly [HANDLE]?: ListState<T>
}

/** A map of the operator that is the same in every subtask. */
export interface BroadcastStateDescriptor<K, V> extends StateOptions<V> {
  readonly kind: 'broadcast'
  readonly [HANDLE]?: BroadcastState<K, V>
}

// oxlint-disable no-explicit-any -- "some descriptor" of any types; what the user sees has them all
/** Any descriptor of keyed state. */
export type KeyedStateDescriptor =
  | ValueStateDescriptor<any, any>
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
export type StateOf<D> = D extends { readonly [HANDLE]?: infer Handle }
  ? NonNullable<Handle>
  : never
