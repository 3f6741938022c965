/**
 * A map per key. Stored as `[canonical keys, values]` or, with a ttl, `[canonical keys, values, times of their last refresh]`.
 *
 * A key whose map is empty has no entry.
 */
import { canonicalKey, originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { detachKey } from '../detach.ts'
import { arrayAt, DamagedFieldsError, timesAt } from './entry-form.ts'
import type { EntryForm, Upgrade } from './entry-form.ts'
import type { EntryTable, TableEntry } from './entry-table.ts'
import { Sweeper } from './expiry.ts'
import type { Expiry } from './expiry.ts'
import type { MapState } from './states.ts'

/** The map of a key. `V` is the user's value, or a cell with it. */
export interface MapEntry<V> extends TableEntry {
  readonly map: Map<CanonicalKey, V>
}

/** A value in a map, and when it was refreshed. */
export interface ExpiringValue<V> {
  readonly value: V
  time: number
}

/** A map whose entries live until they are deleted. */
export class HeapMapState<K, V> implements MapState<K, V>, EntryForm<MapEntry<V>> {
  readonly #table: EntryTable<MapEntry<V>>

  constructor(table: EntryTable<MapEntry<V>>) {
    this.#table = table
  }

  get(key: K): V | undefined {
    const canonical = canonicalKey(key)
    return this.#table.entry()?.map.get(canonical)
  }

  set(key: K, value: V): void {
    putInMap(this.#table, canonicalKey(key), value)
  }

  has(key: K): boolean {
    const canonical = canonicalKey(key)
    return this.#table.entry()?.map.has(canonical) ?? false
  }

  delete(key: K): boolean {
    const canonical = canonicalKey(key)
    const entry = this.#table.entry()
    if (entry === undefined || !entry.map.delete(canonical)) return false
    if (entry.map.size === 0) this.#table.remove()
    return true
  }

  get size(): number {
    return this.#table.entry()?.map.size ?? 0
  }

  *entries(): Iterable<[K, V]> {
    const entry = this.#table.entry()
    if (entry !== undefined)
      for (const [key, value] of entry.map) yield [originalKey(key) as K, value]
  }

  *keys(): Iterable<K> {
    const entry = this.#table.entry()
    if (entry !== undefined) for (const key of entry.map.keys()) yield originalKey(key) as K
  }

  *values(): Iterable<V> {
    const entry = this.#table.entry()
    if (entry !== undefined) yield* entry.map.values()
  }

  clear(): void {
    this.#table.remove()
  }

  write({ map }: MapEntry<V>): unknown[] {
    return [[...map.keys()], [...map.values()]]
  }

  read(fields: readonly unknown[], upgrade: Upgrade): MapEntry<V> | undefined {
    const map = new Map<CanonicalKey, V>()
    const { keys, values } = storedEntries(fields)
    keys.forEach((key, index) => map.set(detachKey(key), upgrade(values[index]) as V))
    return map.size === 0 ? undefined : { map, epoch: 0 }
  }

  isAlive(): boolean {
    return true
  }

  show({ map }: MapEntry<V>): unknown {
    return new Map(Array.from(map, ([key, value]) => [originalKey(key), value]))
  }
}

/** A map whose entries have a ttl each. */
export class ExpiringMapState<K, V>
  implements MapState<K, V>, EntryForm<MapEntry<ExpiringValue<V>>>
{
  readonly #table: EntryTable<MapEntry<ExpiringValue<V>>>
  readonly #expiry: Expiry
  readonly #sweeper: Sweeper

  constructor(table: EntryTable<MapEntry<ExpiringValue<V>>>, expiry: Expiry) {
    this.#table = table
    this.#expiry = expiry
    this.#sweeper = new Sweeper(expiry, (sweeper) => this.#walk(sweeper))
  }

  get(key: K): V | undefined {
    return this.#read(key)?.value
  }

  set(key: K, value: V): void {
    const time = this.#sweeper.access()
    putInMap(this.#table, canonicalKey(key), { value, time })
  }

  has(key: K): boolean {
    return this.#read(key) !== undefined
  }

  delete(key: K): boolean {
    const now = this.#sweeper.access()
    const entry = this.#table.entry()
    const canonical = canonicalKey(key)
    const cell = entry?.map.get(canonical)
    if (entry === undefined || cell === undefined) return false
    this.#drop(entry, canonical)
    return this.#expiry.returnsExpired || !this.#expiry.isExpired(cell.time, now)
  }

  get size(): number {
    const now = this.#sweeper.access()
    const entry = this.#table.entry()
    if (entry === undefined) return 0
    if (this.#expiry.returnsExpired) return entry.map.size
    let size = 0
    for (const { time } of entry.map.values()) if (!this.#expiry.isExpired(time, now)) size++
    return size
  }

  *entries(): Iterable<[K, V]> {
    for (const [key, { value }] of this.#readAll()) yield [originalKey(key) as K, value]
  }

  *keys(): Iterable<K> {
    for (const [key] of this.#readAll()) yield originalKey(key) as K
  }

  *values(): Iterable<V> {
    for (const [, { value }] of this.#readAll()) yield value
  }

  clear(): void {
    this.#sweeper.access()
    this.#table.remove()
  }

  write({ map }: MapEntry<ExpiringValue<V>>, now: number): unknown[] | undefined {
    const alive = this.#alive(map, now)
    if (alive.length === 0) return undefined
    return [
      alive.map(([key]) => key),
      alive.map(([, { value }]) => value),
      alive.map(([, { time }]) => time),
    ]
  }

  read(
    fields: readonly unknown[],
    upgrade: Upgrade,
    now: number,
  ): MapEntry<ExpiringValue<V>> | undefined {
    const { keys, values } = storedEntries(fields)
    const times = timesAt(fields, 2, { count: keys.length, otherwise: now })
    const map = new Map<CanonicalKey, ExpiringValue<V>>()
    keys.forEach((key, index) => {
      const time = times[index] as number
      if (this.#expiry.isExpired(time, now)) return
      map.set(detachKey(key), { value: upgrade(values[index]) as V, time })
    })
    return map.size === 0 ? undefined : { map, epoch: 0 }
  }

  isAlive({ map }: MapEntry<ExpiringValue<V>>): boolean {
    const now = this.#expiry.now()
    for (const { time } of map.values()) if (!this.#expiry.isExpired(time, now)) return true
    return false
  }

  show({ map }: MapEntry<ExpiringValue<V>>): unknown {
    const alive = this.#alive(map, this.#expiry.now())
    return new Map(alive.map(([key, { value }]) => [originalKey(key), value]))
  }

  #read(key: K): ExpiringValue<V> | undefined {
    const now = this.#sweeper.access()
    const entry = this.#table.entry()
    const canonical = canonicalKey(key)
    const cell = entry?.map.get(canonical)
    if (entry === undefined || cell === undefined) return undefined
    return this.#look(entry, canonical, { cell, now }) ? cell : undefined
  }

  *#readAll(): Iterable<[CanonicalKey, ExpiringValue<V>]> {
    const now = this.#sweeper.access()
    const entry = this.#table.entry()
    if (entry === undefined) return
    for (const [key, cell] of entry.map)
      if (this.#look(entry, key, { cell, now })) yield [key, cell]
  }

  /** Refreshes or cleans up what a read has found. Whether the read shows it. */
  #look(
    entry: MapEntry<ExpiringValue<V>>,
    key: CanonicalKey,
    { cell, now }: { readonly cell: ExpiringValue<V>; readonly now: number },
  ): boolean {
    if (this.#expiry.isExpired(cell.time, now)) {
      this.#drop(entry, key)
      return this.#expiry.returnsExpired
    }
    if (this.#expiry.onRead) cell.time = now
    return true
  }

  /** Of the entry of the current key. */
  #drop(entry: MapEntry<ExpiringValue<V>>, key: CanonicalKey): void {
    entry.map.delete(key)
    if (entry.map.size === 0 && this.#table.entry() === entry) this.#table.remove()
  }

  #alive(
    map: ReadonlyMap<CanonicalKey, ExpiringValue<V>>,
    now: number,
  ): [CanonicalKey, ExpiringValue<V>][] {
    return [...map].filter(([, { time }]) => !this.#expiry.isExpired(time, now))
  }

  *#walk(sweeper: Sweeper): Iterator<undefined> {
    for (const [place, entry] of this.#table.entries()) {
      for (const [mapKey, { time }] of entry.map) {
        // It may have been cleared since the last pause: touched once more, it would come back in the next increment.
        if (this.#table.isGone(entry)) break
        if (sweeper.isExpired(time)) {
          this.#table.touch(place, entry)
          entry.map.delete(mapKey)
        }
        if (entry.map.size === 0) this.#table.drop(place, entry)
        if (sweeper.mustPause()) yield undefined
      }
    }
  }
}

function putInMap<V>(table: EntryTable<MapEntry<V>>, key: CanonicalKey, value: V): void {
  const entry = table.entry()
  if (entry === undefined) table.add({ map: new Map([[detachKey(key), value]]), epoch: 0 })
  else if (entry.map.has(key)) entry.map.set(key, value)
  else entry.map.set(detachKey(key), value)
}

function storedEntries(fields: readonly unknown[]): {
  readonly keys: readonly CanonicalKey[]
  readonly values: readonly unknown[]
} {
  const keys = arrayAt(fields, 0)
  const values = arrayAt(fields, 1)
  if (keys.length !== values.length)
    throw new DamagedFieldsError(
      `as many values as keys, ${keys.length}, but found ${values.length}`,
    )
  return { keys: keys as CanonicalKey[], values }
}
