/**
 * State without keys: lists and broadcast maps, and how the items of the old subtasks fall to the new ones. Stored one item per
 * element of a list, and per entry of a map as `[canonical key, value]`.
 */
import { canonicalKey, originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { detachKey } from '../detach.ts'
import { DamagedFieldsError } from './entry-form.ts'
import { upgradeFrom } from './migration.ts'
import type { OperatorPart, Redistribution } from './state-backend.ts'
import type { ShownEntry, StatePart } from './state-part.ts'
import type { BroadcastStateDescriptor, OperatorListStateDescriptor } from './state-descriptors.ts'
import type { BroadcastState, ListState } from './states.ts'

/** A list of the operator, which is also its part of the snapshot. */
export class HeapOperatorList<T> implements ListState<T>, OperatorPart, StatePart {
  readonly name: string
  readonly kind: string
  readonly version: number
  readonly readsOlder: boolean
  readonly redistribution: Redistribution
  readonly #descriptor: OperatorListStateDescriptor<T>
  #elements: T[] = []

  constructor(name: string, descriptor: OperatorListStateDescriptor<T>) {
    this.name = name
    this.kind = descriptor.kind
    this.version = descriptor.version ?? 1
    this.readsOlder = descriptor.migrate !== undefined
    this.redistribution = descriptor.kind === 'split-list' ? 'split' : 'union'
    this.#descriptor = descriptor
  }

  get(): readonly T[] {
    return this.#elements
  }

  add(element: T): void {
    this.#elements.push(element)
  }

  addAll(elements: Iterable<T>): void {
    // A copy first, for it may be this very list.
    const added = [...elements]
    for (const element of added) this.#elements.push(element)
  }

  set(elements: Iterable<T>): void {
    this.#elements = [...elements]
  }

  clear(): void {
    this.#elements = []
  }

  snapshot(): readonly unknown[] {
    return this.#elements
  }

  restore(items: readonly unknown[], version: number): void {
    const upgrade = upgradeFrom(this.#descriptor, version)
    this.#elements = items.map((item) => upgrade(item) as T)
  }

  pathInValue(path: readonly (string | number)[]): readonly (string | number)[] {
    return path
  }

  *show(): Iterable<ShownEntry> {
    if (this.#elements.length > 0)
      yield { state: this.name, key: undefined, value: [...this.#elements] }
  }
}

/** A broadcast map, which is also its part of the snapshot. */
export class HeapBroadcastState<K, V> implements BroadcastState<K, V>, OperatorPart, StatePart {
  readonly name: string
  readonly kind = 'broadcast'
  readonly version: number
  readonly readsOlder: boolean
  readonly redistribution = 'broadcast'
  readonly #descriptor: BroadcastStateDescriptor<K, V>
  readonly #map = new Map<CanonicalKey, V>()

  constructor(name: string, descriptor: BroadcastStateDescriptor<K, V>) {
    this.name = name
    this.version = descriptor.version ?? 1
    this.readsOlder = descriptor.migrate !== undefined
    this.#descriptor = descriptor
  }

  get(key: K): V | undefined {
    return this.#map.get(canonicalKey(key))
  }

  has(key: K): boolean {
    return this.#map.has(canonicalKey(key))
  }

  get size(): number {
    return this.#map.size
  }

  *entries(): Iterable<[K, V]> {
    for (const [key, value] of this.#map) yield [originalKey(key) as K, value]
  }

  set(key: K, value: V): void {
    this.#map.set(detachKey(canonicalKey(key)), value)
  }

  delete(key: K): boolean {
    return this.#map.delete(canonicalKey(key))
  }

  clear(): void {
    this.#map.clear()
  }

  snapshot(): readonly unknown[] {
    return [...this.#map]
  }

  restore(items: readonly unknown[], version: number): void {
    const upgrade = upgradeFrom(this.#descriptor, version)
    for (const item of items) {
      if (!Array.isArray(item) || item.length !== 2)
        throw new DamagedFieldsError('a key and a value as item')
      const [key, value] = item as [CanonicalKey, unknown]
      this.#map.set(detachKey(key), upgrade(value) as V)
    }
  }

  pathInValue(path: readonly (string | number)[]): readonly (string | number)[] {
    return path.slice(1)
  }

  *show(): Iterable<ShownEntry> {
    if (this.#map.size > 0)
      yield { state: this.name, key: undefined, value: new Map(this.entries()) }
  }
}
