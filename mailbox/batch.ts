/**
 * A batch of records on its way from one subtask to another: two parallel columns.
 *
 * A batch is handed over, never shared: whoever receives it owns both columns. Inside one slot it goes
 * by reference, so the records themselves are shared with whoever else holds them.
 */
export interface RecordBatch<T = unknown> {
  /** The records; only the first `length` entries count. */
  readonly values: readonly T[]
  /** Event time of each record in milliseconds, `MIN_TIMESTAMP` where a record has none. */
  readonly timestamps: Float64Array
  /** Number of records. */
  readonly length: number
}
