/**
 * Six Nexmark queries against what else there is to process streams in Node.js: RxJS, and the streams of Node.js itself, both with windows
 * written by hand.
 *
 * Before anything is measured all give the same rows. Then the peers, which have one thread, and the query at parallelism 1 and 2 take
 * turns, each on threads of its own that stay from run to run, so that all are warm. A run's time begins with the first event.
 */
import { startCluster } from '../api/index.ts'
import type { LocalCluster } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { keeping } from './kept-thread.ts'
import { alternate, ratios } from './measure.ts'
import { PEER_QUERIES } from './nexmark/peers/peer.ts'
import type { PeerQueryName } from './nexmark/peers/peer.ts'
import { peerRows, peerThread } from './nexmark/peers/run-peer.ts'
import { PEERS } from './nexmark/peers/peers.ts'
import type { PeerName } from './nexmark/peers/peers.ts'
import { wantedQueries } from './nexmark/queries/queries.ts'
import { requireSameRows, streamRows } from './nexmark/rows.ts'
import { runQuery } from './nexmark/run-query.ts'

const EVENTS = 400_000
const ROUNDS = 3
const CHECKED = { events: 20_000, groupSize: 100 }
const NAMES = Object.keys(PEERS) as PeerName[]

/** Measures, see the head of this file. */
export async function run({
  log,
  queries,
  events = EVENTS,
  rounds = ROUNDS,
}: BenchmarkOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const query of wantedQueries(queries, PEER_QUERIES) as readonly PeerQueryName[]) {
    const expected = await streamRows(query, CHECKED)
    for (const peer of NAMES)
      requireSameRows(`${query}, ${peer}`, await peerRows(peer, query, CHECKED), expected)
    log(`${query}: the rows are the same`)
    figures.push(...(await measure(query, events, rounds)))
  }
  return figures
}

async function measure(
  query: PeerQueryName,
  events: number,
  rounds: number,
): Promise<readonly Figure[]> {
  const [one, two] = [await startCluster({ slots: 1 }), await startCluster({ slots: 2 })]
  const [rxjs, streams] = [peerThread(), peerThread()]
  const at = (host: LocalCluster) => async (): Promise<number> => {
    const settings = { events, parallelism: host.slots, groupSize: 1, host }
    return events / (await runQuery(query, settings)).seconds
  }
  const of = (peer: PeerName, thread: typeof rxjs) => async (): Promise<number> =>
    events / (await thread.ask({ peer, query, events })).seconds
  const competitors = {
    one: at(one),
    two: at(two),
    RxJS: of('RxJS', rxjs),
    'Node streams': of('Node streams', streams),
  }
  const runs = await keeping([one, two, rxjs, streams], () =>
    alternate(competitors, { rounds, warmups: 'steady' }),
  )
  return [
    figure('peers', `${query}: parallelism 1, events/s`, runs.one),
    figure('peers', `${query}: parallelism 2, events/s`, runs.two),
    ...NAMES.flatMap((peer) => [
      figure('peers', `${query}: ${peer}, events/s`, runs[peer]),
      figure('peers', `${query}: parallelism 1 / ${peer}`, ratios(runs.one, runs[peer])),
      figure('peers', `${query}: parallelism 2 / ${peer}`, ratios(runs.two, runs[peer])),
    ]),
  ]
}
