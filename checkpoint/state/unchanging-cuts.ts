/**
 * What a cut has of entries that nobody changes while they are packed: what was restored and never declared, and what was deleted before.
 * Nothing has to be copied. Used by the slot's thread only.
 */
import type { CanonicalKey } from '../canonical-key.ts'
import type { PackedEntry } from './snapshot-packer.ts'
import type { FoundEntry, Namespace, PartChanges, PartCut } from './state-backend.ts'

/** Entries that were restored for a state that is not declared. */
export class StoredCut implements PartCut {
  readonly #entries: Iterator<PackedEntry>

  constructor(entries: Iterable<PackedEntry>) {
    this.#entries = entries[Symbol.iterator]()
  }

  walk(limit: number, found: FoundEntry): boolean {
    for (let i = 0; i < limit; i++) {
      const { value, done } = this.#entries.next()
      if (done === true) return false
      found(value[1], undefined, value[2])
    }
    return true
  }

  take(_namespace: undefined, payload: unknown): unknown {
    return payload
  }

  end(): void {}
}

/** Entries that are gone since the cut on which this one builds. */
export class DeletedCut implements PartCut {
  readonly #deleted: Iterator<readonly [key: CanonicalKey, namespace: Namespace | undefined]>

  constructor(deleted: PartChanges['deleted']) {
    this.#deleted = deleted[Symbol.iterator]()
  }

  walk(limit: number, found: FoundEntry): boolean {
    for (let i = 0; i < limit; i++) {
      const { value, done } = this.#deleted.next()
      if (done === true) return false
      found(value[0], value[1], undefined)
    }
    return true
  }

  take(): undefined {}

  end(): void {}
}
