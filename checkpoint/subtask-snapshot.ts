/**
 * What one subtask contributes to a checkpoint: everything that it needs to go on from the barrier as if nothing had happened.
 *
 * Plain data with bytes inside, so that it can travel from slot to coordinator and be stored as it is. A subtask that is restored
 * gets its share of the contributions of *all* subtasks of the same task, because the parallelism may have changed.
 */
import type { OperatorSnapshot } from './state/snapshot.ts'

/** Who contributes. */
export interface SubtaskName {
  /** Position of the task in the plan of the run that made the checkpoint. */
  readonly taskId: number
  /** 0 to parallelism - 1. */
  readonly subtaskIndex: number
}

/** The state of a subtask at a barrier, or at its end. */
export interface SubtaskSnapshot {
  /** The operators of its chain that have state, by uid. */
  readonly operators: readonly OperatorSnapshot[]
  /** What sources know besides: the uid of the source, and its splits. */
  readonly source?: SourceSnapshot | undefined
  /** The writers of its sinks. */
  readonly sinks: readonly SinkSnapshot[]
  /** Records between two subtasks that belong to the checkpoint; empty where barriers were aligned. */
  readonly channels: readonly ChannelSnapshot[]
  /**
   * Event time that this subtask had reached. One that makes its own watermarks starts from it after a restore, so that what was late
   * stays late. `-Infinity` before the first watermark, and at least once of whatever has inputs: its event time comes from the sources again.
   */
  readonly watermark: number
  /** It had done all that it had to do: it is not restored where its whole task has finished. */
  readonly finished: boolean
  /**
   * The checkpoints whose parts of this subtask come before this one, because its operators tell only what has changed since: the one that has
   * everything first. Undefined: this one has everything.
   */
  readonly builtOn?: readonly number[] | undefined
  /**
   * So many lists of its operators' key groups were handed over before, and are not in it: only on the way to the coordinator, never stored.
   * Undefined: all is here.
   */
  readonly listsBefore?: number | undefined
}

/** Where a source subtask stood. */
export interface SourceSnapshot {
  readonly uid: string
  /** Splits that it had been given since it started, read or not: what the coordinator gave out later goes back. */
  readonly received: number
  /** Splits that it had not read to their end. */
  readonly open: readonly {
    readonly split: unknown
    /** Where the next read goes on; undefined: at the start. */
    readonly position: unknown
  }[]
}

/** What the writer of a sink had prepared. */
export interface SinkSnapshot {
  readonly uid: string
  /** What a new writer needs to go on; undefined: nothing. Plain data. */
  readonly state: unknown
  /** What is to be made visible when the checkpoint is complete. Plain data. */
  readonly committables: readonly unknown[]
}

/** What joins two subtasks. */
export interface ChannelName {
  /** The edge between their tasks: the same for every run of a job, whatever the parallelism. */
  readonly edge: string
  readonly fromSubtask: number
  readonly toSubtask: number
}

/** What was on its way from one subtask to another when their states were taken. */
export interface ChannelSnapshot extends ChannelName {
  /** Whose part of the checkpoint it is. What the sender had not sent yet comes behind what the receiver had not read. */
  readonly side: 'sender' | 'receiver'
  /** In the order in which they would have been read. */
  readonly batches: readonly ChannelBatch[]
}

/** Records in flight, as the record codec packs them, and what followed them. */
export interface ChannelBatch {
  readonly codec: string
  /** 0: nothing but what follows. */
  readonly length: number
  readonly timestamps: Float64Array
  readonly payload: Uint8Array
  /** What came behind the last record. Default: nothing. */
  readonly marks?: readonly ChannelMark[]
}

/** Event time on a channel. */
export type ChannelMark =
  | { readonly kind: 'watermark'; readonly timestamp: number }
  | { readonly kind: 'idle' }
