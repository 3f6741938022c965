/**
 * What was restored of one operator, until its states and parts ask for it: of the snapshots of all subtasks of the old run, the key
 * groups that are now this subtask's, and its share of what has no key.
 *
 * What nobody asks for is kept as it is and goes into the next snapshot: a state that a version of a job does not use is not lost.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { asBuffer, unpackList } from '../../mailbox/msgpack.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { keyGroupRange } from '../key-groups.ts'
import { DamagedFieldsError } from './entry-form.ts'
import { MigrationFailure } from './migration.ts'
import { chainOf, needsBase, NewerEntries } from './newer-entries.ts'
import { INCREMENT_FORMAT } from './snapshot.ts'
import type { KeyedStateInfo, KeyGroupSnapshot, OperatorSnapshot } from './snapshot.ts'
import type { OperatorItems, PackedEntry, SnapshotOwner } from './snapshot-packer.ts'
import type { AnyKeyedPart, AnyOperatorPart, StatePart } from './state-part.ts'

/** Which subtask restores, and from what. */
export interface RestoreOptions extends SnapshotOwner {
  readonly subtaskIndex: number
  readonly parallelism: number
  /** The snapshots of all subtasks of the old run, in their order. */
  readonly restored: readonly OperatorSnapshot[]
  /**
   * The one of them that this subtask had itself, where the parallelism is as before: its items without keys stay with it, for others may have
   * finished and not be there to take them. Default: they are dealt out anew.
   */
  readonly own?: OperatorSnapshot | undefined
}

/** Entries of one state in one version. */
export interface StoredEntries {
  readonly info: KeyedStateInfo
  /** The numbers of the state in them mean nothing. */
  readonly entries: PackedEntry[]
}

/** Where the entries of a state in one link of a chain go. */
interface Target {
  readonly entries: PackedEntry[]
  /** Undefined: there are no other links. */
  readonly newer: NewerEntries | undefined
  readonly isLast: boolean
}

type Part = { readonly name: string; readonly kind: string; readonly version: number } & Partial<
  Pick<StatePart, 'readsOlder'>
>

/** Hands out what was restored, each state once. Errors: `INCOMPATIBLE_STATE`, `DAMAGED_SNAPSHOT`. */
export class RestoredState {
  readonly #options: Omit<RestoreOptions, 'restored'>
  /** By old subtask. What has keys is not kept: it is read at once, and may be much. */
  readonly #old: readonly Pick<OperatorSnapshot, 'operator'>[]
  readonly #keyed = new Map<string, StoredEntries[]>()
  /** The names of states without keys that nobody has asked for. */
  readonly #operator = new Set<string>()

  constructor({ restored, ...options }: RestoreOptions) {
    this.#options = options
    this.#old = restored.map(({ operator }) => ({ operator }))
    for (const snapshot of restored) {
      this.#readChain(snapshot)
      for (const { name } of snapshot.operator) this.#operator.add(name)
    }
  }

