/**
 * The thread of a peer: as fresh as those of a job, its time begins with the first event.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { EventGenerator } from '../generator/events.ts'
import { PEERS } from './peers.ts'
import type { PeerRequest, PeerRun } from './run-peer.ts'

parentPort?.postMessage(await measure(workerData as PeerRequest))

async function measure({ peer, query, events }: PeerRequest): Promise<PeerRun> {
  let rows = 0
  const start = performance.now()
  await PEERS[peer][query]({ generator: new EventGenerator(), events }, () => {
    rows++
  })
  return { rows, seconds: (performance.now() - start) / 1000 }
}
