/**
 * The part that a subtask has of a checkpoint, from the barrier to the acknowledgement.
 *
 *     barrier: state is cut ──► packed in steps, while records flow ──┐    (large state: pieces of it are taken meanwhile)
 *         ├──► sinks prepare, nothing is taken ───────────────────────┼──► complete: acknowledged
 *         └──► what is in flight on channels is recorded ─────────────┘
 *
 * Driven by the turns of the subtask, so that a simulator chooses what happens between two steps. The first steps are small, as
 * states mostly are: records come between the steps of small states too.
 */
import type {
  ChannelSnapshot,
  SinkSnapshot,
  SubtaskSnapshot,
} from '../../checkpoint/subtask-snapshot.ts'
import type { SnapshotPiece } from '../../checkpoint/state/snapshot.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { ChainCut } from '../chain/chain-cut.ts'

/** How long a subtask packs in one turn, about. A step is bounded too, and takes less. */
const BUDGET_MS = 2
/** The most entries that it packs in one turn. */
const MOST_ENTRIES = 4096

/** What a subtask contributes besides the state of its operators and sinks. */
export type SubtaskContents = Omit<SubtaskSnapshot, 'operators' | 'sinks' | 'channels'>

/** See the head of this file. */
export class SnapshotUnderWay {
  readonly checkpointId: number
  readonly #contents: SubtaskContents
  readonly #cut: ChainCut
  #sinksPrepared = false
  /** Who has not said yet what is in flight: inputs, outputs. */
  #recorders = 0
  #channels: readonly ChannelSnapshot[] = []
  #entries = 1
  /** What was taken before the rest. */
  #takenLists = 0
  #takenBytes = 0

  constructor(checkpointId: number, contents: SubtaskContents, cut: ChainCut) {
    this.checkpointId = checkpointId
    this.#contents = contents
    this.#cut = cut
  }

  /** Whether all state is packed. */
  get isPacked(): boolean {
    return this.#cut.isPacked
  }

  /** Whether all is packed, the sinks have prepared, and it is known what is in flight. */
  get isComplete(): boolean {
    return this.isPacked && this.#sinksPrepared && this.#recorders === 0
  }

  /** Somebody records what is in flight: `recorded` follows. */
  awaitRecorder(): void {
    this.#recorders++
  }

  /** What one of those has recorded. */
  recorded(channels: readonly ChannelSnapshot[]): void {
    this.#recorders--
    this.#channels = [...this.#channels, ...channels]
  }

  /** Packs for a short while. Errors: `UNSENDABLE_VALUE` in an `OperatorError`; then it can only be given up. */
  pack(clock: Clock): void {
    const untilMs = clock.monotonicMs() + BUDGET_MS
    let left = this.#entries
    while (left > 0 && !this.isPacked) {
      // A step may find nothing but the end of one operator's state.
      left -= Math.max(this.#cut.step(left), 1)
      if (clock.monotonicMs() >= untilMs) break
    }
    this.#entries = Math.min(this.#entries * 2, MOST_ENTRIES)
  }

  /** What is packed and can be handed over before the rest. Once all is packed the rest is not worth a message of its own: nothing. */
  takePieces(): readonly SnapshotPiece[] {
    if (this.isPacked) return []
    const pieces = this.#cut.takePieces()
    for (const { groups } of pieces) {
      this.#takenLists += groups.length
      for (const { bytes } of groups) this.#takenBytes += bytes.length
    }
    return pieces
  }

  /** Of all pieces that were taken. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  /** The sinks have prepared. */
  prepared(): void {
    this.#sinksPrepared = true
  }

  /** What is to be acknowledged, once it is complete; without the pieces that were taken. */
  finish(sinks: readonly SinkSnapshot[]): SubtaskSnapshot {
    const contents = { ...this.#contents, channels: this.#channels, sinks }
    const operators = this.#cut.finish()
    const listsBefore = this.#takenLists
    return listsBefore === 0 ? { ...contents, operators } : { ...contents, operators, listsBefore }
  }

  /** It is not acknowledged any more. */
  giveUp(): void {
    this.#cut.giveUp()
  }
}
