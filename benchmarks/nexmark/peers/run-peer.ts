/**
 * Runs queries of peers: on a thread that is kept for one, to be measured, or here for its rows.
 */
import { KeptThread } from '../../kept-thread.ts'
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

/** A thread for one query of one peer. */
export function peerThread(): KeptThread<PeerRequest, PeerRun> {
  return new KeptThread(THREAD)
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
