/**
 * Timers of one and the same time, in the order in which they were registered.
 *
 * Mostly they have one namespace in common (none at all, or the window that ends then): a Set of keys is enough. The first
 * timer with another namespace turns it into a list with an index.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace } from '../../checkpoint/state/state-backend.ts'
import { detachKey } from '../../checkpoint/detach.ts'
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
  /** Lives as long as the bucket, for the start of a Set from which much was deleted is slow to find. */
  #next: Iterator<CanonicalKey> | undefined
  /** Once there are several namespaces: all timers, and `#keys` is empty. */
  #mixed: MixedTimers<N> | undefined

  constructor(key: CanonicalKey, namespace: N) {
    this.#namespace = namespace
    this.#keys.add(key)
  }

  get size(): number {
    return this.#mixed === undefined ? this.#keys.size : this.#mixed.size
  }

  /** False when it is there already. */
  add(key: CanonicalKey, namespace: N): boolean {
    if (this.#mixed !== undefined) return this.#mixed.add(key, namespace)
    if (namespace !== this.#namespace) return this.#mix().add(key, namespace)
    if (this.#keys.has(key)) return false
    this.#keys.add(detachKey(key))
    return true
  }

  /** False when it is not there. */
  delete(key: CanonicalKey, namespace: N): boolean {
    if (this.#mixed !== undefined) return this.#mixed.delete(key, namespace)
    return namespace === this.#namespace && this.#keys.delete(key)
  }

  /** Takes the first timer out. Only while `size` is not 0. */
  take(into: TakenTimer<N>): void {
    if (this.#mixed !== undefined) {
      this.#mixed.take(into)
      return
    }
    this.#next ??= this.#keys.values()
    const key = this.#next.next().value as CanonicalKey
    this.#keys.delete(key)
    into.key = key
    into.namespace = this.#namespace
  }

  /** Visits all timers in order. */
  forEach(visit: (key: CanonicalKey, namespace: N) => void): void {
    if (this.#mixed !== undefined) this.#mixed.forEach(visit)
    else for (const key of this.#keys) visit(key, this.#namespace)
  }

  #mix(): MixedTimers<N> {
    this.#mixed = new MixedTimers()
    for (const key of this.#keys) this.#mixed.add(key, this.#namespace)
    this.#keys.clear()
    this.#next = undefined
    return this.#mixed
  }
}
