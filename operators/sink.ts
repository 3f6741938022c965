/**
 * The contract of a sink: each subtask opens one writer.
 */

/** A place where records go to. */
export interface Sink<T> {
  /** Shown in plans and errors, e.g. `jsonLines(out.jsonl)`. */
  readonly name: string
  /** The largest parallelism that makes sense; 1 for a single file. Default: any. */
  readonly maxParallelism?: number
  /** Runs in each subtask, before its first record. Anything but a writer fails the job with `INVALID_SINK`. */
  open(context: WriterContext): SinkWriter<T> | Promise<SinkWriter<T>>
}

/** What `Sink.open` is told about the subtask that writes. */
export interface WriterContext {
  /** Which subtask of the sink this is: 0 to `parallelism` - 1. */
  readonly subtaskIndex: number
  /** Number of subtasks of the sink, each with a writer of its own. */
  readonly parallelism: number
}

/**
 * Writes what one subtask hands to it. Life cycle: `write` many times; then either `flush` and `close` (the job
 * has finished: make the output visible under its final name) or `abort` (it failed or was cancelled: leave nothing
 * half-written behind).
 */
export interface SinkWriter<T> {
  /**
   * Takes over the records. A promise means "no more until I am done": that is the backpressure. The array is
   * handed over. Not called again before the last call has settled.
   */
  write(values: readonly T[], timestamps: Float64Array): void | Promise<void>
  /** Everything taken so far is on its way to where it belongs. */
  flush(): void | Promise<void>
  /** Ends the output well. */
  close(): void | Promise<void>
  /** Ends it badly: removes what must not be seen. Default: nothing to remove. */
  abort?(): void | Promise<void>
}
