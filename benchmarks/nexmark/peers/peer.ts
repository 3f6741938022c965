/**
 * What other ways to process streams in Node.js are compared with: six queries, each as somebody would write it with that library.
 *
 * None of them knows event time, so their windows are those of the hand-written loops.
 */
import type { EventGenerator } from '../generator/events.ts'
import type { EmitRow } from '../loops/loop.ts'

/** What a peer reads. */
export interface PeerInput {
  readonly generator: EventGenerator
  /** How many there are; their numbers begin with 0. */
  readonly events: number
}

/** A query: reads all events and emits all rows, and resolves then. */
export type PeerQuery = (input: PeerInput, emit: EmitRow) => Promise<void>

/** The queries that peers have. */
export const PEER_QUERIES = ['q0', 'q1', 'q2', 'q5', 'q7', 'q8'] as const

/** One of them. */
export type PeerQueryName = (typeof PEER_QUERIES)[number]

/** All of them. */
export type Peer = Readonly<Record<PeerQueryName, PeerQuery>>
