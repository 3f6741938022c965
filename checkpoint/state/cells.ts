/**
 * One value per key, with a ttl or without: what value, reducing and aggregating state have in common.
 *
 * Two classes, so that states without ttl pay nothing for it. Stored as `[value]` or `[value, time of the last refresh]`.
 */
import { DamagedFieldsError } from './entry-form.ts'
import type { EntryForm, Upgrade } from './entry-form.ts'
import type { EntryTable, TableEntry } from './entry-table.ts'
import { Sweeper } from './expiry.ts'
import type { Expiry } from './expiry.ts'

/** The value of a key. */
export interface Cell<T> extends TableEntry {
  value: T
}

/** The values of a state. */
export interface Cells<T> {
  /** The cell of the current key, to be read only. */
  cell(): Cell<T> | undefined
  /** Sets the value of the current key. */
  put(value: T): void
  clear(): void
}

/** Values that live until they are cleared. */
export class LastingCells<T> implements Cells<T>, EntryForm<Cell<T>> {
  readonly #table: EntryTable<Cell<T>>

  constructor(table: EntryTable<Cell<T>>) {
    this.#table = table
  }

  cell(): Cell<T> | undefined {
    return this.#table.entry()
  }

  put(value: T): void {
    const entry = this.#table.entry()
    if (entry === undefined) this.#table.add({ value, epoch: 0 })
    else entry.value = value
  }

  clear(): void {
    this.#table.remove()
  }

  write({ value }: Cell<T>): unknown[] {
    return [value]
  }

  read(fields: readonly unknown[], upgrade: Upgrade): Cell<T> {
    return { value: storedValue(fields, upgrade), epoch: 0 }
  }

  isAlive(): boolean {
    return true
  }

  show({ value }: Cell<T>): unknown {
    return value
  }
}

/** The value of a key and when it was refreshed. */
export interface ExpiringCell<T> extends Cell<T> {
  time: number
}

/** Values with a ttl. */
export class ExpiringCells<T> implements Cells<T>, EntryForm<ExpiringCell<T>> {
  readonly #table: EntryTable<ExpiringCell<T>>
  readonly #expiry: Expiry
  readonly #sweeper: Sweeper

  constructor(table: EntryTable<ExpiringCell<T>>, expiry: Expiry) {
    this.#table = table
    this.#expiry = expiry
    this.#sweeper = new Sweeper(expiry, (sweeper) => this.#walk(sweeper))
  }

  cell(): ExpiringCell<T> | undefined {
    const now = this.#sweeper.access()
    const entry = this.#table.entry()
    if (entry === undefined) return undefined
    if (this.#expiry.isExpired(entry.time, now)) {
      this.#table.remove()
      return this.#expiry.returnsExpired ? entry : undefined
    }
    if (this.#expiry.onRead) entry.time = now
    return entry
  }

  put(value: T): void {
    const time = this.#sweeper.access()
    const entry = this.#table.entry()
    if (entry === undefined) {
      this.#table.add({ value, time, epoch: 0 })
    } else {
      entry.value = value
      entry.time = time
    }
  }

  clear(): void {
    this.#sweeper.access()
    this.#table.remove()
  }

  write({ value, time }: ExpiringCell<T>, now: number): unknown[] | undefined {
    return this.#expiry.isExpired(time, now) ? undefined : [value, time]
  }

  read(fields: readonly unknown[], upgrade: Upgrade, now: number): ExpiringCell<T> | undefined {
    const { 1: time = now } = fields
    if (typeof time !== 'number') throw new DamagedFieldsError('a time as field 1')
    if (this.#expiry.isExpired(time, now)) return undefined
    return { value: storedValue(fields, upgrade), time, epoch: 0 }
  }

  isAlive({ time }: ExpiringCell<T>): boolean {
    return !this.#isExpired(time)
  }

  show({ value }: ExpiringCell<T>): unknown {
    return value
  }

  #isExpired(time: number): boolean {
    return this.#expiry.isExpired(time, this.#expiry.now())
  }

  #walk(sweeper: Sweeper): Iterator<undefined> {
    return this.#table.walk((place, entry) => {
      if (sweeper.isExpired(entry.time)) this.#table.drop(place, entry)
    }, sweeper)
  }
}

function storedValue<T>(fields: readonly unknown[], upgrade: Upgrade): T {
  if (fields.length === 0) throw new DamagedFieldsError('a value')
  // The user's own type: nobody but `migrate` can know whether it is right.
  return upgrade(fields[0]) as T
}
