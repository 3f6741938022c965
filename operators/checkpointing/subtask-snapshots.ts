/**
 * The checkpoints that a subtask has begun: what must come together before each is acknowledged. There is one at most; a newer one takes
 * the place of an older one, for which nobody waits any more.
 *
 * A writer of a sink prepares what it has got once. So what was prepared for a checkpoint that was not acknowledged goes with the next.
 */
import { withEarlier } from '../../checkpoint/coordinator/contribution-ledger.ts'
import type { SnapshotPiece } from '../../checkpoint/state/snapshot.ts'
import type {
  ChannelSnapshot,
  SinkSnapshot,
  SubtaskSnapshot,
} from '../../checkpoint/subtask-snapshot.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { SnapshotUnderWay } from './snapshot-under-way.ts'

/** Who hears how a checkpoint ends. */
export interface SnapshotsListener {
  /** Pieces of its state, before it is acknowledged. What was told of a checkpoint that is declined is to be dropped. */
  readonly packed: (checkpointId: number, pieces: readonly SnapshotPiece[]) => void
  /** `packedBytes`: of all its pieces. */
  readonly acknowledged: (
    checkpointId: number,
    snapshot: SubtaskSnapshot,
    packedBytes: number,
  ) => void
  readonly declined: (checkpointId: number, error: unknown) => void
}

/** See the head of this file. */
export class SubtaskSnapshots {
  readonly #clock: Clock
  readonly #label: string
  readonly #listener: SnapshotsListener
  #current: SnapshotUnderWay | undefined
  #prepared: readonly SinkSnapshot[] = []

  /** `label` names the subtask in errors. */
  constructor(clock: Clock, label: string, listener: SnapshotsListener) {
    this.#clock = clock
    this.#label = label
    this.#listener = listener
  }

  /** Whether one was begun that is not acknowledged yet. */
  get underWay(): boolean {
    return this.#current !== undefined
  }

  /** Whether there is state to be packed: turns must follow. */
  get packing(): boolean {
    return this.#current?.isPacked === false
  }

  /** Begins one. A checkpoint that cannot be begun is declined, and undefined returned. Errors of `cut` are for the listener. */
  begin(checkpointId: number, cut: () => SnapshotUnderWay): SnapshotUnderWay | undefined {
    if (this.#current !== undefined) {
      const older = this.#current.checkpointId
      const message = `${this.#label}: checkpoint ${checkpointId} came before the state was packed for checkpoint ${older}`
      this.#decline(this.#current, new MillraceError('CHECKPOINT_REPLACED', message))
    }
    try {
      this.#current = cut()
    } catch (error) {
      this.#listener.declined(checkpointId, error)
    }
    return this.#current
  }

  /** The sinks have prepared for a checkpoint. */
  prepared(snapshot: SnapshotUnderWay, sinks: readonly SinkSnapshot[]): void {
    this.#prepared = withEarlier(this.#prepared, sinks)
    snapshot.prepared()
    this.#acknowledge()
  }

  /** What was in flight is known, of all inputs or of all outputs. */
  recorded(snapshot: SnapshotUnderWay, channels: readonly ChannelSnapshot[]): void {
    snapshot.recorded(channels)
    this.#acknowledge()
  }

  /** What is in flight cannot be packed. No effect when a newer checkpoint has come. */
  recordingFailed(snapshot: SnapshotUnderWay, error: unknown): void {
    if (this.#current === snapshot) this.#decline(snapshot, error)
  }

  /** What goes with the last snapshot of the subtask, when its sinks have prepared for it. */
  withPrepared(sinks: readonly SinkSnapshot[]): readonly SinkSnapshot[] {
    return withEarlier(this.#prepared, sinks)
  }

  /** Packs for a short while, if there is something to pack. */
  pack(): void {
    const current = this.#current
    if (current === undefined || current.isPacked) return
    try {
      current.pack(this.#clock)
    } catch (error) {
      this.#decline(current, error)
      return
    }
    const pieces = current.takePieces()
    if (pieces.length > 0) this.#listener.packed(current.checkpointId, pieces)
    this.#acknowledge()
  }

  /** Packs nothing more. */
  close(): void {
    this.#current?.giveUp()
    this.#current = undefined
  }

  #acknowledge(): void {
    const current = this.#current
    if (current === undefined || !current.isComplete) return
    const sinks = this.#prepared
    this.#current = undefined
    this.#prepared = []
    const { checkpointId, takenBytes } = current
    this.#listener.acknowledged(checkpointId, current.finish(sinks), takenBytes)
  }

  #decline(snapshot: SnapshotUnderWay, error: unknown): void {
    snapshot.giveUp()
    this.#current = undefined
    this.#listener.declined(snapshot.checkpointId, error)
  }
}
