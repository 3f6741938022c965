/**
 * Which keys come often: what the first phase of an aggregate knows of keys whose accumulators would grow with their records (`local-aggregate`).
 * Used by one thread.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import type { LocalAggregateLimits } from './local-aggregate-limits.ts'

/** See the head of this file. */
export class HotKeys {
  readonly #limits: LocalAggregateLimits
  /** How many watched records of a key were let through. */
  readonly #watched = new Map<CanonicalKey, number>()
  /** Records that will not be watched. */
  #unwatched = 0

  constructor(limits: LocalAggregateLimits) {
    this.#limits = limits
  }

  /** Whether a key that has another record has had enough of them. */
  has(key: CanonicalKey): boolean {
    if (this.#unwatched > 0) {
      this.#unwatched--
      return false
    }
    const { WATCH_EVERY, HOT_RECORDS, MAX_WATCHED } = this.#limits
    this.#unwatched = WATCH_EVERY - 1
    const records = this.#watched.get(key)
    if (records !== undefined && records >= HOT_RECORDS) return true
    if (records !== undefined) {
      this.#watched.set(key, records + 1)
      return false
    }
    if (this.#watched.size >= MAX_WATCHED) this.#watched.clear()
    this.#watched.set(detachKey<CanonicalKey>(key), 1)
    return false
  }

  /** The key begins anew. */
  delete(key: CanonicalKey): void {
    this.#watched.delete(key)
  }

  clear(): void {
    this.#watched.clear()
  }
}
