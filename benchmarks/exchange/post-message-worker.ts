/**
 * The same work as a user would write it without an engine: each thread counts its half of the keys and posts the other half
 * to the other thread, in arrays of 256.
 */
import type { MessagePort } from 'node:worker_threads'
import { answerRequests } from '../kept-thread.ts'
import { bids } from '../nexmark-bids.ts'
import type { Bid } from '../nexmark-bids.ts'
import { POOL } from './bids.ts'

/** What the thread is told. */
export interface PostMessageTask {
  readonly index: number
  readonly records: number
  readonly peer: MessagePort
}

const BATCH = 256
/** Records after which the thread looks at what has come in. */
const TURN = 4096

const pool = bids(POOL, 1)

/** Resolves with the number of records that this thread has counted. */
function count({ index, records, peer }: PostMessageTask): Promise<number> {
  const counts = new Map<number, number>()
  let outgoing: Bid[] = []
  let peerDone = false
  let done = false

  function add(auction: number): void {
    counts.set(auction, (counts.get(auction) ?? 0) + 1)
  }

  return new Promise((resolve) => {
    function finishWhenBothAre(): void {
      if (!done || !peerDone) return
      let sum = 0
      for (const value of counts.values()) sum += value
      resolve(sum)
      peer.close()
    }

    function run(from: number): void {
      const to = Math.min(from + TURN, records)
      for (let i = from; i < to; i++) {
        const bid = pool[i % pool.length]
        if (bid === undefined) continue
        if ((bid.auction & 1) === index) add(bid.auction)
        else if (outgoing.push(bid) === BATCH) {
          peer.postMessage(outgoing)
          outgoing = []
        }
      }
      if (to < records) {
        setImmediate(run, to)
        return
      }
      peer.postMessage(outgoing)
      peer.postMessage(null)
      done = true
      finishWhenBothAre()
    }

    peer.on('message', (batch: Bid[] | null) => {
      if (batch === null) {
        peerDone = true
        finishWhenBothAre()
        return
      }
      for (const bid of batch) add(bid.auction)
    })
    run(0)
  })
}

answerRequests(count)
