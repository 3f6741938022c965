/** The entries of a keyed state without namespaces. Used by the slot's thread only. */
import type { CanonicalKey } from '../canonical-key.ts'
import { detachKey } from '../detach.ts'
import { EntryTable } from './entry-table.ts'
import type { LocatedEntry, Look, Pauses, TableEntry } from './entry-table.ts'
import type { Namespace } from './state-backend.ts'

/** One entry per key. */
export class KeyedTable<E extends TableEntry> extends EntryTable<E> {
  readonly #entries = new Map<CanonicalKey, E>()

  override store(key: CanonicalKey, _namespace: Namespace | undefined, entry: E): void {
    this.#entries.set(detachKey(key), entry)
  }

  override *entries(): Iterable<LocatedEntry<E>> {
    for (const [key, entry] of this.#entries) yield [key, undefined, entry]
  }

  // Not over `entries`: a generator inside a generator makes every access to state with a ttl a third slower.
  override *walk(look: Look<E>, pauses: Pauses): Iterator<undefined> {
    for (const [key, entry] of this.#entries) {
      look(key, undefined, entry)
      if (pauses.mustPause()) yield undefined
    }
  }

  override walker(): (limit: number, look: Look<E>) => boolean {
    const position = this.#entries.entries()
    return (limit, look) => {
      for (let i = 0; i < limit; i++) {
        const { value, done } = position.next()
        if (done === true) return false
        look(value[0], undefined, value[1])
      }
      return true
    }
  }

  protected override find(key: CanonicalKey): E | undefined {
    return this.#entries.get(key)
  }

  protected override delete(
    key: CanonicalKey,
    _namespace: Namespace | undefined,
    entry: E,
  ): boolean {
    return this.#entries.get(key) === entry && this.#entries.delete(key)
  }
}
