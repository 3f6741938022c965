/**
 * What the coordinator of a job and its slots say to each other: all messages of the job's control plane.
 */
import type { CodecName } from '../../mailbox/codec.ts'
import type { CheckpointMode } from '../../checkpoint/coordinator/checkpoint-options.ts'
import type { RestoredJob } from '../../checkpoint/coordinator/restored-job.ts'
import type { SnapshotPiece } from '../../checkpoint/state/snapshot.ts'
import type { SubtaskName, SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import type { SubtaskMetrics } from '../../operators/subtask-parts.ts'
import type { WireError } from '../../runtime/wire-error.ts'
import type { GraphFingerprint } from '../fingerprint.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'

/** Where a slot gets the graph from: it builds it from the module, or shares the thread and the graph with the coordinator. */
export type GraphOrigin =
  | {
      readonly kind: 'module'
      /** Absolute URL of the job's module. */
      readonly url: string
      readonly args: Readonly<Record<string, unknown>>
      /** The coordinator's, to which the slot's must be equal. */
      readonly fingerprint: GraphFingerprint
    }
  | { readonly kind: 'shared'; readonly graph: JobGraph }

/** What a slot needs to run its part of a job. */
export interface Deployment {
  readonly origin: GraphOrigin
  readonly plan: ExecutionPlan
  /** The ids of the tasks that are meant. */
  readonly tasks: ReadonlySet<number>
  readonly codec: CodecName
  readonly recovery: DeployedRecovery
}

/** What a deployment must know of checkpoints. */
export interface DeployedRecovery {
  /** Undefined: none are made. */
  readonly mode: CheckpointMode | undefined
  /** Whether barriers may overtake records. */
  readonly unaligned: boolean
  /** Whether checkpoints may have only what has changed in state. */
  readonly incremental: boolean
  /** What was in flight, by the name of the edge. Undefined: nothing. */
  readonly channels: RestoredJob['channels']
  /** What the operators begin with, by uid. Undefined: nothing. */
  readonly restored: RestoredJob['operators'] | undefined
  /** Subtasks that are not deployed, by `nameKey`: they had finished. */
  readonly finished: ReadonlySet<string>
}

/** A split, or that there is none left. */
export type SplitAnswer = { readonly split: unknown } | undefined

/** What a slot can ask of the coordinator. */
export interface JobCoordinator {
  /** The next split of a source for one of its subtasks. */
  nextSplit(nodeId: number, subtaskIndex: number): Promise<SplitAnswer>
  /** How far a subtask of an aligned source has come; `MAX_TIMESTAMP` where nobody needs to wait for it. */
  announceWatermark(nodeId: number, subtaskIndex: number, watermark: number): void
  /** Pieces of the state of a subtask for a checkpoint that it has not acknowledged yet. */
  packed(name: SubtaskName, checkpointId: number, pieces: readonly SnapshotPiece[]): void
  /** A subtask has taken its snapshot at the barrier of a checkpoint; without the pieces that came before. */
  acknowledged(name: SubtaskName, checkpointId: number, snapshot: SubtaskSnapshot): void
  /** A subtask could not take its snapshot; it goes on. */
  declined(name: SubtaskName, checkpointId: number, error: WireError): void
  /** A subtask has done all that it had to do. */
  finished(name: SubtaskName, snapshot: SubtaskSnapshot): void
  /** A subtask has failed; it does nothing more. */
  failed(name: SubtaskName, error: WireError): void
}

/** What the coordinator can ask of a slot. Methods only: the calls cross threads. */
export interface JobSlot {
  /** All slots are deployed: take input. */
  start(): void
  /** The smallest watermark of an alignment group is this now. */
  align(group: string, watermark: number): void
  /** The sources take their snapshots and let the barriers in, which keep their places among the records for so long. */
  triggerCheckpoint(checkpointId: number, alignedForMs: number): void
  /** This checkpoint, which is triggered next, has all state, and none builds on it. */
  standAlone(checkpointId: number): void
  /** A checkpoint is complete: later ones may build on it. */
  checkpointComplete(checkpointId: number): void
  /** Do nothing more behind the barrier of this checkpoint. */
  suspendAfter(checkpointId: number): void
  /** Go on where `suspendAfter` has stopped. */
  resume(): void
  /** The last snapshots must have the state of operators, also where no checkpoints are made. */
  keepState(): void
  /** The sources end their input where they stand. */
  drain(): void
  /** Stop taking input and producing output. */
  cancel(): void
  /** The whole job has finished and is committed: end the sinks. */
  commit(): Promise<void>
  /** The job has stopped with a savepoint that is committed: keep what is needed to go on from there. */
  stop(): Promise<void>
  /** The attempt is over and did not finish: remove what must not be seen. `keepPrepared`: the job may go on from its last checkpoint. */
  abort(keepPrepared: boolean): Promise<void>
  metrics(): readonly SubtaskMetrics[]
  /** Frames for channels that have ended or been given up, which were dropped since this was asked last. */
  staleFrames(): number
}
