/**
 * What the coordinator calls on a slot to take a snapshot of its actors, or to put the actors of one there; and which of them rest
 * meanwhile.
 *
 * Used by the slot's thread only.
 */
import type { Hold, RestoredState } from '../actor-host.ts'
import { SlotRestore } from './slot-restore.ts'
import type { RestoreParts } from './slot-restore.ts'
import { SlotSnapshots } from './slot-snapshots.ts'
import type { SnapshotParts } from './slot-snapshots.ts'
import type { Packed } from './stored-system.ts'

/** What a slot has under way. */
export interface BusyActors {
  /** Actors inside something that cannot be stored, or with mail that somebody waits for. */
  readonly busy: number
  /** Mail handed to links, and mail that came out of them. */
  readonly sent: number
  readonly received: number
}

/** Snapshots and restoring in one slot. */
export class SlotPersistence {
  readonly snapshots: SlotSnapshots
  hold: Hold = 'none'
  readonly #parts: SnapshotParts & RestoreParts
  #restore: SlotRestore | undefined

  constructor(parts: SnapshotParts & RestoreParts) {
    this.#parts = parts
    this.snapshots = new SlotSnapshots(parts)
  }

  /** Chooses which actors handle mail from now on. */
  setHold(hold: Hold): void {
    if (hold === this.hold) return
    this.hold = hold
    for (const cell of this.#parts.family.cells.values()) cell.released()
  }

  busyActors(): BusyActors {
    const { family, links } = this.#parts
    let busy = 0
    for (const cell of family.cells.values()) {
      if (cell.unsettled !== undefined || cell.isPressed) busy++
    }
    return { busy, sent: links.sent, received: links.received }
  }

  /** See `RestoredState`. */
  restoredState(actor: number): RestoredState | undefined {
    return this.#restore?.states.get(actor)
  }

  /** First step of restoring: see `SlotRestore`. */
  restore(packed: Packed): void {
    this.hold = 'all'
    this.#restore = new SlotRestore(this.#parts, packed)
  }

  /** Second step. */
  async startRestored(): Promise<void> {
    await this.#restore?.start()
  }

  /** Third step. */
  resumeRestored(): void {
    this.#restore?.resume()
    this.#restore = undefined
    this.setHold('none')
  }
}
