/** The entries of a keyed state without namespaces: one per key. Used by the slot's thread only. */
import type { CanonicalKey } from '../canonical-key.ts'
import { detachKey } from '../detach.ts'
import type { ChangesWalker } from './changed-entries.ts'
import { EntryTable } from './entry-table.ts'
import type { LocatedEntry, Look, Pauses, TableEntry } from './entry-table.ts'
import { PairEntries } from './pair-entries.ts'
import { Place } from './place.ts'

/** Tuples of two integers apart from all other keys; all key groups in one table of each kind. */
export class KeyedTable<E extends TableEntry> extends EntryTable<E> {
  readonly #others = new Map<CanonicalKey, E>()
  readonly #pairs = new PairEntries<E>();

  override *entries(): Iterable<LocatedEntry<E>> {
    const place = new Place()
    for (const [key, entry] of this.#others) {
      place.moveTo(key)
      yield [place, entry]
    }
    for (let at = 0; at < this.#pairs.places; at++) {
      const entry = this.#pairAt(at, place)
      if (entry !== undefined) yield [place, entry]
    }
  }

  // Not over `entries`: a generator inside a generator makes every access to state with a ttl a third slower.
  override *walk(look: Look<E>, pauses: Pauses): Iterator<undefined> {
    const place = new Place()
    for (const [key, entry] of this.#others) {
      place.moveTo(key)
      look(place, entry)
      if (pauses.mustPause()) yield undefined
    }
    for (let at = 0; at < this.#pairs.places; at++) {
      const entry = this.#pairAt(at, place)
      if (entry !== undefined) look(place, entry)
      if (pauses.mustPause()) yield undefined
    }
  }

  override walker(): ChangesWalker<E> {
    const others = this.#others.entries()
    const place = new Place()
    let othersAreLeft = true
    let at = 0
    return (limit, found) => {
      for (let i = 0; i < limit; i++) {
        if (othersAreLeft) {
          const { value, done } = others.next()
          if (done !== true) {
            found(value[0], undefined, value[1])
            continue
          }
          othersAreLeft = false
        }
        if (at >= this.#pairs.places) return false
        const entry = this.#pairAt(at++, place)
        if (entry !== undefined) found(place.key as CanonicalKey, undefined, entry)
      }
      return true
    }
  }

  protected override put(place: Place, entry: E): void {
    if (place.isPair) this.#pairs.set(place.first, place.second, entry)
    else this.#others.set(detachKey(place.key as CanonicalKey), entry)
  }

  protected override find(place: Place): E | undefined {
    if (place.isPair) return this.#pairs.get(place.first, place.second)
    return this.#others.get(place.key as CanonicalKey)
  }

  protected override delete(place: Place, entry: E): boolean {
    if (this.find(place) !== entry) return false
    if (!place.isPair) return this.#others.delete(place.key as CanonicalKey)
    this.#pairs.delete(place.first, place.second)
    // Who cleans up walks on from where it is: it finds the next time what it misses now. A snapshot must not miss any.
    if (!this.isCut) this.#pairs.compact()
    return true
  }

  #pairAt(at: number, place: Place): E | undefined {
    const entry = this.#pairs.entryAt(at)
    if (entry !== undefined) place.moveToPair(this.#pairs.firstAt(at), this.#pairs.secondAt(at))
    return entry
  }
}
