/**
 * Timers of one and the same time that differ in key and namespace, in the order in which they were registered.
 *
 * A list in that order, in which deleted timers leave gaps, and an index that finds a timer's place in it.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace } from '../../checkpoint/state/state-backend.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import type { TakenTimer } from './timer-bucket.ts'

/** So many gaps are left alone. */
const FEW_GAPS = 32

/** In place of the key of a timer that is gone. */
const GONE = Symbol('gone')

/** Several timers of one time and several namespaces. */
export class MixedTimers<N extends Namespace | undefined> {
  #keys: (CanonicalKey | typeof GONE)[] = []
  #namespaces: N[] = []
  /** Places in the lists; a key with several namespaces has a map of them. */
  readonly #places = new Map<CanonicalKey, number | Map<N, number>>()
  /** The first place that may hold a timer. */
  #first = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** False when it is there already. */
  add(key: CanonicalKey, namespace: N): boolean {
    const known = this.#places.get(key)
    const place = this.#keys.length
    if (known === undefined) {
      const detached = detachKey(key)
      this.#places.set(detached, place)
      this.#keys.push(detached)
    } else if (typeof known === 'number') {
      const other = this.#namespaces[known] as N
      if (other === namespace) return false
      this.#places.set(key, new Map([[other, known]]).set(namespace, place))
      this.#keys.push(this.#keys[known] as CanonicalKey)
    } else {
      if (known.has(namespace)) return false
      known.set(namespace, place)
      this.#keys.push(key)
    }
    this.#namespaces.push(namespace)
    this.#size++
    return true
  }

  /** False when it is not there. */
  delete(key: CanonicalKey, namespace: N): boolean {
    const place = this.#forget(key, namespace)
    if (place === undefined) return false
    this.#keys[place] = GONE
    this.#size--
    const gaps = this.#keys.length - this.#size
    if (gaps > FEW_GAPS && gaps > this.#size) this.#closeGaps()
    return true
  }

  /** Takes the first timer out. Only while `size` is not 0. */
  take(into: TakenTimer<N>): void {
    while (this.#keys[this.#first] === GONE) this.#first++
    const place = this.#first++
    const key = this.#keys[place] as CanonicalKey
    const namespace = this.#namespaces[place] as N
    this.#forget(key, namespace)
    this.#keys[place] = GONE
    this.#size--
    into.key = key
    into.namespace = namespace
  }

  /** Visits all timers in order. */
  forEach(visit: (key: CanonicalKey, namespace: N) => void): void {
    this.#keys.forEach((key, place) => {
      if (key !== GONE) visit(key, this.#namespaces[place] as N)
    })
  }

  /** Takes a timer out of the index and returns its place. */
  #forget(key: CanonicalKey, namespace: N): number | undefined {
    const known = this.#places.get(key)
    if (typeof known === 'number') {
      if (this.#namespaces[known] !== namespace) return undefined
      this.#places.delete(key)
      return known
    }
    const place = known?.get(namespace)
    if (known === undefined || place === undefined) return undefined
    known.delete(namespace)
    if (known.size === 0) this.#places.delete(key)
    return place
  }

  #closeGaps(): void {
    const [keys, namespaces] = [this.#keys, this.#namespaces]
    this.#keys = []
    this.#namespaces = []
    this.#places.clear()
    this.#first = 0
    this.#size = 0
    keys.forEach((key, place) => {
      if (key !== GONE) this.add(key, namespaces[place] as N)
    })
  }
}
