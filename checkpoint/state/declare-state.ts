/**
 * The functions by which users declare state. They check what they are given and return plain, frozen descriptors; which values the
 * state has is the operator's affair. Pure, any thread.
 *
 * All of them throw `INVALID_STATE`: for a `name` that is not a string with characters, a `version` that is not a whole number
 * from 1, anything but functions for functions, and a `ttl` that is not as `StateTtl` says.
 */
import type { AggregateFunction } from '../aggregate-function.ts'
import {
  checkAggregate,
  checkFunction,
  checkKeyedOptions,
  checkOperatorOptions,
} from './state-checks.ts'
import type {
  AggregatingStateDescriptor,
  BroadcastStateDescriptor,
  InitializedValueStateDescriptor,
  KeyedStateOptions,
  ListStateDescriptor,
  MapStateDescriptor,
  OperatorListStateDescriptor,
  ReducingStateDescriptor,
  StateOptions,
  ValueStateDescriptor,
  ValueStateOptions,
} from './state-descriptors.ts'

/**
 * One value per key (Flink's ValueState). With `initial`, `get` never returns undefined.
 *
 * @example valueState<number>({ initial: () => 0, ttl: { ttlMs: 3_600_000 } })
 */
export function valueState<T>(
  options: ValueStateOptions<T> & { readonly initial: () => T },
): InitializedValueStateDescriptor<T>
export function valueState<T>(options?: ValueStateOptions<T>): ValueStateDescriptor<T>
export function valueState<T>(options: ValueStateOptions<T> = {}): ValueStateDescriptor<T> {
  checkKeyedOptions('valueState', options)
  if (options.initial !== undefined)
    checkFunction('valueState', 'initial', options.initial, 'a function that returns the value')
  return Object.freeze({ ...options, kind: 'value' })
}

/**
 * A list per key (Flink's ListState). With a ttl every element has its own.
 *
 * @example listState<string>()
 */
export function listState<T>(options: KeyedStateOptions<T> = {}): ListStateDescriptor<T> {
  checkKeyedOptions('listState', options)
  return Object.freeze({ ...options, kind: 'list' })
}

/**
 * A map per key (Flink's MapState). With a ttl every entry has its own.
 *
 * @example mapState<string, number>()
 */
export function mapState<K, V>(options: KeyedStateOptions<V> = {}): MapStateDescriptor<K, V> {
  checkKeyedOptions('mapState', options)
  return Object.freeze({ ...options, kind: 'map' })
}

/**
 * A value per key into which others are combined (Flink's ReducingState). `reduce` gets what there is and what is added; it may
 * change and return the first.
 *
 * @example reducingState((a: number, b: number) => Math.max(a, b))
 */
export function reducingState<T>(
  reduce: (a: T, b: T) => T,
  options: KeyedStateOptions<T> = {},
): ReducingStateDescriptor<T> {
  checkFunction('reducingState', 'reduce', reduce, 'a function (a, b) => combined')
  checkKeyedOptions('reducingState', options)
  return Object.freeze({ ...options, kind: 'reducing', reduce })
}

/**
 * An accumulator per key (Flink's AggregatingState). `merge` of the aggregate is not used.
 *
 * @example aggregatingState(average((order: Order) => order.price))
 */
export function aggregatingState<In, Acc, Out>(
  aggregate: AggregateFunction<In, Acc, Out>,
  options: KeyedStateOptions<Acc> = {},
): AggregatingStateDescriptor<In, Acc, Out> {
  checkAggregate('aggregatingState', aggregate)
  checkKeyedOptions('aggregatingState', options)
  return Object.freeze({ ...options, kind: 'aggregating', aggregate })
}

/**
 * A list of each subtask without a key. When it is restored by more or fewer subtasks, the elements of all are dealt out evenly (Flink's
 * `getListState` of operator state).
 */
export function splitListState<T>(options: StateOptions<T> = {}): OperatorListStateDescriptor<T> {
  checkOperatorOptions('splitListState', options)
  return Object.freeze({ ...options, kind: 'split-list' })
}

/**
 * A list of each subtask without a key. When it is restored, every subtask gets the elements of all (Flink's `getUnionListState`).
 * What a subtask keeps of them it writes again: keep only what is its own, or the list grows with every restart.
 */
export function unionListState<T>(options: StateOptions<T> = {}): OperatorListStateDescriptor<T> {
  checkOperatorOptions('unionListState', options)
  return Object.freeze({ ...options, kind: 'union-list' })
}

/** A map without a key that is the same in every subtask, since all get the same broadcast records (Flink's BroadcastState). */
export function broadcastState<K, V>(
  options: StateOptions<V> = {},
): BroadcastStateDescriptor<K, V> {
  checkOperatorOptions('broadcastState', options)
  return Object.freeze({ ...options, kind: 'broadcast' })
}
