/**
 * The entries of one keyed state: one small, mutable object per key, or per key and namespace.
 *
 * All key groups lie together; the group of a key is computed only when a snapshot is written. A table remembers the entry of the
 * current key until the key changes, so that reading and writing a state while one record is processed costs one lookup
 * (benchmarks/state). Handles change entries in place and never replace them.
 *
 * A snapshot begins with a cut, and is packed while records flow: copy on first access, as in Flink's CopyOnWriteStateMap, per entry.
 * Each entry carries the epoch in which it was last packed or accessed. Cut number n raises the epoch to 2n:
 *
 *     below 2n   neither packed nor accessed since the cut: packed some time, or kept before it is handed out
 *     2n         packed, and not accessed since the cut
 *     2n + 1     accessed since the cut, or new: what it was at the cut has been kept, if it was there
 *
 * So an access costs one comparison with 2n + 1, and that only when an entry is looked up. Reading counts as access, because the user
 * may change an object that was handed out.
 *
 * The same number says what has changed since an earlier cut m on which a snapshot builds: what has at least 2m + 1. The others are
 * neither packed nor kept, and their numbers stay as they are.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { ChangedEntries } from './changed-entries.ts'
import type { ChangesWalker } from './changed-entries.ts'
import { DeletedEntries } from './deleted-entries.ts'
import type { DeletedEntry } from './deleted-entries.ts'
import { Place } from './place.ts'
import type { KeyCursor } from './place.ts'
import type { CutSpan, Namespace } from './state-backend.ts'
import type { RestSource } from './state-part.ts'

/** The number of an entry that is gone. */
const GONE = 2 ** 30 - 1

/** An entry and where it stands: the same place each time, to be read before the next. */
export type LocatedEntry<E> = [place: Place, entry: E]

/** Called with an entry and where it stands. */
export type Look<E> = (place: Place, entry: E) => void

/** What every entry has besides its content. New ones begin with 0; only tables write it. */
export interface TableEntry {
  epoch: number
}

/** Called with an entry that was there at the cut, before it is accessed for the first time since, its key, and its namespace if there are namespaces. */
export type Keep<E> = (key: CanonicalKey, namespace: Namespace | undefined, entry: E) => void

/** Says when a walk must pause. */
export interface Pauses {
  /** Called after every look. */
  mustPause(): boolean
}

/** What tables with and without namespaces have in common. `where` names the state in errors. */
export abstract class EntryTable<E extends TableEntry> {
  readonly where: string
  readonly #cursor: KeyCursor
  /** Where a restored entry is put. */
  readonly #restoredTo = new Place()
  /** `moves` of the cursor when the entry was looked up. */
  #moves = -1
  #current: E | undefined
  /** Of entries that were accessed since the last cut, see the head of this file: odd. */
  #epoch = 1
  /** While a snapshot is being packed. */
  #keep: Keep<E> | undefined
  /** Entries below are not in the present cut: they have not changed since the one on which it builds. */
  #least = 0
  /** The number of the first cut. */
  #firstCut: number | undefined
  /** Undefined: nothing builds on the cuts of this table. */
  #deleted: DeletedEntries | undefined
  #changed: ChangedEntries<E> | undefined
  /** What has changed since the cut on which the present one builds. Undefined: look at all. */
  #changes: ChangesWalker<E> | undefined
  /** Has what is restored and is not here yet. What comes from there counts as neither packed nor accessed. */
  #rest: RestSource | undefined

  constructor(where: string, cursor: KeyCursor) {
    this.where = where
    this.#cursor = cursor
  }

  /** The entry of the current key and namespace. Errors: `NO_CURRENT_KEY`. */
  entry(): E | undefined {
    return this.#cursor.moves === this.#moves ? this.#current : this.#lookUp()
  }

  /** Entries of keys that are not found may still come from there (`store`). */
  restoreLater(rest: RestSource): void {
    this.#rest = rest
  }

  /** Gives the current key, which has none, an entry. */
  add(entry: E): void {
    const cursor = this.#cursor
    entry.epoch = this.#epoch
    this.#changed?.add(cursor.key as CanonicalKey, cursor.namespace, entry)
    this.put(cursor, entry)
    this.#current = entry
    this.#moves = cursor.moves
  }

