/**
 * The peers by their names.
 */
import { nodeStreams } from './node-streams.ts'
import type { Peer } from './peer.ts'
import { rxjs } from './rxjs.ts'

/** The names of the peers. */
export type PeerName = 'RxJS' | 'Node streams'

/** All of them. */
export const PEERS: Readonly<Record<PeerName, Peer>> = { RxJS: rxjs, 'Node streams': nodeStreams }
