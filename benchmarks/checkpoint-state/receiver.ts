/**
 * The thread that gets the snapshots of the benchmark `checkpoint-state`, as the coordinator gets those of a job: pieces while they are packed, then
 * the rest. It keeps the last one of each name until it is asked for it.
 */
import { parentPort } from 'node:worker_threads'
import type {
  KeyGroupSnapshot,
  OperatorSnapshot,
  SnapshotPiece,
} from '../../checkpoint/state/snapshot.ts'
import { snapshotBuffers } from '../../checkpoint/state/snapshot.ts'

/** What it is told. `piece`, `rest`: of the snapshot of this name. `give`: send it back. */
export type ToReceiver =
  | { readonly kind: 'piece'; readonly name: string; readonly pieces: readonly SnapshotPiece[] }
  | { readonly kind: 'rest'; readonly name: string; readonly rest: OperatorSnapshot }
  | { readonly kind: 'give'; readonly name: string }

const groups = new Map<string, KeyGroupSnapshot[]>()
const whole = new Map<string, OperatorSnapshot>()

parentPort?.on('message', (message: ToReceiver) => {
  const { name } = message
  const own = groups.get(name) ?? []
  switch (message.kind) {
    case 'piece':
      for (const piece of message.pieces) own.push(...piece.groups)
      groups.set(name, own)
      return
    case 'rest': {
      const { rest } = message
      const all = [...own, ...rest.groups].sort((a, b) => a.keyGroup - b.keyGroup)
      whole.set(name, { ...rest, groups: all })
      groups.delete(name)
      return
    }
    case 'give': {
      const snapshot = whole.get(name)
      whole.delete(name)
      const buffers = snapshot === undefined ? [] : snapshotBuffers([snapshot])
      parentPort?.postMessage(snapshot, buffers)
    }
  }
})
