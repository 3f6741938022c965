/**
 * What the coordinator of checkpoints asks of the job whose checkpoints it makes. It knows nothing of tasks but their numbers.
 */
import type { Clock } from '../../runtime/clock.ts'
import type { WhenSettled } from '../../runtime/slot.ts'
import type { CheckpointKind, OperatorFacts } from '../store/snapshot-store.ts'
import type { SubtaskName } from '../subtask-snapshot.ts'
import type { EnumeratorSnapshot } from './checkpoint-contents.ts'
import type { SourceProgress } from './pending-checkpoint.ts'

/** What is known of the job before it runs. */
export interface CheckpointedJob {
  readonly jobName: string
  /** Tells one run of a job, with its restarts, from another. */
  readonly jobId: string
  /** The hash of the graph's fingerprint. */
  readonly fingerprint: string
  /** All operators, also those without state. */
  readonly operators: readonly OperatorFacts[]
  /** All who acknowledge checkpoints. */
  readonly subtasks: readonly SubtaskName[]
  /** Those of them that read sources: they let the barriers in. */
  readonly sources: readonly SubtaskName[]
}

/**
 * What the job does for its checkpoints. All calls on the thread of the coordinator. A call that throws where nothing else is said fails
 * the job's own code, not the checkpoint.
 */
export interface CheckpointHost {
  readonly clock: Clock
  /** Through which promises of store and sinks are waited for, so that a simulator knows of them. Default: directly. */
  readonly whenSettled?: WhenSettled
  /**
   * Tells all source subtasks that still run to take their snapshots and to send barriers. An error (a slot that is lost) fails
   * the checkpoint. A savepoint has no records in flight: its barriers keep their places.
   */
  trigger(checkpointId: number, kind: CheckpointKind): void
  /** The same, for a savepoint with which the job stops: no subtask does anything behind its barriers before it is told to go on. */
  triggerLast(checkpointId: number): void
  /**
   * All source subtasks have acknowledged or finished: returns the states of the enumerators as they are at this moment.
   * `progress` has one entry per source subtask: what was given to it beyond `received` belongs into `EnumeratorSnapshot.returned`. An error
   * fails the checkpoint.
   */
  sourcesAcknowledged(
    checkpointId: number,
    progress: readonly SourceProgress[],
  ): readonly EnumeratorSnapshot[]
  /**
   * Makes visible what the writers of the sinks had prepared, by the uid of the sink; only sinks that have something. The checkpoint is in the store.
   * An error fails the job with it. Called for one checkpoint at a time; also after `stop` was called, before its promise settles.
   */
  commit(committables: ReadonlyMap<string, readonly unknown[]>): Promise<void>
  /**
   * The checkpoint is complete and committed: after a failure the job goes on from it. May come after `stop` was called, before
   * its promise settles: a job that is started again begins with this checkpoint. A later checkpoint may build on it; not on a savepoint.
   */
  notifyComplete(checkpointId: number, kind: CheckpointKind): void
  /**
   * The checkpoint is over, and the job will never go on from it: it has failed, or it is a savepoint in another store. Whoever still waits for
   * its barriers waits no longer.
   */
  notifyAborted(checkpointId: number): void
  /** The attempt to run the job must end with this error. Called at most once; nothing is triggered afterwards. */
  failJob(error: unknown): void
}
