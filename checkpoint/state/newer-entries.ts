/**
 * Reads snapshots that build on each other, the newest first: what a newer one says about an entry counts, and what older ones
 * have of it does not. So the base, which is large, is looked through once, and only what has changed is remembered. Pure, any thread.
 */
import type { CanonicalKey } from '../canonical-key.ts'
import type { KeyedStateInfo, OperatorSnapshot } from './snapshot.ts'

/** The entries of one state that newer snapshots have, or say to be gone. */
export class NewerEntries {
  readonly #by: 'key' | 'namespace'
  readonly #keys = new Map<CanonicalKey, Set<unknown> | undefined>()
  /** What the snapshot that is being read adds: its own entries are all different. */
  #added: [key: CanonicalKey, namespace: unknown][] = []

  constructor(by: 'key' | 'namespace') {
    this.#by = by
  }

  /** Takes note of an entry. False: a newer snapshot has said what became of it. */
  isNew(key: CanonicalKey, payload: unknown): boolean {
    const namespace = this.#namespaceOf(payload)
    if (this.#knows(key, namespace)) return false
    this.#added.push([key, namespace])
    return true
  }

  /** The same, of the last snapshot of a chain: nothing older follows. */
  isNewest(key: CanonicalKey, payload: unknown): boolean {
    return !this.#knows(key, this.#namespaceOf(payload))
  }

  /** An entry is gone. */
  gone(key: CanonicalKey, namespace: unknown): void {
    this.#added.push([key, this.#by === 'key' ? undefined : namespace])
  }

  /** An older snapshot follows. */
  turn(): void {
    for (const [key, namespace] of this.#added) {
      const namespaces = this.#keys.get(key)
      if (this.#by === 'key') this.#keys.set(key, undefined)
      else if (namespaces === undefined) this.#keys.set(key, new Set([namespace]))
      else namespaces.add(namespace)
    }
    this.#added = []
  }

  /** What is no list is found to be damaged by whoever reads it. */
  #namespaceOf(payload: unknown): unknown {
    return this.#by === 'namespace' && Array.isArray(payload) ? payload[0] : undefined
  }

  #knows(key: CanonicalKey, namespace: unknown): boolean {
    if (this.#by === 'key') return this.#keys.has(key)
    return this.#keys.get(key)?.has(namespace) === true
  }
}

/** A snapshot and those on which it builds, the newest first. */
export function* chainOf(snapshot: OperatorSnapshot): Generator<OperatorSnapshot, void> {
  for (let link: OperatorSnapshot | undefined = snapshot; link !== undefined; link = link.base)
    yield link
}

/** Whether a state of a snapshot builds on what an older one has of it. */
export function needsBase({ keyed }: Pick<OperatorSnapshot, 'keyed'>): boolean {
  return keyed.some(({ changes }: KeyedStateInfo) => changes !== undefined)
}
