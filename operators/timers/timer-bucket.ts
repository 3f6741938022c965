/**
 * Timers of one and the same time, in the order in which they were registered.
 *
 * Mostly they have one namespace in common (none at all, or the window that ends then): a Set of keys is enough. The first
 * timer with another namespace turns it into a list with an index.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace } from '../../checkpoint/state/state-backend.ts'
import { detachKey, SHORTEST_SHARED } from '../../checkpoint/detach.ts'
import { MixedTimers } from './mixed-timers.ts'

/** What a bucket hands out: `key` and `namespace` of the timer that was taken. */
export interface TakenTimer<N extends Namespace | undefined> {
  key: CanonicalKey
  namespace: N
}

/** Several timers of one time. */
export class TimerBucket<N extends Namespace | undefined> {
  /** The namespace of all `#keys`. */
  readonly #namespace: N
  readonly #keys = new Set<CanonicalKey>()
  /** Where taking stands. Lives as long as the bucket, as the start of a Set from which much was deleted is slow to find. */
  #next: Iterator<CanonicalKey> | undefined
  /** So many keys have been taken but are still in the Set: they leave it only when somebody asks for what is in it. */
  #taken = 0
  /** Stands before the first of those. */
  #leaving: Iterator<CanonicalKey> | undefined
  /** Once there are several namespaces: all timers, and `#keys` is empty. */
  #mixed: MixedTimers<N> | undefined

  constructor(key: CanonicalKey, namespace: N) {
    this.#namespace = namespace
    this.#keys.add(key)
  }

  get size(): number {
    return this.#mixed === undefined ? this.#keys.size - this.#taken : this.#mixed.size
  }

  /** False when it is there already. */
  add(key: CanonicalKey, namespace: N): boolean {
    if (this.#mixed !== undefined) return this.#mixed.add(key, namespace)
    if (this.#taken > 0) this.#removeTaken()
    if (namespace !== this.#namespace) return this.#mix().add(key, namespace)
    const keys = this.#keys
    // Most keys need no copy, and then it takes only one look into the Set.
    if (typeof key === 'string' && key.length >= SHORTEST_SHARED && keys.has(key)) return false
    const before = keys.size
    return keys.add(detachKey(key)).size > before
  }

  /** False when it is not there. */
  delete(key: CanonicalKey, namespace: N): boolean {
    if (this.#mixed !== undefined) return this.#mixed.delete(key, namespace)
    if (this.#taken > 0) this.#removeTaken()
    return namespace === this.#namespace && this.#keys.delete(key)
  }

  /** Takes the first timer out. Only while `size` is not 0. */
  take(into: TakenTimer<N>): void {
    if (this.#mixed !== undefined) {
      this.#mixed.take(into)
      return
    }
    this.#next ??= this.#keys.values()
    into.key = this.#next.next().value as CanonicalKey
    into.namespace = this.#namespace
    this.#taken++
  }

  /** Visits all timers in order. */
  forEach(visit: (key: CanonicalKey, namespace: N) => void): void {
    if (this.#taken > 0) this.#removeTaken()
    if (this.#mixed !== undefined) this.#mixed.forEach(visit)
    else for (const key of this.#keys) visit(key, this.#namespace)
  }

  #removeTaken(): void {
    this.#leaving ??= this.#keys.values()
    for (; this.#taken > 0; this.#taken--) {
      this.#keys.delete(this.#leaving.next().value as CanonicalKey)
    }
  }

  #mix(): MixedTimers<N> {
    this.#mixed = new MixedTimers()
    for (const key of this.#keys) this.#mixed.add(key, this.#namespace)
    this.#keys.clear()
    this.#next = undefined
    this.#leaving = undefined
    return this.#mixed
  }
}
