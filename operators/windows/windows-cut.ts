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

/** An open window. `epoch`: the last cut that has packed or kept it, or came before it was opened; 0: none. */
export interface CutWindow {
  epoch: number
}

/** What the operator begins when it is cut. */
export interface WindowsCutOptions<W extends CutWindow> {
  /** Larger than that of every cut before, from 1. */
  readonly epoch: number
  /** All open windows. It may go on while they come and go: what goes may be missing, what comes may be there. */
  readonly store: { entries(): Iterable<readonly [key: CanonicalKey, window: W]> }
  readonly payload: (window: W) => unknown
  readonly keep: KeepEntry
  /** The snapshot is packed or given up: nothing need be touched any more. */
  readonly onEnd: () => void
}

/** See the head of this file. */
export class WindowsCut<W extends CutWindow> implements PartCut {
  readonly #options: WindowsCutOptions<W>
  readonly #position: Iterator<readonly [CanonicalKey, W]>

  constructor(options: WindowsCutOptions<W>) {
    this.#options = options
    this.#position = options.store.entries()[Symbol.iterator]()
  }

  /** To be called before a window is changed, removed or handed out. */
  touch(key: CanonicalKey, entry: W): void {
    const { epoch, keep, payload } = this.#options
    if (entry.epoch === epoch) return
    entry.epoch = epoch
    keep(key, payload(entry))
  }

  /** A window was opened since the cut. */
  opened(entry: W): void {
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
    const window = entry as W
    if (window.epoch === epoch) return undefined
    window.epoch = epoch
    return payload(window)
  }

  end(): void {
    this.#options.onEnd()
  }
}
