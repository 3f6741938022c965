/**
 * Runs a query of a peer: once in a thread of its own to be measured, or here for its rows.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { EventGenerator } from '../generator/events.ts'
import { finalRows } from '../rows.ts'
import type { RowsRequest } from '../rows.ts'
import type { PeerQueryName } from './peer.ts'
import { PEERS } from './peers.ts'
import type { PeerName } from './peers.ts'

const THREAD = new URL('./thread.js', import.meta.url)

/** What a thread gets. */
export interface PeerRequest {
  readonly peer: PeerName
  readonly query: PeerQueryName
  readonly events: number
}

/** What one run has shown. */
export interface PeerRun {
  readonly rows: number
  /** From the first event until all rows were out. */
  readonly seconds: number
}

/** Runs the query. Rejects with its error. */
export async function runPeer(request: PeerRequest): Promise<PeerRun> {
  const worker = new Worker(THREAD, { workerData: request })
  const [run] = (await once(worker, 'message')) as [PeerRun]
  await worker.terminate()
  return run
}

/** The rows that the query gives, as `finalRows` has them. */
export async function peerRows(
  peer: PeerName,
  query: PeerQueryName,
  { events, groupSize }: RowsRequest,
): Promise<readonly string[]> {
  const lines: string[] = []
  await PEERS[peer][query]({ generator: new EventGenerator({ groupSize }), events }, (row) => {
    lines.push(JSON.stringify(row))
  })
  return finalRows(query, lines)
}
