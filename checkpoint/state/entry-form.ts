/**
 * How the entry of a kind of state goes into a snapshot and comes out of it.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { TableEntry } from './entry-table.ts'

/** Turns a stored value into the present form; the value itself where it has that form already. */
export type Upgrade = (stored: unknown) => unknown

/** What a state knows of its entries. All data that it returns is plain where the user's values are. */
export interface EntryForm<E extends TableEntry> {
  /** What is stored of an entry, as a new array; undefined when nothing of it was alive at `now`. */
  write(entry: E, now: number): unknown[] | undefined
  /** The entry with these fields; undefined when nothing of it was alive at `now`. Throws `DamagedFieldsError`. */
  read(fields: readonly unknown[], upgrade: Upgrade, now: number): E | undefined
  /** Whether something of an entry has not expired. */
  isAlive(entry: E): boolean
  /** What an entry shows to somebody who looks at what is left in state. */
  show(entry: E): unknown
}

/** Stored fields are not what they should be. Becomes `DAMAGED_SNAPSHOT` where the state is known. */
export class DamagedFieldsError extends MillraceError {
  override readonly name: string = 'DamagedFieldsError'

  constructor(expected: string) {
    super('DAMAGED_SNAPSHOT', `expected ${expected}`)
  }
}

/** The field at `index` as an array. */
export function arrayAt(fields: readonly unknown[], index: number): readonly unknown[] {
  const field = fields[index]
  if (!Array.isArray(field)) throw new DamagedFieldsError(`an array as field ${index}`)
  return field as readonly unknown[]
}

/**
 * The times of `count` things, stored as the field at `index`. What was stored without a ttl has none: its time is `otherwise`.
 */
export function timesAt(
  fields: readonly unknown[],
  index: number,
  { count, otherwise }: { readonly count: number; readonly otherwise: number },
): number[] {
  if (fields.length <= index) return new Array<number>(count).fill(otherwise)
  const times = arrayAt(fields, index)
  if (times.length !== count || !times.every((time) => typeof time === 'number'))
    throw new DamagedFieldsError(`${count} times as field ${index}`)
  return [...times]
}
