/**
 * The contract of a source, small enough to write one in thirty lines.
 *
 * A source is cut into *splits* (a file, a row group, a range of numbers …). One enumerator, on the
 * coordinator, gives splits out; readers, one per subtask, ask for a split when they have none and hand out
 * its records batch by batch. A reader knows its position, so that it can be opened again where it stood.
 */

/** Plain data: what msgpack can carry without a class. */
export type PlainData =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly PlainData[]
  | { readonly [key: string]: PlainData }

/** A place where records come from. `Split` is plain data: it travels from the coordinator to a reader. */
export interface Source<T, Split = unknown, Position = unknown> {
  /** Shown in plans and errors, e.g. `parquet(flights.parquet)`. */
  readonly name: string
  /** The largest parallelism that makes sense; 1 for something that can be read in one place only. Default: any. */
  readonly maxParallelism?: number
  /**
   * How many splits a subtask reads at the same time, a batch from each in turn: for splits that go on in parallel, like the
   * partitions of a queue, so that one without records does not stop the others. Each has its own watermark; the subtask's is the
   * smallest. Default: 1, one after the other.
   */
  readonly splitsAtOnce?: number
  /**
   * Runs once, on the coordinator, and returns an enumerator (else `INVALID_SOURCE`). Throws (or rejects) when there is nothing
   * to read.
   */
  enumerate(context: EnumeratorContext): SplitEnumerator<Split> | Promise<SplitEnumerator<Split>>
  /**
   * Whether it can read again what it has read, from a position on. Default: true. False (a socket): after a failure what it had
   * read since the last checkpoint is lost, and the job says so in a warning.
   */
  readonly replayable?: boolean
  /** Runs in a subtask, for one split, and returns a reader (else `INVALID_SOURCE`). `position` is what an earlier reader of the split returned last. */
  open(
    split: Split,
    context: ReaderContext,
    position?: Position,
  ): SplitReader<T, Position> | Promise<SplitReader<T, Position>>
}

/** What `Source.enumerate` is told about the job. */
export interface EnumeratorContext {
  /** Number of subtasks that will ask for splits. */
  readonly parallelism: number
  /** What the enumerator of the last run said in its `snapshot`, if the job goes on from a checkpoint and the enumerator has one. */
  readonly restored?: unknown
}

/** Gives out splits, in order, one at a time. Used on the coordinator only. */
export interface SplitEnumerator<Split> {
  /**
   * The next split for the subtask with this index, 0 to `parallelism` - 1; undefined when there are none left for it. One
   * that cannot be sent to another thread (a function inside) fails the job with `UNSENDABLE_VALUE`.
   */
  next(subtaskIndex: number): Split | undefined | Promise<Split | undefined>
  /**
   * What a later `Source.enumerate` needs to go on giving out the splits that this one has not given out yet: plain data. Asked between
   * two calls of `next`. Without it, an enumerator that is made anew is asked for as many splits as were given out, and these are
   * passed over: enough for one that gives the same splits in the same order, whoever asks.
   */
  snapshot?(): unknown
  /** Number of records of all splits together, where it is known: for progress bars. */
  readonly recordsExpected?: number | undefined
  /** Called once, when the job has ended: finished, failed or cancelled. */
  close?(): void | Promise<void>
}

/** What `Source.open` is told about the subtask that reads. */
export interface ReaderContext {
  /** Which subtask of the source this is: 0 to `parallelism` - 1. */
  readonly subtaskIndex: number
  /** Number of subtasks of the source. */
  readonly parallelism: number
  /** How many records a batch should hold. */
  readonly batchSize: number
  /** Aborted when the job is cancelled or has failed: stop waiting. */
  readonly signal: AbortSignal
  /**
   * Takes what a reader can't make a record of: what it has (a line of text, say), the error, and where it stood; then go on
   * behind it. It is counted (`recordsSkipped`) and, with `onError: 'deadLetter'`, handed to the dead letters. Undefined where the
   * first such record must end the job (`onError: 'fail'`): throw the error.
   */
  readonly badRecord?: ((record: unknown, error: unknown, place?: string) => void) | undefined
}

/** Reads one split from its position to its end. */
export interface SplitReader<T, Position = unknown> {
  /**
   * The next batch of records, or undefined at the end of the split. Returns a promise only when it has to wait. The array
   * is handed over. Not called again before the last call has settled. An empty array means "nothing yet": it is called
   * again after a millisecond; a promise of the next batch is cheaper. Anything else fails the job with `INVALID_SOURCE`.
   */
  read(): readonly T[] | undefined | Promise<readonly T[] | undefined>
  /** Where the next `read` goes on: plain data, accepted by `Source.open`. An object is a new one after each `read`. */
  readonly position: Position
  /**
   * Event times of the batch that `read` returned last, where the source itself knows them; otherwise the stream's
   * timestamp function says. May be longer than the batch (shorter: `INVALID_SOURCE`), and is copied before the next `read`, so that a reader can
   * fill the same array again.
   */
  readonly timestamps?: Float64Array
  /** Called once: after the end of the split, or when the job fails or is cancelled before. */
  close?(): void | Promise<void>
}
