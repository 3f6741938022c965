/**
 * What a job has done so far, per subtask and in all.
 */
import type { CheckpointSummary } from '../../checkpoint/coordinator/checkpoint-statistics.ts'
import type { SubtaskMetrics } from '../../operators/subtask-parts.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'
import type { Enumerators } from './enumerators.ts'

/** A job's metrics at one moment. */
export interface JobMetrics {
  readonly jobName: string
  /** Milliseconds since the job began to take input, until it ended or now. */
  readonly durationMs: number
  /** How often the job was started again after a failure; the numbers below are those of the last attempt. */
  readonly restarts: number
  /**
   * Records, acknowledgements and the like that came from attempts which were over, and were dropped. Those that were on their way to a
   * thread which has ended are not counted.
   */
  readonly staleMessages: number
  /** What became of its checkpoints, over all attempts. */
  readonly checkpoints: CheckpointSummary
  readonly totals: JobTotals
  /** Sorted by task and subtask. */
  readonly subtasks: readonly SubtaskMetrics[]
}

/** Sums over the subtasks of a job. */
export interface JobTotals {
  /** Records that sources have read. */
  readonly recordsRead: number
  /** Records handed to sinks. */
  readonly recordsWritten: number
  /** Records that tasks have taken in from other tasks. */
  readonly recordsExchanged: number
  /** Bytes that have crossed between slots. */
  readonly bytesExchanged: number
  /** Records that sources say they have in all; undefined where one of them does not know. */
  readonly recordsExpected: number | undefined
}

/** Which tasks read sources. */
export interface TaskRoles {
  readonly isSource: (taskId: number) => boolean
}

/** Sums up. */
export function jobTotals(
  subtasks: readonly SubtaskMetrics[],
  roles: TaskRoles,
  recordsExpected: number | undefined,
): JobTotals {
  let recordsRead = 0
  let recordsWritten = 0
  let recordsExchanged = 0
  let bytesExchanged = 0
  for (const subtask of subtasks) {
    if (roles.isSource(subtask.taskId)) recordsRead += subtask.recordsIn
    else recordsExchanged += subtask.recordsIn
    recordsWritten += subtask.recordsWritten
    bytesExchanged += subtask.bytesIn
  }
  return { recordsRead, recordsWritten, recordsExchanged, bytesExchanged, recordsExpected }
}

/** What is known of the parts of a job. */
export interface JobParts {
  readonly graph: JobGraph | undefined
  readonly plan: ExecutionPlan | undefined
  readonly enumerators: Enumerators | undefined
}

/** The subtasks in order, and their sums. */
export function subtaskMetrics(
  subtasks: readonly SubtaskMetrics[],
  { graph, plan, enumerators }: JobParts,
): Pick<JobMetrics, 'totals' | 'subtasks'> {
  const sorted = [...subtasks].sort(
    (a, b) => a.taskId - b.taskId || a.subtaskIndex - b.subtaskIndex,
  )
  const isSource = (taskId: number): boolean => {
    const root = plan?.tasks[taskId]?.root
    return root !== undefined && graph?.nodes[root.nodeId]?.operator.kind === 'source'
  }
  const totals = jobTotals(sorted, { isSource }, enumerators?.recordsExpected)
  return { totals, subtasks: sorted }
}