  /** Takes the entry of the current key away. */
  remove(): void {
    const entry = this.entry()
    if (entry !== undefined) this.drop(this.#cursor, entry)
  }

  /** Takes an entry away, unless another one has taken its place. */
  drop(place: Place, entry: E): void {
    this.touch(place, entry)
    if (entry === this.#current) this.#current = undefined
    entry.epoch = GONE
    if (this.delete(place, entry)) this.#deleted?.add(place.key as CanonicalKey, place.namespace)
  }

  /** Whether an entry has been taken away: for walks that have stopped inside one. */
  isGone(entry: E): boolean {
    return entry.epoch === GONE
  }

  /** To be called before an entry is changed that was found otherwise than by `entry`, and is not gone. */
  touch(place: Place, entry: E): void {
    if (entry.epoch !== this.#epoch) this.#touchFirst(place, entry)
  }

  /**
   * A snapshot of what is there now begins. `keep` is called for each entry of it before it is accessed for the first time, unless it was
   * packed before (`takePacked`). Returns what has been deleted since the cut on which this one builds; undefined: it does not build on
   * any, for it need not or cannot.
   */
  cut(keep: Keep<E>, { number, since, isBase }: CutSpan): Iterable<DeletedEntry> | undefined {
    this.#epoch = 2 * number + 1
    this.#keep = keep
    const knows = since !== undefined && this.#firstCut !== undefined && since >= this.#firstCut
    const deleted = knows ? this.#deleted?.since(since) : undefined
    this.#least = deleted === undefined ? 0 : 2 * (since ?? 0) + 1
    this.#changes = deleted && this.#changed?.since(since ?? 0)
    if (deleted === undefined) {
      this.#deleted?.clear()
      this.#changed?.clear()
    }
    if (isBase) {
      this.#deleted ??= new DeletedEntries()
      this.#changed ??= new ChangedEntries()
      this.#deleted.cut(number)
      this.#changed.cut(number)
    }
    this.#firstCut ??= number
    // Entries that are remembered must be looked up again, or their first access would go unnoticed.
    this.#moves = -1
    this.#current = undefined
    return deleted
  }

  /**
   * Goes over what has changed, or more, as `walker` over everything; what is gone is not packed (`takePacked`). Undefined: not known. Of a cut that
   * builds on an earlier one, once.
   */
  takeChanges(): ChangesWalker<E> | undefined {
    const changes = this.#changes
    this.#changes = undefined
    return changes
  }

  /** Whether an entry may be in the present cut: that it has changed, or that all are. */
  hasChanged(entry: E): boolean {
    return entry.epoch >= this.#least
  }

  /** Whether an entry still has to be packed for the snapshot. If so it counts as packed from now on. */
  takePacked(entry: E): boolean {
    if (entry.epoch >= this.#epoch - 1 || entry.epoch < this.#least) return false
    entry.epoch = this.#epoch - 1
    return true
  }

  /** All is packed, or the snapshot is given up. */
  endCut(): void {
    this.#keep = undefined
  }

  /** Puts a restored entry in its place. */
  store(key: CanonicalKey, namespace: Namespace | undefined, entry: E): void {
    const place = this.#restoredTo
    place.moveTo(key)
    place.namespace = namespace
    this.put(place, entry)
  }

  /** Whether a snapshot goes over the entries: none may change its position. */
  protected get isCut(): boolean {
    return this.#keep !== undefined
  }

  /** All entries. May go on while entries come and go: what goes is not seen, what comes may be. */
  abstract entries(): Iterable<LocatedEntry<E>>
  /** Has all entries looked at, in the same way, and yields after a look when it must pause. */
  abstract walk(look: Look<E>, pauses: Pauses): Iterator<undefined>

  /** Goes over all entries as `entries` does, but hands over at most `limit` with each call. The calls answer false when all were. */
  abstract walker(): ChangesWalker<E>

  protected abstract put(place: Place, entry: E): void
  protected abstract find(place: Place): E | undefined
  /** False: another one has taken its place. */
  protected abstract delete(place: Place, entry: E): boolean

  #lookUp(): E | undefined {
    const cursor = this.#cursor
    if (!cursor.hasKey) {
      throw new MillraceError(
        'NO_CURRENT_KEY',
        `${this.where}: keyed state can be used only while a record or a timer with a key is being processed`,
      )
    }
    let entry = this.find(cursor)
    if (entry === undefined && this.#rest !== undefined) entry = this.#findInRest(this.#rest)
    if (entry !== undefined && entry.epoch !== this.#epoch) this.#touchFirst(cursor, entry)
    this.#current = entry
    this.#moves = cursor.moves
    return entry
  }

  #findInRest(rest: RestSource): E | undefined {
    const cursor = this.#cursor
    if (rest.hasRest) rest.bringIn(cursor.key as CanonicalKey)
    else this.#rest = undefined
    return this.find(cursor)
  }

  #touchFirst(place: Place, entry: E): void {
    const { epoch } = entry
    entry.epoch = this.#epoch
    this.#changed?.add(place.key as CanonicalKey, place.namespace, entry)
    if (epoch < this.#epoch - 1 && epoch >= this.#least)
      this.#keep?.(place.key as CanonicalKey, place.namespace, entry)
  }
}
