/**
 * The snapshot of open windows while it is packed bit by bit: what they held at the cut. The operator says so before it accesses a window
 * (`touch`). Used by the slot's thread only.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type {
  FoundEntry,
  KeepEntry,
  Namespace,
  PartCut,
} from '../../checkpoint/state/state-backend.ts'
import type { WindowEntry, WindowStore } from './window-entry.ts'

/** What the operator begins when it is cut. */
export interface WindowsCutOptions {
  /** Larger than that of every cut before, from 1. */
  readonly epoch: number
  readonly store: WindowStore
  readonly payload: (entry: WindowEntry) => unknown
  readonly keep: KeepEntry
  /** The snapshot is packed or given up: nothing need be touched any more. */
  readonly onEnd: () => void
}

/** See the head of this file. */
export class WindowsCut implements PartCut {
  readonly #options: WindowsCutOptions
  readonly #position: Iterator<readonly [CanonicalKey, WindowEntry]>

  constructor(options: WindowsCutOptions) {
    this.#options = options
    this.#position = options.store.entries()[Symbol.iterator]()
  }

  /** To be called before a window is changed, removed or handed out. */
  touch(key: CanonicalKey, entry: WindowEntry): void {
    const { epoch, keep, payload } = this.#options
    if (entry.epoch === epoch) return
    entry.epoch = epoch
    keep(key, payload(entry))
  }

  /** A window was opened since the cut. */
  opened(entry: WindowEntry): void {
    entry.epoch = this.#options.epoch
  }

  walk(limit: number, found: FoundEntry): boolean {
    for (let i = 0; i < limit; i++) {
      const { value, done } = this.#position.next()
      if (done === true) return false
      found(value[0], undefined, value[1])
    }
    return true
  }

  take(_namespace: Namespace | undefined, entry: unknown): unknown {
    const { epoch, payload } = this.#options
    const window = entry as WindowEntry
    if (window.epoch === epoch) return undefined
    window.epoch = epoch
    return payload(window)
  }

  end(): void {
    this.#options.onEnd()
  }
}