  /** Hands a keyed state or part what was restored of it. */
  claimKeyed(part: AnyKeyedPart): void {
    const stored = this.#keyed.get(part.name)
    this.#keyed.delete(part.name)
    if (this.#operator.has(part.name)) {
      const found = this.#storedItems(part.name)[0]?.kind ?? ''
      throw this.#otherKind(part, `${found}, without a key`)
    }
    for (const { info, entries } of stored ?? []) {
      this.#checkCompatible(part, info)
      this.#restore(part, info.version, () => {
        for (const [, key, payload] of entries) part.restore(key, payload, info.version)
      })
    }
  }

  /** The same without keys. */
  claimOperator(part: AnyOperatorPart): void {
    const { name, redistribution } = part
    const keyed = this.#keyed.get(name)?.[0]
    if (keyed !== undefined) throw this.#otherKind(part, `${keyed.info.kind}, with keys`)
    if (!this.#operator.delete(name)) return
    const stored = this.#storedItems(name)
    for (const state of stored) {
      this.#checkCompatible(part, state)
      if (state.redistribution !== redistribution) {
        throw this.#otherKind(
          { ...part, kind: `${part.kind} (${redistribution})` },
          `${state.kind} (${state.redistribution})`,
        )
      }
    }
    const version = stored[0]?.version ?? part.version
    if (stored.some((state) => state.version !== version)) {
      const versions = stored.map((state) => state.version).join(', ')
      throw this.#incompatible(name, `its subtasks have stored different versions: ${versions}`)
    }
    const items = redistribution === 'union' ? allItems(stored) : this.#share(stored)
    this.#restore(part, version, () => {
      part.restore(items, version)
    })
  }

  /** Keyed entries that nobody has asked for. */
  *unclaimedKeyed(): Iterable<StoredEntries> {
    for (const stored of this.#keyed.values()) yield* stored
  }

  /**
   * States without keys that nobody has asked for: this subtask's share. Of a union too, or its items would multiply.
   */
  *unclaimedOperator(): Iterable<OperatorItems> {
    for (const name of this.#operator) {
      const stored = this.#storedItems(name)
      const [first] = stored
      if (first !== undefined) yield { ...first, items: this.#share(stored) }
    }
  }

  #check({ format, uid, maxParallelism }: OperatorSnapshot): void {
    const own = this.#options
    const refuse = (what: string): never => {
      throw new MillraceError(
        'INCOMPATIBLE_STATE',
        `operator '${own.operatorName}': cannot restore its snapshot: ${what}`,
      )
    }
    if (!(Number.isInteger(format) && format >= 1 && format <= INCREMENT_FORMAT))
      refuse(`expected a format from 1 to ${INCREMENT_FORMAT}, got ${String(format)}`)
    if (uid !== own.uid) refuse(`expected that of uid '${own.uid}', got that of '${uid}'`)
    if (maxParallelism !== own.maxParallelism) {
      refuse(
        `it was written with a max parallelism of ${maxParallelism}, the operator has ${own.maxParallelism}; ` +
          'the max parallelism of stored state cannot be changed',
      )
    }
  }

  /** Reads a snapshot of an old subtask, the newest link of the chain first. */
  #readChain(snapshot: OperatorSnapshot): void {
    /** By the names of states that the links so far leave to older ones, or to some part. */
    const open = new Map<string, NewerEntries>()
    let newest = true
    for (const link of chainOf(snapshot)) {
      this.#check(link)
      if (needsBase(link) && link.base === undefined)
        throw this.#damaged(
          'its keyed state',
          'expected the snapshot on which it builds, found none',
        )
      const targets = link.keyed.map((info) => this.#targetOf(info, open, newest))
      this.#readKeyed(link, targets)
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
    return { entries: this.#entriesOf(info).entries, newer, isLast: changes === undefined }
  }

  #readKeyed({ format, groups }: OperatorSnapshot, targets: readonly (Target | undefined)[]): void {
    const { subtaskIndex, parallelism, maxParallelism } = this.#options
    const range = keyGroupRange(subtaskIndex, parallelism, maxParallelism)
    for (const group of groups) {
      const { keyGroup } = group
      if (keyGroup < range.start || keyGroup >= range.end) continue
      for (const entry of this.#unpackGroup(group, format)) {
        const number = isEntry(entry) ? entry[0] : Number.NaN
        const state = number < 0 ? ~number : number
        if (!(state < targets.length)) {
          const expected = `a number of a state below ${targets.length} in each of its entries`
          throw this.#damaged(`key group ${keyGroup}`, `expected ${expected}`)
        }
        const target = targets[state]
        if (target !== undefined) takeEntry(target, entry as PackedEntry)
      }
    }
  }

  /**
   * Where the entries of a state are gathered. One place for all old subtasks, and also where there are none: what is checked
   * of a state must not depend on which subtask has some of it.
   */
  #entriesOf(info: KeyedStateInfo): StoredEntries {
    const { name, kind, version } = info
    let known = this.#keyed.get(name)
    if (known === undefined) this.#keyed.set(name, (known = []))
    let stored = known.find((each) => each.info.kind === kind && each.info.version === version)
    if (stored === undefined) known.push((stored = { info, entries: [] }))
    return stored
  }

  #unpackGroup({ keyGroup, entries, bytes }: KeyGroupSnapshot, format: number): unknown[] {
    const what = `key group ${keyGroup}`
    if (format === 1) return inThrees(this.#unpack(what, bytes, entries * 3))
    return this.#unpack(what, bytes, entries)
  }

  #unpack(what: string, bytes: Uint8Array, length: number): unknown[] {
    try {
      return unpackList(asBuffer(bytes), length)
    } catch (cause) {
      throw this.#damaged(what, cause instanceof Error ? cause.message : String(cause), cause)
    }
  }

  /** Of one state, by old subtask. */
  #storedItems(name: string): OperatorItems[] {
    return this.#old.flatMap((snapshot) => this.#itemsOf(snapshot, name))
  }

  #itemsOf({ operator }: Pick<OperatorSnapshot, 'operator'>, name: string): OperatorItems[] {
    return operator
      .filter((state) => state.name === name)
      .map((state) => ({
        ...state,
        items: this.#unpack(`state '${name}'`, state.bytes, state.items),
      }))
  }

  /** What falls to this subtask: what it had itself, an even, contiguous part, or what one old subtask had. */
  #share(stored: readonly OperatorItems[]): readonly unknown[] {
    const { own, subtaskIndex, parallelism } = this.#options
    const name = stored[0]?.name
    if (own !== undefined && name !== undefined) {
      const items = this.#itemsOf(own, name)[0]?.items
      if (items !== undefined) return items
    }
    if (stored[0]?.redistribution === 'broadcast')
      return stored[subtaskIndex % stored.length]?.items ?? []
    const all = allItems(stored)
    const start = Math.floor((subtaskIndex * all.length) / parallelism)
    return all.slice(start, Math.floor(((subtaskIndex + 1) * all.length) / parallelism))
  }

  #checkCompatible(part: Part, stored: KeyedStateInfo): void {
    if (stored.kind !== part.kind) throw this.#otherKind(part, stored.kind)
    if (stored.version > part.version) {
      throw this.#incompatible(
        part.name,
        `it was stored in version ${stored.version}, which is newer than the declared version ${part.version}`,
      )
    }
    if (stored.version < part.version && part.readsOlder === false) {
      throw this.#incompatible(
        part.name,
        `it was stored in version ${stored.version}, the declared version is ${part.version}; ` +
          'give the state a migrate function that reads the older one',
      )
    }
  }

  #restore(part: Part, version: number, restore: () => void): void {
    try {
      restore()
    } catch (error) {
      if (error instanceof DamagedFieldsError)
        throw this.#damaged(`state '${part.name}'`, error.message, error)
      if (!(error instanceof MigrationFailure)) throw error
      const { cause } = error
      throw this.#incompatible(
        part.name,
        `migrate failed from version ${version} to ${part.version}: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      )
    }
  }

  #otherKind(part: Part, stored: string): MillraceError {
    return this.#incompatible(
      part.name,
      `it was stored as ${stored}, but is declared as ${part.kind}`,
    )
  }

  #incompatible(state: string, what: string, cause?: unknown): MillraceError {
    return new MillraceError(
      'INCOMPATIBLE_STATE',
      `operator '${this.#options.operatorName}', state '${state}': ${what}`,
      cause === undefined ? {} : { cause },
    )
  }

  #damaged(what: string, fault: string, cause?: unknown): MillraceError {
    return new MillraceError(
      'DAMAGED_SNAPSHOT',
      `operator '${this.#options.operatorName}', ${what}: the snapshot is damaged: ${fault}`,
      cause === undefined ? {} : { cause },
    )
  }
}

function isEntry(entry: unknown): entry is PackedEntry {
  return Array.isArray(entry) && entry.length === 3
}

function takeEntry({ entries, newer, isLast }: Target, entry: PackedEntry): void {
  const [number, key, payload] = entry
  if (number < 0) newer?.gone(key, payload)
  else if (newer === undefined) entries.push(entry)
  else if (isLast ? newer.isNewest(key, payload) : newer.isNew(key, payload)) entries.push(entry)
}

/** The entries of a list of format 1. */
function inThrees(list: readonly unknown[]): PackedEntry[] {
  const entries: PackedEntry[] = []
  for (let i = 0; i < list.length; i += 3)
    entries.push([list[i] as number, list[i + 1] as CanonicalKey, list[i + 2]])
  return entries
}

function allItems(stored: readonly OperatorItems[]): unknown[] {
  return stored.flatMap(({ items }) => items)
}
