/**
 * A list per key. Stored as `[elements]` or, with a ttl, `[elements, times of their last refresh]`.
 *
 * `get` hands out the stored array itself: a copy per read would cost more than all else. A key without elements has no entry.
 */
import { arrayAt, timesAt } from './entry-form.ts'
import type { EntryForm, Upgrade } from './entry-form.ts'
import type { EntryTable, TableEntry } from './entry-table.ts'
import { Sweeper } from './expiry.ts'
import type { Expiry } from './expiry.ts'
import type { ListState } from './states.ts'

const NOTHING: readonly never[] = Object.freeze([])

/** The elements of a key. */
export interface ListEntry<T> extends TableEntry {
  elements: T[]
}

/** A list whose elements live until they are cleared. */
export class HeapListState<T> implements ListState<T>, EntryForm<ListEntry<T>> {
  readonly #table: EntryTable<ListEntry<T>>

  constructor(table: EntryTable<ListEntry<T>>) {
    this.#table = table
  }

  get(): readonly T[] {
    return this.#table.entry()?.elements ?? NOTHING
  }

  add(element: T): void {
    const entry = this.#table.entry()
    if (entry === undefined) this.#table.add({ elements: [element], epoch: 0 })
    else entry.elements.push(element)
  }

  addAll(elements: Iterable<T>): void {
    // A copy first, for it may be this very list.
    const added = [...elements]
    for (const element of added) this.add(element)
  }

  set(elements: Iterable<T>): void {
    const copy = [...elements]
    const entry = this.#table.entry()
    if (copy.length === 0) this.#table.remove()
    else if (entry === undefined) this.#table.add({ elements: copy, epoch: 0 })
    else entry.elements = copy
  }

  clear(): void {
    this.#table.remove()
  }

  write({ elements }: ListEntry<T>): unknown[] {
    return [elements]
  }

  read(fields: readonly unknown[], upgrade: Upgrade): ListEntry<T> | undefined {
    const elements = arrayAt(fields, 0)
    return elements.length === 0
      ? undefined
      : { elements: elements.map((each) => upgrade(each) as T), epoch: 0 }
  }

  isAlive(): boolean {
    return true
  }

  show({ elements }: ListEntry<T>): unknown {
    return [...elements]
  }
}

/** The elements of a key, and for each when it was refreshed. */
export interface ExpiringListEntry<T> extends ListEntry<T> {
  times: number[]
}

/** A list whose elements have a ttl each. */
export class ExpiringListState<T> implements ListState<T>, EntryForm<ExpiringListEntry<T>> {
  readonly #table: EntryTable<ExpiringListEntry<T>>
  readonly #expiry: Expiry
  readonly #sweeper: Sweeper

  constructor(table: EntryTable<ExpiringListEntry<T>>, expiry: Expiry) {
    this.#table = table
    this.#expiry = expiry
    this.#sweeper = new Sweeper(expiry, (sweeper) => this.#walk(sweeper))
  }

  get(): readonly T[] {
    const now = this.#sweeper.access()
    const entry = this.#table.entry()
    if (entry === undefined) return NOTHING
    const all = entry.elements
    const alive = this.#alive(entry, now)
    if (alive === undefined) this.#table.remove()
    else if (alive !== entry) {
      entry.elements = alive.elements
      entry.times = alive.times
    }
    if (this.#expiry.onRead) entry.times.fill(now)
    if (this.#expiry.returnsExpired) return all
    return alive === undefined ? NOTHING : alive.elements
  }

  add(element: T): void {
    this.#append([element])
  }

  addAll(elements: Iterable<T>): void {
    this.#append([...elements])
  }

  set(elements: Iterable<T>): void {
    const copy = [...elements]
    const now = this.#sweeper.access()
    this.#table.remove()
    if (copy.length > 0) this.#table.add({ elements: copy, times: timesNow(copy, now), epoch: 0 })
  }

  clear(): void {
    this.#sweeper.access()
    this.#table.remove()
  }

  write(entry: ExpiringListEntry<T>, now: number): unknown[] | undefined {
    const alive = this.#alive(entry, now)
    return alive === undefined ? undefined : [alive.elements, alive.times]
  }

  read(
    fields: readonly unknown[],
    upgrade: Upgrade,
    now: number,
  ): ExpiringListEntry<T> | undefined {
    const stored = arrayAt(fields, 0)
    const times = timesAt(fields, 1, { count: stored.length, otherwise: now })
    const alive = this.#alive({ elements: [...stored], times, epoch: 0 }, now)
    if (alive === undefined) return undefined
    return {
      elements: alive.elements.map((each) => upgrade(each) as T),
      times: alive.times,
      epoch: 0,
    }
  }

  isAlive({ times }: ExpiringListEntry<T>): boolean {
    const now = this.#expiry.now()
    return times.some((time) => !this.#expiry.isExpired(time, now))
  }

  show(entry: ExpiringListEntry<T>): unknown {
    return [...(this.#alive(entry, this.#expiry.now())?.elements ?? NOTHING)]
  }

  #append(elements: readonly T[]): void {
    const now = this.#sweeper.access()
    if (elements.length === 0) return
    const entry = this.#table.entry()
    if (entry === undefined) {
      this.#table.add({ elements: [...elements], times: timesNow(elements, now), epoch: 0 })
      return
    }
    for (const element of elements) {
      entry.elements.push(element)
      entry.times.push(now)
    }
  }

  /** The entry itself when all of it is alive, undefined when nothing is. */
  #alive<U>(entry: ExpiringListEntry<U>, now: number): ExpiringListEntry<U> | undefined {
    const { elements, times } = entry
    if (!times.some((time) => this.#expiry.isExpired(time, now)))
      return elements.length === 0 ? undefined : entry
    const alive: ExpiringListEntry<U> = { elements: [], times: [], epoch: 0 }
    times.forEach((time, index) => {
      if (this.#expiry.isExpired(time, now)) return
      alive.elements.push(elements[index] as U)
      alive.times.push(time)
    })
    return alive.elements.length === 0 ? undefined : alive
  }

  /** Looks at the oldest elements only: they stand in front, unless the clock went back. */
  #walk(sweeper: Sweeper): Iterator<undefined> {
    return this.#table.walk((place, entry) => {
      const { elements, times } = entry
      const firstAlive = times.findIndex((time) => !sweeper.isExpired(time))
      if (firstAlive === -1) {
        this.#table.drop(place, entry)
      } else if (firstAlive > 0) {
        this.#table.touch(place, entry)
        // New arrays, because the user may be reading the old one.
        entry.elements = elements.slice(firstAlive)
        entry.times = times.slice(firstAlive)
      }
    }, sweeper)
  }
}

function timesNow(elements: readonly unknown[], now: number): number[] {
  return new Array<number>(elements.length).fill(now)
}
