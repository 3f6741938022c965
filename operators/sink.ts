/**
 * The contract of a sink: each subtask opens one writer.
 */
import type { OutputDisk } from '../checkpoint/store/output-disk.ts'
import type { Clock } from '../runtime/clock.ts'

/**
 * A place where records go to. `State` and `Committable` are plain data: they become part of checkpoints.
 *
 * Exactly once, in two phases: at the barrier of a checkpoint every writer *prepares* (`SinkWriter.prepare`) what it has written so far
 * but not made visible; when the checkpoint is complete, the coordinator *commits* it (`Sink.commit`). After a failure the
 * writers go on from their prepared states, and what was prepared is committed once more, because nobody knows how far the first
 * commit came. A sink without these two is written at least once: after a failure it sees the records since the last checkpoint again.
 */
export interface Sink<in T, State = unknown, Committable = unknown> {
  /** Shown in plans and errors, e.g. `jsonLines(out.jsonl)`. */
  readonly name: string
  /** The largest parallelism that makes sense; 1 for a single file. Default: any. */
  readonly maxParallelism?: number
  /** Runs in each subtask, before its first record. Anything but a writer fails the job with `INVALID_SINK`. */
  open(
    context: WriterContext<State>,
  ): SinkWriter<T, State, Committable> | Promise<SinkWriter<T, State, Committable>>
  /**
   * Makes visible what the writers of all subtasks have prepared. Runs on the coordinator, after the checkpoint that holds the committables is
   * complete, and again after each restore from it: what is visible already must stay as it is. An error fails the job (and a
   * restart commits again).
   */
  commit?(committables: readonly Committable[]): void | Promise<void>
  /**
   * Makes what does a part of the writers' work where the records come from, so that it is spread over more threads: runs in subtasks that
   * send records to writers on other threads, once per channel. A writer must have `writePacked` then, and still `write`: not all records come packed.
   * Default: writers do all.
   *
   * @example
   * const lines = (values: readonly number[]): string => values.map((value) => `${value}\n`).join('')
   * const sink: Sink<number> = {
   *   name: 'lines',
   *   maxParallelism: 1,
   *   createPacker: () => ({ pack: lines }),
   *   open: () => ({
   *     write: (values) => appendFile('out.txt', lines(values)),
   *     writePacked: (packed) => appendFile('out.txt', packed as string),
   *     flush: () => {},
   *     close: () => {},
   *   }),
   * }
   */
  createPacker?(): RecordPacker<T>
  /**
   * Names what two sinks must not write to at the same time, e.g. the absolute path of a file; undefined: they may. Asked for on the coordinator before
   * a job begins, which ends with `OUTPUT_IN_USE` where a sink of it or of another job in this process has the same, and with `INVALID_SINK` for anything else than a text. Default: they may.
   */
  exclusiveOutput?(): Promise<string | undefined>
  /** The same sink, but its writers and `commit` touch this disk in the place of the machine's. For the simulator. Default: it touches none. */
  onDisk?(disk: OutputDisk): Sink<T, State, Committable>
}

/** Turns records of a sink into what its writers can take over with less work. Keeps nothing from call to call that a writer would have to know. */
export interface RecordPacker<in T, Packed = unknown> {
  /**
   * Packs some records, at least one, in their order, for one writer. What it returns must be plain data; it goes to `SinkWriter.writePacked` on
   * another thread, and into no checkpoint. The columns are used again after the call. What it throws fails the job in the name of the sink.
   */
  pack(values: readonly T[], timestamps: Float64Array): Packed
}

/** What `Sink.open` is told about the subtask that writes. */
export interface WriterContext<State = unknown> {
  /** Which subtask of the sink this is: 0 to `parallelism` - 1. */
  readonly subtaskIndex: number
  /** Number of subtasks of the sink, each with a writer of its own. */
  readonly parallelism: number
  /** Whether checkpoints are made: `prepare` is called at each of them, and at the end. Default: only at the end. */
  readonly checkpoints?: boolean
  /** The host's clock: virtual in tests and in the simulator. Default: the machine's. */
  readonly clock?: Clock
  /**
   * The states that writers had prepared in the checkpoint from which the job goes on, this writer's share: usually one, none after a
   * higher parallelism, several after a lower one. Everything written behind them must vanish. Undefined, and not empty, when the job
   * starts from nothing: only then may a writer take for garbage what earlier writers have left.
   */
  readonly restored?: readonly State[]
}

/** What a writer hands over at a barrier. */
export interface PreparedWrites<State = unknown, Committable = unknown> {
  /** What a writer needs to go on from here. Default: nothing. */
  readonly state?: State | undefined
  /** What is to be made visible once the checkpoint is complete. Default: nothing. */
  readonly committables?: readonly Committable[] | undefined
}

/**
 * Writes what one subtask hands to it. Life cycle: `write` many times, with a `prepare` at each barrier; then either `flush`, a last
 * `prepare` and, when the whole job has finished and is committed, `close`; or `abort` (it failed or was cancelled: leave nothing
 * half-written behind, but keep what was prepared: a restart goes on from there).
 */
export interface SinkWriter<in T, State = unknown, Committable = unknown> {
  /**
   * Takes over the records. A promise means "no more until I am done": that is the backpressure. The array is
   * handed over. Not called again before the last call has settled.
   */
  write(values: readonly T[], timestamps: Float64Array): void | Promise<void>
  /**
   * Takes over what the sink's packer (`Sink.createPacker`) has made of `records` records, as `write` would have taken these: the same promise,
   * and never while a `write` is pending. It belongs to the writer. Default: the sink has no packer.
   */
  writePacked?(packed: unknown, records: number): void | Promise<void>
  /** Everything taken so far is on its way to where it belongs. */
  flush(): void | Promise<void>
  /**
   * A barrier has come: what was written so far must survive the process (synced, say), without being visible yet. Nothing is
   * written until it has settled. `last`: no record follows.
   */
  prepare?(
    last: boolean,
  ): PreparedWrites<State, Committable> | Promise<PreparedWrites<State, Committable>>
  /** Ends the output well; without `prepare`, makes it visible. */
  close(): void | Promise<void>
  /**
   * Ends it badly: removes what must not be seen. `keepPrepared`: the job may go on from its last checkpoint, so what was prepared stays.
   * Default: nothing to remove.
   */
  abort?(keepPrepared?: boolean): void | Promise<void>
}
