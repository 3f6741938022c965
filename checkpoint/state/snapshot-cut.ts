/**
 * The snapshot of one operator while it is made: what was there at the cut is packed in small steps, while the states are used.
 *
 *     cut ──► restoring ──► sorting: some entries by key group ──► packing: these, group by group ──► packed
 *                  │             ▲                                    │     └── `giveUp`, an error ──► given up
 *                  │             └────────── there are more ──────────┘
 *                  └── what was restored and is not in the states yet comes there first
 *
 * The entries that are sorted at a time give lists of a fair length, and are few enough to cost no memory to speak of.
 * At the cut itself everything is packed that can only be packed as a whole: states without keys, and parts of operators that say so
 * (`KeyedPart`). An entry that is accessed before it was packed is copied first, by its part, and packed with its group. Used by the
 * slot's thread only.
 */
import { originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { keyGroupOf } from '../key-groups.ts'
import { keyHash } from '../key-hash.ts'
import { copyPlain } from './plain-copy.ts'
import { SnapshotPacker } from './snapshot-packer.ts'
import type { OperatorItems, PackedEntry, SnapshotOwner } from './snapshot-packer.ts'
import type { StoredEntries } from './restored-entries.ts'
import type { PayloadLayout } from './payload-layout.ts'
import type { OperatorSnapshot, SnapshotPiece } from './snapshot.ts'
import { ExpiredEntry } from './state-backend.ts'
import type { CutSpan, FoundEntry, Namespace, PartChanges, PartCut } from './state-backend.ts'
import type { AnyKeyedPart, AnyOperatorPart, RestSource } from './state-part.ts'
import { DeletedCut, StoredCut } from './unchanging-cuts.ts'

/** A list that is packed has about so many bytes, and a step does as much in all: less than a millisecond's work. */
const LIST_BYTES = 1 << 16
/** And at most so many entries. */
const LIST_ENTRIES = 1024
/** So many entries are sorted in the time in which one is packed. */
const SORTED_PER_PACKED = 4
/** And so many are looked at, where only those are taken that have changed, and these are not known. */
const LOOKED_PER_PACKED = 16
/** The most of each in one step, even where entries are so small that more could be packed. */
const SORTED_PER_STEP = 1024
const LOOKED_PER_STEP = 4096
/** So many entries are sorted before they are packed: in each key group so many on average, but at least so many in all. */
const SORTED_PER_GROUP = 64
const LEAST_SORTED = 16_384
/** What `#sorted` has of one entry: number of the state, key, namespace, entry. */
const VALUES_PER_FOUND = 4

/** What is to be packed. */
export interface CutContents {
  readonly keyed: readonly AnyKeyedPart[]
  /** What payloads of a part are made of; undefined: nothing is said of them. */
  readonly layoutOf: (part: AnyKeyedPart) => PayloadLayout | undefined
  readonly operator: readonly AnyOperatorPart[]
  /** What was restored and never declared: never changes. */
  readonly unclaimedKeyed: Iterable<StoredEntries>
  readonly unclaimedOperator: Iterable<OperatorItems>
  /** What was restored, and comes to the parts and the unclaimed bit by bit. It belongs to the cut. */
  readonly rest: RestSource
}

/** A part that is packed bit by bit. */
interface Walk {
  readonly part: PartCut
  readonly found: FoundEntry
}

/** Entries of a key group, in the first `length` values. */
interface Sorted {
  readonly values: unknown[]
  length: number
}

/** See the head of this file. */
export class SnapshotCut {
  readonly #owner: SnapshotOwner
  readonly #packer: SnapshotPacker
  /** By the numbers of the states; undefined for what is packed already. */
  readonly #parts: (PartCut | undefined)[] = []
  readonly #walks: Walk[] = []
  readonly #span: CutSpan
  /** By key group. Used again and again, and never emptied: that would leave more garbage than all else. */
  readonly #sorted: (Sorted | undefined)[] = []
  /** Copies of entries that were accessed since the cut, by key group. */
  readonly #kept: (PackedEntry[] | undefined)[] = []
  #state: 'restoring' | 'sorting' | 'packing' | 'packed' | 'given up' = 'restoring'
  readonly #rest: RestSource
  /** Why it was given up. */
  #failure: unknown
  #walk = 0
  /** Number of entries in `#sorted`. */
  #found = 0
  readonly #foundLimit: number
  #group = 0
  /** Of `#sorted` of this group, so many values are packed. */
  #position = 0
  /** What the present step has done, as so many bytes that were packed. */
  #stepBytes = 0
  #bytesPerEntry = LIST_BYTES / LIST_ENTRIES

  /** Makes the cut. Errors: `UNSENDABLE_VALUE` of what is packed at once. */
  constructor(owner: SnapshotOwner, contents: CutContents, span: CutSpan) {
    this.#owner = owner
    this.#span = span
    this.#foundLimit = Math.max(LEAST_SORTED, owner.maxParallelism * SORTED_PER_GROUP)
    this.#packer = new SnapshotPacker(owner)
    this.#rest = contents.rest
    if (!this.#rest.hasRest) this.#state = 'sorting'
    try {
      for (const part of contents.keyed) this.#cutKeyed(part, contents.layoutOf)
      for (const stored of contents.unclaimedKeyed) this.#cutStored(stored)
      for (const part of contents.operator) {
        const { name, kind, version, redistribution } = part
        const items = part.snapshot()
        this.#packer.addOperator({ name, kind, version, redistribution, items }, part)
      }
      for (const state of contents.unclaimedOperator) this.#packer.addOperator(state)
    } catch (error) {
      this.giveUp()
      throw error
    }
  }

  /** By which others may build on it. */
  get number(): number {
    return this.#span.number
  }

  /** Whether it builds on an earlier one: some state could tell what has changed. */
  get isIncrement(): boolean {
    return this.#packer.isIncrement
  }

  /** Whether all is packed. */
  get isPacked(): boolean {
    return this.#state === 'packed'
  }

  /**
   * Packs about `entries` more entries, fewer where they are large. Returns how many. After an error it is given up.
   * Errors: `UNSENDABLE_VALUE` for a value that is not plain data, with operator, state, key and path; once it is given up, the same
   * again, or an error that says so.
   */
  step(entries: number): number {
    if (this.#state === 'given up') throw this.#failure
    try {
      let done = 0
      this.#stepBytes = 0
      while (done < entries && this.#stepBytes < LIST_BYTES) {
        const limit = Math.min(entries - done, LIST_ENTRIES)
        if (this.#state === 'sorting') done += this.#sort(limit)
        else if (this.#state === 'packing') done += this.#pack(limit)
        else if (this.#state === 'restoring') return this.#restore()
        else break
      }
      return done
    } catch (error) {
      this.giveUp(error)
      throw error
    }
  }

  /** What is packed and will not be touched any more, to be handed over before the rest; it is not in what `finish` returns. Maybe nothing. */
  takePiece(): SnapshotPiece {
    return { uid: this.#owner.uid, groups: this.#packer.takeFull() }
  }

  /** Packs all the rest, and returns the snapshot, without the pieces that were taken. Errors: as `step`. */
  finish(): OperatorSnapshot {
    while (!this.isPacked) this.step(LIST_ENTRIES)
    return this.#packer.finish()
  }

  /** Packs nothing more; entries need not be kept. No effect once all is packed. */
  giveUp(reason: unknown = new Error('the snapshot was given up')): void {
    if (this.#state === 'packed' || this.#state === 'given up') return
    this.#state = 'given up'
    this.#failure = reason
    this.#end()
  }

  #cutKeyed(part: AnyKeyedPart, layoutOf: CutContents['layoutOf']): void {
    let number = -1
    const cut = part.cut?.((key, payload) => {
      const kept = payload instanceof ExpiredEntry ? payload : copyPlain(payload)
      this.#keep(number, key, kept)
    }, this.#span)
    const { name, kind, version } = part
    const layout = layoutOf(part)?.stored
    number = this.#packer.addState({ name, kind, version, changes: cut?.changes?.by, layout }, part)
    if (cut !== undefined) {
      this.#parts.push(cut)
      if (cut.changes !== undefined) this.#cutDeleted(number, cut.changes)
      this.#walks.push({ part: cut, found: this.#foundOf(number) })
      return
    }
    this.#parts.push(undefined)
    const groups = new Map<number, PackedEntry[]>()
    part.snapshot((key, payload) => {
      const group = this.#groupOf(key)
      const list = groups.get(group)
      if (list === undefined) groups.set(group, [[number, key, payload]])
      else list.push([number, key, payload])
    })
    for (const [group, list] of groups) this.#packer.addEntries(group, list)
  }

  #cutDeleted(number: number, { deleted }: PartChanges): void {
    const part = new DeletedCut(deleted)
    this.#walks.push({ part, found: this.#foundOf(~number) })
  }

  #cutStored({ info, entries }: StoredEntries): void {
    const part = new StoredCut(entries)
    const number = this.#packer.addState(info)
    this.#parts.push(part)
    this.#walks.push({ part, found: this.#foundOf(number) })
  }

  #foundOf(number: number): FoundEntry {
    const sorted = this.#sorted
    return (key, namespace, entry) => {
      const group = this.#groupOf(key)
      this.#found++
      const list = (sorted[group] ??= { values: [], length: 0 })
      const { values } = list
      values[list.length++] = number
      values[list.length++] = key
      values[list.length++] = namespace
      values[list.length++] = entry
    }
  }

  #keep(number: number, key: CanonicalKey, payload: unknown): void {
    const group = this.#groupOf(key)
    const entry = packedEntry(number, key, payload)
    const list = this.#kept[group]
    if (list === undefined) this.#kept[group] = [entry]
    else list.push(entry)
  }

  #groupOf(key: CanonicalKey): number {
    return keyGroupOf(keyHash(originalKey(key)), this.#owner.maxParallelism)
  }

  /** One list: about as much as may be done between two looks at the clock. */
  #restore(): number {
    const restored = this.#rest.step()
    if (!this.#rest.hasRest) this.#state = 'sorting'
    return restored
  }

  #sort(entries: number): number {
    const walk = this.#walks[this.#walk]
    if (walk === undefined || this.#found >= this.#foundLimit) {
      this.#state = 'packing'
      return 0
    }
    const before = this.#found
    const rare = walk.part.changes?.rare === true
    const most = rare ? LOOKED_PER_STEP : SORTED_PER_STEP
    const looked = Math.min(entries * (rare ? LOOKED_PER_PACKED : SORTED_PER_PACKED), most)
    this.#stepBytes += (looked / most) * LIST_BYTES
    if (!walk.part.walk(looked, walk.found)) this.#walk++
    return rare
      ? Math.ceil(looked / LOOKED_PER_PACKED)
      : Math.ceil((this.#found - before) / SORTED_PER_PACKED)
  }

  /** Packs one list of the group whose turn it is. Returns the number of its entries. */
  #pack(entries: number): number {
    const sorted = this.#sorted[this.#group]
    if (sorted === undefined || this.#position === sorted.length)
      return this.#packKept(entries, sorted)
    const limit = Math.min(entries, this.#entriesOfList) * VALUES_PER_FOUND
    const end = Math.min(this.#position + limit, sorted.length)
    const list: PackedEntry[] = []
    const { values } = sorted
    for (let i = this.#position; i < end; i += VALUES_PER_FOUND) {
      const number = values[i] as number
      const key = values[i + 1] as CanonicalKey
      const namespace = values[i + 2] as Namespace | undefined
      if (number < 0) {
        list.push([number, key, namespace ?? null])
        continue
      }
      const payload = this.#parts[number]?.take(namespace, values[i + 3], key)
      if (payload !== undefined) list.push(packedEntry(number, key, payload))
    }
    const looked = (end - this.#position) / VALUES_PER_FOUND
    this.#position = end
    this.#add(list)
    return looked
  }

  /** What has been kept of a group comes last, because nothing more of what was sorted will be kept then. */
  #packKept(entries: number, sorted: Sorted | undefined): number {
    const kept = this.#kept[this.#group]
    if (kept !== undefined && kept.length > 0) {
      const limit = Math.min(entries, this.#entriesOfList)
      const list = kept.splice(Math.max(kept.length - limit, 0))
      this.#add(list)
      return list.length
    }
    if (sorted !== undefined) sorted.length = 0
    this.#position = 0
    this.#group++
    if (this.#group < this.#owner.maxParallelism) return 0
    this.#group = 0
    this.#found = 0
    this.#state = this.#walk < this.#walks.length ? 'sorting' : 'packed'
    if (this.isPacked) this.#end()
    return 0
  }

  #add(list: readonly PackedEntry[]): void {
    if (list.length === 0) return
    const bytes = this.#packer.addEntries(this.#group, list)
    this.#bytesPerEntry = bytes / list.length
    this.#stepBytes += bytes
  }

  get #entriesOfList(): number {
    return Math.max(1, Math.min(LIST_ENTRIES, Math.floor(LIST_BYTES / this.#bytesPerEntry)))
  }

  #end(): void {
    for (const { part } of this.#walks) part.end()
    this.#walks.length = 0
    this.#sorted.length = 0
    this.#kept.length = 0
  }
}

function packedEntry(number: number, key: CanonicalKey, payload: unknown): PackedEntry {
  if (payload instanceof ExpiredEntry) return [~number, key, payload.namespace ?? null]
  return [number, key, payload]
}
