/** The entries of a keyed state with namespaces. Used by the slot's thread only. */
import { MillraceError } from '../../mailbox/errors.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { detachKey } from '../detach.ts'
import { EntryTable } from './entry-table.ts'
import type { LocatedEntry, Look, Pauses, TableEntry } from './entry-table.ts'
import type { Namespace } from './state-backend.ts'

/** One entry per key and namespace. */
export class NamespacedTable<E extends TableEntry> extends EntryTable<E> {
  readonly #spaces = new Map<CanonicalKey, Map<Namespace, E>>()

  override store(key: CanonicalKey, namespace: Namespace | undefined, entry: E): void {
    let spaces = this.#spaces.get(key)
    if (spaces === undefined) {
      spaces = new Map()
      this.#spaces.set(detachKey(key), spaces)
    }
    spaces.set(detachKey(this.#known(namespace)), entry)
  }

  override *entries(): Iterable<LocatedEntry<E>> {
    for (const [key, spaces] of this.#spaces)
      for (const [namespace, entry] of spaces) yield [key, namespace, entry]
  }

  override *walk(look: Look<E>, pauses: Pauses): Iterator<undefined> {
    for (const [key, spaces] of this.#spaces) {
      for (const [namespace, entry] of spaces) {
        look(key, namespace, entry)
        if (pauses.mustPause()) yield undefined
      }
    }
  }

  override walker(): (limit: number, look: Look<E>) => boolean {
    const position = this.entries()[Symbol.iterator]()
    return (limit, look) => {
      for (let i = 0; i < limit; i++) {
        const { value, done } = position.next()
        if (done === true) return false
        look(...value)
      }
      return true
    }
  }

  protected override find(key: CanonicalKey, namespace: Namespace | undefined): E | undefined {
    return this.#spaces.get(key)?.get(this.#known(namespace))
  }

  protected override delete(
    key: CanonicalKey,
    namespace: Namespace | undefined,
    entry: E,
  ): boolean {
    const spaces = this.#spaces.get(key)
    if (spaces === undefined || spaces.get(this.#known(namespace)) !== entry) return false
    spaces.delete(this.#known(namespace))
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
