/**
 * The handles by which user code reads and writes state.
 *
 * A handle of keyed state shows the value of the key whose record or timer is being processed: it is valid only inside such a call.
 * Synchronous, and only on the slot's thread. What is put in belongs to the state: do not change it afterwards without putting it
 * in again.
 */

/** One value per key. */
export interface ValueState<T> {
  /** The value; without one what `initial` of the descriptor returns, or undefined. */
  get(): T | undefined
  /** Replaces the value. Undefined clears it (as Flink's `update(null)`). */
  set(value: T): void
  clear(): void
}

/** The same of a descriptor with `initial`: there is always a value. */
export interface InitializedValueState<T> extends ValueState<T> {
  get(): T
}

/** A list per key, or of the operator. */
export interface ListState<T> {
  /**
   * The elements in the order in which they were added; empty where there are none. Not to be changed: it may be the stored list
   * itself, to which later calls of `add` add.
   */
  get(): readonly T[]
  add(element: T): void
  addAll(elements: Iterable<T>): void
  /** Replaces all elements. */
  set(elements: Iterable<T>): void
  clear(): void
}

/** A map per key. Its own keys are whatever can be a key of a stream (see `keyBy`); equal ones are one. */
export interface MapState<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  has(key: K): boolean
  /** Whether there was such an entry. */
  delete(key: K): boolean
  /** Number of entries. Counted one by one where the state has a time to live. */
  readonly size: number
  /** In no particular order. Composite keys are new objects, equal to those that were put in. */
  entries(): Iterable<[K, V]>
  keys(): Iterable<K>
  values(): Iterable<V>
  clear(): void
}

/** A value per key into which others are combined. */
export interface ReducingState<T> {
  get(): T | undefined
  add(value: T): void
  clear(): void
}

/** An accumulator per key. */
export interface AggregatingState<In, Out> {
  /** The result so far; undefined where nothing was added. */
  get(): Out | undefined
  add(value: In): void
  clear(): void
}

/** What the side without broadcast records may do with broadcast state: read it. */
export interface ReadOnlyBroadcastState<K, V> {
  get(key: K): V | undefined
  has(key: K): boolean
  readonly size: number
  entries(): Iterable<[K, V]>
}

/** A map that every subtask keeps for itself and that is the same in all of them, because all see the same broadcast records. */
export interface BroadcastState<K, V> extends ReadOnlyBroadcastState<K, V> {
  set(key: K, value: V): void
  delete(key: K): boolean
  clear(): void
}
