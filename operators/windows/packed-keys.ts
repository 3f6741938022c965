/**
 * Keys by small numbers, from 0: what is kept of a key lies in arrays. Used by one thread.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import { detachKey } from '../../checkpoint/detach.ts'

/** See the head of this file. */
export class PackedKeys {
  readonly indexes = new Map<CanonicalKey, number>()
  /** By index; null where there is none. */
  readonly keys: CanonicalKey[] = []
  readonly #free: number[] = []

  /** The index of a key that has none yet: the least recent one that was given back, or a new one. */
  add(key: CanonicalKey): number {
    const own = detachKey<CanonicalKey>(key)
    const index = this.#free.pop() ?? this.keys.length
    // -0 and 0 are the same key, and a Map spells it 0.
    this.keys[index] = own === 0 ? 0 : own
    this.indexes.set(own, index)
    return index
  }

  /** Forgets a key: its index may be given out again. */
  remove(index: number): void {
    this.indexes.delete(this.keys[index] as CanonicalKey)
    this.keys[index] = null
    this.#free.push(index)
  }

  /** Forgets all. */
  clear(): void {
    this.indexes.clear()
    this.keys.length = 0
    this.#free.length = 0
  }
}
