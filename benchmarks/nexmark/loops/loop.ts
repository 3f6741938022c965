/**
 * What a hand-written loop is: a query for one thread and one case, without an engine.
 *
 * A loop knows what somebody would know who writes it for this stream alone: there is one reader, events are at most so much out of
 * order, ids are small numbers, and nothing needs to survive. It gives the rows that the stream query gives.
 */
import type { EventGenerator } from '../generator/events.ts'
import type { Row } from '../queries/query.ts'

/** What a loop reads. */
export interface LoopInput {
  /** Makes the events, as it does for the source of the stream queries. */
  readonly generator: EventGenerator
  /** How many there are; their numbers begin with 0. */
  readonly events: number
  /** The clock in ms, for what happens every so often. */
  readonly now: () => number
}

/** Takes a row. */
export type EmitRow = (row: Row) => void

/** A query as a loop: reads all events and emits all rows. */
export type Loop = (input: LoopInput, emit: EmitRow) => void

/** How far behind the latest event time the time is up to which all events have come: one moment more than they are out of order. */
export const BEHIND_MS = 4_001

/** How many bids pass between two looks at the clock. A power of two. */
export const LOOK_EVERY = 1_024
