/**
 * What a query of the benchmark is: a function from events to rows.
 */
import type { OperatorOptions, Stream } from '../../../api/index.ts'
import type { Auction, Bid, Person } from '../model.ts'

/** A value of a row: times are epoch milliseconds, decimals texts with three digits. */
export type Cell = string | number

/** A row of a result: the columns in a fixed order. */
export type Row = readonly Cell[]

/** The events, each kind as a stream of its own. */
export interface Events {
  readonly persons: Stream<Person>
  readonly auctions: Stream<Auction>
  readonly bids: Stream<Bid>
  /** For operators in front of the first `keyBy` of a query in which order decides ties: behind them events are in the order in which they came. */
  readonly inOrder: OperatorOptions
}

/** A query. */
export interface Query {
  /** What is asked, in a few words. */
  readonly title: string
  /** Names of the columns. */
  readonly columns: readonly string[]
  /**
   * Positions of the columns that name a row, where rows are updated: the last row with the same values there counts. Undefined: every
   * row counts.
   */
  readonly updatedBy?: readonly number[]
  /** The folder for a row, where the query is about writing into folders. */
  readonly bucket?: (row: Row) => string
  /** Adds the query to a job. */
  readonly build: (events: Events) => Stream<Row>
}
