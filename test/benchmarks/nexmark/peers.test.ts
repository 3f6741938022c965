/**
 * Every query of a peer gives the rows of the stream query, for the same events.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keeping } from '../../../benchmarks/kept-thread.ts'
import { PEER_QUERIES } from '../../../benchmarks/nexmark/peers/peer.ts'
import { PEERS } from '../../../benchmarks/nexmark/peers/peers.ts'
import type { PeerName } from '../../../benchmarks/nexmark/peers/peers.ts'
import { peerRows, peerThread } from '../../../benchmarks/nexmark/peers/run-peer.ts'
import { requireSameRows, streamRows } from '../../../benchmarks/nexmark/rows.ts'

export const deadlineMs = 120_000

const REQUEST = { events: 10_000, groupSize: 100 }
const NAMES = Object.keys(PEERS) as PeerName[]

for (const query of PEER_QUERIES) {
  test(`${query}: ${NAMES.join(' and ')} give the rows of the query`, async () => {
    const expected = await streamRows(query, REQUEST)
    for (const peer of NAMES)
      requireSameRows(`${query}, ${peer}`, await peerRows(peer, query, REQUEST), expected)
  })
}

test('a peer in a thread gives all rows', async () => {
  const thread = peerThread()
  await keeping([thread], async () => {
    for (const peer of NAMES)
      assert.is((await thread.ask({ peer, query: 'q0', events: 5_000 })).rows, 4_600)
  })
})

test.run()
