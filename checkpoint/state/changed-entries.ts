/**
 * Which entries of a table are new or were accessed, so that a snapshot that builds on an earlier one need not look at all of them.
 *
 * Kept by the cut after which they were accessed for the first time, as `DeletedEntries`. Bounded: where too many change, nothing is known,
 * and the next snapshot looks at all entries. Used by the slot's thread only.
 */
import type { CanonicalKey } from '../canonical-key.ts'
import type { Namespace } from './state-backend.ts'

/** So many are noted at most. To look at all costs little where more are to be packed. */
const MOST_ENTRIES = 1 << 16
/** Key, namespace, entry. */
const VALUES_PER_ENTRY = 3

/** Calls `found` for the next `limit` entries; false: there are no more. */
export type ChangesWalker<E> = (
  limit: number,
  found: (key: CanonicalKey, namespace: Namespace | undefined, entry: E) => void,
) => boolean

interface Span {
  readonly cut: number
  readonly values: unknown[]
}

/** See the head of this file. */
export class ChangedEntries<E> {
  /** Ascending, without gaps between them. */
  #spans: Span[] = []
  /** Of the last span; undefined: nothing is noted before the next cut. */
  #values: unknown[] | undefined
  #noted = 0

  /** An entry is new, or is accessed for the first time since the last cut. */
  add(key: CanonicalKey, namespace: Namespace | undefined, entry: E): void {
    if (this.#values === undefined) return
    this.#values.push(key, namespace, entry)
    if (++this.#noted > MOST_ENTRIES) this.clear()
  }

  /** A cut is made on which others may build. */
  cut(number: number): void {
    this.#values = []
    this.#spans.push({ cut: number, values: this.#values })
  }

  /**
   * What has changed since a cut, some of it several times, and with entries that are gone; undefined: that is not known. Must not be called for an
   * earlier cut afterwards.
   */
  since(cut: number): ChangesWalker<E> | undefined {
    if (this.#spans[0] === undefined || this.#spans[0].cut > cut) return undefined
    this.#spans = this.#spans.filter((span) => span.cut >= cut)
    this.#noted = this.#spans.reduce((sum, { values }) => sum + values.length, 0) / VALUES_PER_ENTRY
    return walkerOf(this.#spans.map(({ values }) => values))
  }

  /** Nothing builds on an earlier cut any more. */
  clear(): void {
    this.#spans = []
    this.#values = undefined
    this.#noted = 0
  }
}

function walkerOf<E>(lists: readonly (readonly unknown[])[]): ChangesWalker<E> {
  let list = 0
  let at = 0
  return (limit, found) => {
    for (let left = limit; left > 0; left--) {
      let values = lists[list]
      while (values !== undefined && at >= values.length) {
        values = lists[++list]
        at = 0
      }
      if (values === undefined) return false
      found(
        values[at] as CanonicalKey,
        values[at + 1] as Namespace | undefined,
        values[at + 2] as E,
      )
      at += VALUES_PER_ENTRY
    }
    return true
  }
}
