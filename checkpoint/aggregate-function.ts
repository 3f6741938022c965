/**
 * The contract of an aggregate function, as in Flink's AggregateFunction: an accumulator per key and window that
 * takes one record at a time.
 */

/** `In` records are added to an `Acc`, which yields an `Out`. */
export interface AggregateFunction<in In, Acc, Out> {
  /** A fresh, empty accumulator. */
  createAccumulator(): Acc
  /** Adds a record; may change `accumulator` in place and return it, or return a new one. */
  add(accumulator: Acc, value: In): Acc
  /** The result so far. Must not change the accumulator. */
  getResult(accumulator: Acc): Out
  /**
   * Joins two accumulators. May change `a`; the result may be `a`, or keep parts of it. `b` must stay as it is, and no part of it that changes later should be
   * kept: several windows may take it in. Each gets a copy of its own as far as it is plain data; instances of classes inside would be shared.
   * Needed wherever windows merge or results are combined.
   */
  merge(a: Acc, b: Acc): Acc
  /**
   * Whether accumulators are plain data about as small as a record, so that the subtasks in front of an exchange may add records up and send
   * their accumulators, which `merge` joins. False: they never do. Default: found out by a trial with the first records.
   */
  readonly compact?: boolean | undefined
  /**
   * How many values an accumulator holds, where it grows with its records, as a set does. Such accumulators are sent in place of records only while
   * they hold clearly less; with `compact: true`, since a trial would refuse them. Default: they do not grow.
   */
  size?(accumulator: Acc): number
}
