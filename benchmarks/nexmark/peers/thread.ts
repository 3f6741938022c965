/**
 * The thread of a peer: kept from run to run as those of a job are. A run's time begins with the first event.
 */
import { answerRequests } from '../../kept-thread.ts'
import { EventGenerator } from '../generator/events.ts'
import { PEERS } from './peers.ts'
import type { PeerRequest, PeerRun } from './run-peer.ts'

answerRequests(measure)

async function measure({ peer, query, events }: PeerRequest): Promise<PeerRun> {
  let rows = 0
  const start = performance.now()
  await PEERS[peer][query]({ generator: new EventGenerator(), events }, () => {
    rows++
  })
  return { rows, seconds: (performance.now() - start) / 1000 }
}
