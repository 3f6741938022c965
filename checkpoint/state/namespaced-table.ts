/** The entries of a keyed state with namespaces. Used by the slot's thread only. */
import { MillraceError } from '../../mailbox/errors.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { detachKey } from '../detach.ts'
import type { ChangesWalker } from './changed-entries.ts'
import { EntryTable } from './entry-table.ts'
import type { LocatedEntry, Look, Pauses, TableEntry } from './entry-table.ts'
import { Place } from './place.ts'
import type { Namespace } from './state-backend.ts'

/** One entry per key and namespace. */
export class NamespacedTable<E extends TableEntry> extends EntryTable<E> {
  readonly #spaces = new Map<CanonicalKey, Map<Namespace, E>>();

  override *entries(): Iterable<LocatedEntry<E>> {
    const place = new Place()
    for (const [key, spaces] of this.#spaces) {
      for (const [namespace, entry] of spaces) {
        place.moveTo(key)
        place.namespace = namespace
        yield [place, entry]
      }
    }
  }

  override *walk(look: Look<E>, pauses: Pauses): Iterator<undefined> {
    const place = new Place()
    for (const [key, spaces] of this.#spaces) {
      for (const [namespace, entry] of spaces) {
        place.moveTo(key)
        place.namespace = namespace
        look(place, entry)
        if (pauses.mustPause()) yield undefined
      }
    }
  }

  override walker(): ChangesWalker<E> {
    const position = this.entries()[Symbol.iterator]()
    return (limit, found) => {
      for (let i = 0; i < limit; i++) {
        const { value, done } = position.next()
        if (done === true) return false
        const [{ key, namespace }, entry] = value
        found(key as CanonicalKey, namespace, entry)
      }
      return true
    }
  }

  protected override put(place: Place, entry: E): void {
    const key = place.key as CanonicalKey
    let spaces = this.#spaces.get(key)
    if (spaces === undefined) {
      spaces = new Map()
      this.#spaces.set(detachKey(key), spaces)
    }
    spaces.set(detachKey(this.#known(place.namespace)), entry)
  }

  protected override find({ key, namespace }: Place): E | undefined {
    return this.#spaces.get(key as CanonicalKey)?.get(this.#known(namespace))
  }

  protected override delete(place: Place, entry: E): boolean {
    const key = place.key as CanonicalKey
    const namespace = this.#known(place.namespace)
    const spaces = this.#spaces.get(key)
    if (spaces === undefined || spaces.get(namespace) !== entry) return false
    spaces.delete(namespace)
    if (spaces.size === 0) this.#spaces.delete(key)
    return true
  }

  #known(namespace: Namespace | undefined): Namespace {
    if (namespace !== undefined) return namespace
    throw new MillraceError(
      'NO_NAMESPACE',
      `${this.where}: the state has a value per namespace, but no namespace is set`,
    )
  }
}
