/**
 * Which entries of a table are gone, so that a snapshot that builds on an earlier one can say so.
 *
 * Kept by the cut after which they went: what builds on cut number n needs all from n on. A key that comes again stays noted; what is there
 * counts more than what is gone. Bounded: where too many go, nothing is known, and the next snapshot has to be a full one. Used by the
 * slot's thread only.
 */
import type { CanonicalKey } from '../canonical-key.ts'
import type { Namespace } from './state-backend.ts'

/** So many keys are noted at most: a larger set would stop everybody when it grows. */
const MOST_KEYS = 1 << 16

/** The namespaces that are gone of a key; undefined where there are no namespaces. */
type Gone = Map<CanonicalKey, Set<Namespace> | undefined>

/** A key whose entry is gone. */
export type DeletedEntry = readonly [key: CanonicalKey, namespace: Namespace | undefined]

/** See the head of this file. */
export class DeletedEntries {
  /** Ascending, without gaps between them. Empty: nothing is noted before the next cut. */
  #spans: { readonly cut: number; readonly gone: Gone }[] = []
  #noted = 0

  /** An entry has gone. */
  add(key: CanonicalKey, namespace: Namespace | undefined): void {
    const gone = this.#spans.at(-1)?.gone
    if (gone === undefined) return
    let namespaces = gone.get(key)
    if (namespace === undefined) gone.set(key, undefined)
    else if (namespaces === undefined) gone.set(key, (namespaces = new Set([namespace])))
    else namespaces.add(namespace)
    // One hot key with ever new namespaces must not go on for ever either.
    if (++this.#noted > MOST_KEYS) this.#recount()
  }

  /** A cut is made on which others may build: what goes from now on is noted for them. */
  cut(number: number): void {
    this.#spans.push({ cut: number, gone: new Map() })
  }

  /** What has gone since a cut; undefined: that is not known. Must not be called for an earlier cut afterwards. */
  since(cut: number): Iterable<DeletedEntry> | undefined {
    if (this.#spans[0] === undefined || this.#spans[0].cut > cut) return undefined
    this.#spans = this.#spans.filter((span) => span.cut >= cut)
    return entriesOf(this.#spans.map(({ gone }) => gone))
  }

  /** Nothing builds on an earlier cut any more. */
  clear(): void {
    this.#spans = []
    this.#noted = 0
  }

  /** Many calls may have been about the same. */
  #recount(): void {
    let noted = 0
    for (const { gone } of this.#spans)
      for (const namespaces of gone.values()) noted += namespaces?.size ?? 1
    this.#noted = noted
    if (noted > MOST_KEYS / 2) this.clear()
  }
}

function* entriesOf(spans: readonly Gone[]): Generator<DeletedEntry, void> {
  for (const gone of spans) {
    for (const [key, namespaces] of gone) {
      if (namespaces === undefined) yield [key, undefined]
      else for (const namespace of namespaces) yield [key, namespace]
    }
  }
}
