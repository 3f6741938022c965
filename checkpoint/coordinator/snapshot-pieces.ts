/**
 * What subtasks have handed over of their snapshots before they acknowledge: a thread that kept all bytes of a large state until the last one
 * is packed would have its garbage collected again and again (docs/design/011).
 *
 *     packed ──► packed ──► … ──► acknowledged: the snapshot with all of them
 *        └──────────┴────────────► declined, failed, too late: dropped with the checkpoint
 *
 * Belongs to one checkpoint, so that nothing of another one can come in. What one subtask says comes in the order in which it says it. On the
 * main thread.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { KeyGroupSnapshot, SnapshotPiece } from '../state/snapshot.ts'
import type { SubtaskName, SubtaskSnapshot } from '../subtask-snapshot.ts'
import { subtaskKey } from './pending-checkpoint.ts'

/** See the head of this file. */
export class SnapshotPieces {
  readonly #bySubtask = new Map<string, SnapshotPiece[]>()

  /** Keeps what a subtask has packed. */
  add(name: SubtaskName, pieces: readonly SnapshotPiece[]): void {
    const key = subtaskKey(name)
    const known = this.#bySubtask.get(key)
    if (known === undefined) this.#bySubtask.set(key, [...pieces])
    else known.push(...pieces)
  }

  /**
   * The snapshot of a subtask with all that came before it, which is not kept any longer. Error: `INCOMPLETE_SNAPSHOT` when that is not what the
   * subtask has handed over.
   */
  join(name: SubtaskName, snapshot: SubtaskSnapshot): SubtaskSnapshot {
    const key = subtaskKey(name)
    const pieces = this.#bySubtask.get(key) ?? []
    this.#bySubtask.delete(key)
    const { listsBefore, ...rest } = snapshot
    if (listsBefore === undefined) return snapshot
    let lists = 0
    const operators = rest.operators.map((operator) => {
      // In the order in which they were packed: lists of one key group may depend on it.
      const groups: KeyGroupSnapshot[] = []
      for (const piece of pieces) {
        if (piece.uid !== operator.uid) continue
        lists += piece.groups.length
        groups.push(...piece.groups)
      }
      groups.push(...operator.groups)
      return { ...operator, groups: groups.sort((a, b) => a.keyGroup - b.keyGroup) }
    })
    if (lists === listsBefore) return { ...rest, operators }
    throw new MillraceError(
      'INCOMPLETE_SNAPSHOT',
      `subtask ${key}: expected ${listsBefore} lists of state before its acknowledgement, got ${lists}`,
    )
  }

  /** Nobody waits for the rest any more. */
  clear(): void {
    this.#bySubtask.clear()
  }
}
