/**
 * The entries with keys that a subtask has restored: of the snapshots of all subtasks of the old run, the key groups that are now its own.
 *
 * Most stay raw (`raw-entries.ts`) until they are looked up or their turn comes. Made at once are those that can be understood only in
 * their order: increments, which say what does not count of those on which they build; entries of format 1; and lists that cannot be indexed.
 */
import { asBuffer, unpackList } from '../../mailbox/msgpack.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import type { KeyGroupRange } from '../key-groups.ts'
import { isSameLayout } from './payload-layout.ts'
import { chainOf, needsBase, NewerEntries } from './newer-entries.ts'
import { RawEntries } from './raw-entries.ts'
import type { RawList } from './raw-entries.ts'
import { SNAPSHOT_FORMAT } from './snapshot.ts'
import type { KeyedStateInfo, KeyGroupSnapshot, OperatorSnapshot } from './snapshot.ts'
import type { PackedEntry } from './snapshot-packer.ts'

/** Entries of one state in one version and layout. */
export class StoredEntries {
  readonly info: KeyedStateInfo
  /** Those that were made and that nobody has claimed. The numbers of the state in them mean nothing. */
  readonly entries: PackedEntry[] = []
  #restore: ((entry: PackedEntry) => void) | undefined

  constructor(info: KeyedStateInfo) {
    this.info = info
  }

  /** An entry was made. Errors: those of whoever has claimed it. */
  take(entry: PackedEntry): void {
    if (this.#restore === undefined) this.entries.push(entry)
    else this.#restore(entry)
  }

  /** Hands over what is there, and what comes later. Errors: those of `restore`. */
  claim(restore: (entry: PackedEntry) => void): void {
    for (const entry of this.entries) restore(entry)
    this.entries.length = 0
    this.#restore = restore
  }
}

/** Where the entries of a state in one link of a chain go. */
interface Target {
  readonly stored: StoredEntries
  /** Undefined: there are no other links. */
  readonly newer: NewerEntries | undefined
  readonly isLast: boolean
}

/** By the numbers of the states of a link; undefined: newer links have said all of that state. */
type Targets = readonly (Target | undefined)[]

/** A list that may be read later. */
interface WaitingList extends RawList<Targets> {
  readonly keyGroup: number
}

/** What is restored, and how to say that it cannot be. */
export interface RestoredEntriesOptions {
  readonly snapshots: readonly OperatorSnapshot[]
  readonly range: KeyGroupRange
  /** Throws where a snapshot, or one on which it builds, is not for this operator. */
  readonly check: (snapshot: OperatorSnapshot) => void
  readonly damaged: (what: string, fault: string, cause?: unknown) => Error
}

/** See the head of this file. Errors of all methods: `DAMAGED_SNAPSHOT`, and those of whoever claims an entry. */
export class RestoredEntries {
  readonly #options: Omit<RestoredEntriesOptions, 'snapshots'>
  readonly #stored = new Map<string, StoredEntries[]>()
  /** Undefined when there are none. */
  #raw: RawEntries<Targets> | undefined

  constructor({ snapshots, ...options }: RestoredEntriesOptions) {
    this.#options = options
    const lists: WaitingList[] = []
    for (const snapshot of snapshots) this.#readChain(snapshot, lists)
    if (lists.length > 0) this.#index(lists)
  }

  /** Whether some are still raw. */
  get hasRaw(): boolean {
    return this.#raw !== undefined
  }

  /** The states of a name, one for each kind, version and layout in which it was stored. */
  of(name: string): readonly StoredEntries[] {
    return this.#stored.get(name) ?? []
  }

  /** Takes the states of a name away from `unclaimed`. */
  claim(name: string): readonly StoredEntries[] {
    const stored = this.of(name)
    this.#stored.delete(name)
    return stored
  }

