/**
 * Packs snapshots of state and hands them to another thread (`receiver.ts`) as a slot does: full blocks after each step, the rest when all is packed.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { snapshotBuffers } from '../../checkpoint/state/snapshot.ts'
import type { OperatorSnapshot, SnapshotPiece } from '../../checkpoint/state/snapshot.ts'
import type { ChainCut } from '../../operators/chain/chain-cut.ts'
import { SnapshotUnderWay } from '../../operators/checkpointing/snapshot-under-way.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import type { ToReceiver } from './receiver.ts'

const CONTENTS = { source: undefined, watermark: 0, finished: false }

/** A snapshot that is packed step by step. */
export interface Handing {
  /** Packs for about 2 ms and hands over what is full. False: all is packed and handed over. */
  step(): boolean
  /** Handed over so far. */
  readonly bytes: number
}

/** See the head of this file. */
export class HandedSnapshots {
  readonly #worker = new Worker(new URL('./receiver.js', import.meta.url))

  /** Begins to pack a cut with one operator, under this name. */
  begin(name: string, cut: ChainCut): Handing {
    const snapshot = new SnapshotUnderWay(1, CONTENTS, cut)
    let bytes = 0
    const send = (message: ToReceiver, of: readonly (SnapshotPiece | OperatorSnapshot)[]): void => {
      for (const { groups } of of) for (const { bytes: list } of groups) bytes += list.length
      this.#worker.postMessage(message, snapshotBuffers(of))
    }
    return {
      step: () => {
        snapshot.pack(systemClock)
        const pieces = snapshot.takePieces()
        if (pieces.length > 0) send({ kind: 'piece', name, pieces }, pieces)
        if (!snapshot.isPacked) return true
        const [rest] = snapshot.finish([]).operators
        if (rest === undefined) throw new Error('checkpoint-state: no snapshot')
        send({ kind: 'rest', name, rest }, [rest])
        return false
      },
      get bytes() {
        return bytes
      },
    }
  }

  /** Takes the last snapshot of this name back. */
  async take(name: string): Promise<OperatorSnapshot> {
    const message: ToReceiver = { kind: 'give', name }
    this.#worker.postMessage(message)
    const [snapshot] = (await once(this.#worker, 'message')) as [OperatorSnapshot | undefined]
    if (snapshot === undefined) throw new Error(`checkpoint-state: no snapshot '${name}'`)
    return snapshot
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