  /** All that nobody has claimed. */
  *unclaimed(): Iterable<StoredEntries> {
    for (const stored of this.#stored.values()) yield* stored
  }

  /** Makes the entries of a key, of all states. */
  bringIn(key: CanonicalKey): void {
    this.#raw?.bringIn(key)
  }

  /** Makes some more. Returns how many. */
  step(): number {
    const made = this.#raw?.step() ?? 0
    if (this.#raw?.isEmpty === true) this.#raw = undefined
    return made
  }

  /** Makes all of a state, and what lies between. */
  makeState(stored: StoredEntries): void {
    const numbers = new Map<Targets, readonly number[]>()
    this.#raw?.makeStates((targets) => {
      let known = numbers.get(targets)
      if (known === undefined) {
        known = targets.flatMap((target, number) => (target?.stored === stored ? [number] : []))
        numbers.set(targets, known)
      }
      return known
    })
    if (this.#raw?.isEmpty === true) this.#raw = undefined
  }

  /** Reads a snapshot of an old subtask, the newest link of the chain first. */
  #readChain(snapshot: OperatorSnapshot, later: WaitingList[]): void {
    const { check, damaged } = this.#options
    /** By the names of states that the links so far leave to older ones, or to some part. */
    const open = new Map<string, NewerEntries>()
    let newest = true
    for (const link of chainOf(snapshot)) {
      check(link)
      if (needsBase(link) && link.base === undefined)
        throw damaged('its keyed state', 'expected the snapshot on which it builds, found none')
      const targets = link.keyed.map((info) => this.#targetOf(info, open, newest))
      this.#readKeyed(link, targets, later)
      for (const { name, changes } of link.keyed) {
        if (changes === undefined) open.delete(name)
        else open.get(name)?.turn()
      }
      newest = false
      if (open.size === 0) return
    }
  }

  /** Where entries of a link go; undefined: newer ones have said all of this state. */
  #targetOf(
    info: KeyedStateInfo,
    open: Map<string, NewerEntries>,
    newest: boolean,
  ): Target | undefined {
    const { name, changes } = info
    if (newest && changes !== undefined) open.set(name, new NewerEntries(changes))
    const newer = open.get(name)
    if (!newest && newer === undefined) return undefined
    return { stored: this.#storedOf(info), newer, isLast: changes === undefined }
  }

  /**
   * Where the entries of a state of one kind, version and layout are gathered. One place for all old subtasks, and also where there are none: what is checked
   * of a state must not depend on which subtask has some of it.
   */
  #storedOf(info: KeyedStateInfo): StoredEntries {
    const { name, kind, version, layout } = info
    let known = this.#stored.get(name)
    if (known === undefined) this.#stored.set(name, (known = []))
    let stored = known.find(
      ({ info: each }) =>
        each.kind === kind && each.version === version && isSameLayout(each.layout, layout),
    )
    if (stored === undefined) known.push((stored = new StoredEntries(info)))
    return stored
  }

  /** What can be read later goes to `later`. */
  #readKeyed({ format, groups }: OperatorSnapshot, targets: Targets, later: WaitingList[]): void {
    const { range } = this.#options
    const canWait = format > 1 && targets.every((target) => target?.isLast !== false)
    for (const group of groups) {
      if (group.keyGroup < range.start || group.keyGroup >= range.end) continue
      if (canWait) later.push({ ...group, bytes: asBuffer(group.bytes), targets })
      else this.#readGroup(group, format, targets)
    }
  }

  #index(lists: readonly WaitingList[]): void {
    const indexable = lists.filter(({ entries, bytes }) => entries <= bytes.length)
    const count = indexable.reduce((sum, { entries }) => sum + entries, 0)
    const raw = new RawEntries(count, takeEntry)
    for (const list of lists) {
      const { entries, bytes, targets } = list
      if (entries <= bytes.length && raw.add(list, targets.length)) continue
      this.#readGroup(list, SNAPSHOT_FORMAT, targets)
    }
    if (!raw.isEmpty) this.#raw = raw
  }

  #readGroup(group: KeyGroupSnapshot, format: number, targets: Targets): void {
    const { keyGroup } = group
    for (const entry of this.#unpackGroup(group, format)) {
      const number = isEntry(entry) ? entry[0] : Number.NaN
      if (!((number < 0 ? ~number : number) < targets.length)) {
        const expected = `a number of a state below ${targets.length} in each of its entries`
        throw this.#options.damaged(`key group ${keyGroup}`, `expected ${expected}`)
      }
      takeEntry(targets, entry as PackedEntry)
    }
  }

  #unpackGroup({ keyGroup, entries, bytes }: KeyGroupSnapshot, format: number): unknown[] {
    try {
      const list = unpackList(asBuffer(bytes), format === 1 ? entries * 3 : entries)
      return format === 1 ? inThrees(list) : list
    } catch (cause) {
      const fault = cause instanceof Error ? cause.message : String(cause)
      throw this.#options.damaged(`key group ${keyGroup}`, fault, cause)
    }
  }
}

function isEntry(entry: unknown): entry is PackedEntry {
  return Array.isArray(entry) && entry.length === 3
}

function takeEntry(targets: Targets, entry: PackedEntry): void {
  const [number, key, payload] = entry
  const target = targets[number < 0 ? ~number : number]
  if (target === undefined) return
  const { stored, newer, isLast } = target
  if (number < 0) newer?.gone(key, payload)
  else if (newer === undefined) stored.take(entry)
  else if (isLast ? newer.isNewest(key, payload) : newer.isNew(key, payload)) stored.take(entry)
}

/** The entries of a list of format 1. */
function inThrees(list: readonly unknown[]): PackedEntry[] {
  const entries: PackedEntry[] = []
  for (let i = 0; i < list.length; i += 3)
    entries.push([list[i] as number, list[i + 1] as CanonicalKey, list[i + 2]])
  return entries
}
