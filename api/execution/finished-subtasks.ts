/**
 * Which subtasks of a plan have nothing to do any more, because they had finished in the checkpoint that the job goes on from. Pure, on
 * the main thread.
 *
 * They are not deployed: their output is in the checkpoint, and an end of input that was told to operators once must not be told again.
 * Whoever reads from them finds the last watermark and the end of the channel. A subtask counts only if all operators of its chain had
 * finished there and all its senders count too: a source that was put in front of it since may have records for it. (FLIP-147 of Flink,
 * which does this for whole tasks only; where the parallelism is as before it holds for single subtasks too.)
 */
import type { RestoredJob, RestoredShare } from '../../checkpoint/coordinator/restored-job.ts'
import type { SubtaskName, SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import { MAX_TIMESTAMP } from '../../mailbox/time.ts'
import type { SubtaskMetrics } from '../../operators/subtask-parts.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan, SubtaskPlan, TaskPlan } from '../plan.ts'
import { chainedNodes } from './declaration.ts'

/** A subtask that is not deployed. */
export interface FinishedSubtask {
  readonly name: SubtaskName
  readonly taskName: string
  readonly slot: number
  /** What it contributes to the checkpoints to come: its last state; what its sinks had prepared is committed by the restore. */
  readonly snapshot: SubtaskSnapshot
}

/** A subtask as the member of a set. */
export function nameKey(taskId: number, subtaskIndex: number): string {
  return `${taskId}/${subtaskIndex}`
}

/** Finds them, by `nameKey`. Collected streams are never among them: they have no state, and end with their inputs. */
export function finishedSubtasks(
  graph: JobGraph,
  plan: ExecutionPlan,
  restored: RestoredJob['operators'] | undefined,
): ReadonlyMap<string, FinishedSubtask> {
  const found = new Map<string, FinishedSubtask>()
  if (restored === undefined) return found
  // Every edge leads from a smaller id to a larger one: senders are decided first.
  for (const task of plan.tasks) {
    if (graph.nodes[task.root.nodeId]?.operator.kind === 'collect') continue
    for (const subtask of task.subtasks) {
      const ended = endsHere(task, subtask, (fromTask, index) =>
        found.has(nameKey(fromTask, index)),
      )
      const snapshot = ended ? lastSnapshot(graph, task, subtask, restored) : undefined
      if (snapshot === undefined) continue
      const name = { taskId: task.id, subtaskIndex: subtask.index }
      const { slot } = subtask
      found.set(nameKey(task.id, subtask.index), { name, taskName: task.name, slot, snapshot })
    }
  }
  return found
}

function endsHere(
  { inputs }: TaskPlan,
  { index }: SubtaskPlan,
  finished: (taskId: number, subtaskIndex: number) => boolean,
): boolean {
  return inputs.every(({ fromTask, channels }) =>
    channels.every(
      ({ fromSubtask, toSubtask }) => toSubtask !== index || finished(fromTask, fromSubtask),
    ),
  )
}

/** The metrics of a subtask that is not deployed: it has done nothing. */
export function metricsOf({ name, taskName, slot }: FinishedSubtask): SubtaskMetrics {
  return {
    ...name,
    taskName,
    slot,
    state: 'finished',
    recordsIn: 0,
    recordsOut: 0,
    recordsWritten: 0,
    bytesIn: 0,
    bytesOut: 0,
    watermark: MAX_TIMESTAMP,
    busy: 0,
    idle: 1,
    backpressured: 0,
    counters: {},
  }
}

/** Undefined where one of the operators had not finished. */
function lastSnapshot(
  graph: JobGraph,
  task: TaskPlan,
  { index }: SubtaskPlan,
  restored: RestoredJob['operators'],
): SubtaskSnapshot | undefined {
  const shares: { uid: string; kind: string; share: RestoredShare }[] = []
  for (const { uid, operator } of chainedNodes(graph, task.root)) {
    const share = restored.get(uid)?.shares[index]
    if (share === undefined || !share.finished) return undefined
    shares.push({ uid, kind: operator.kind, share })
  }
  const source = shares.find(({ kind }) => kind === 'source')
  return {
    operators: shares.flatMap(({ share }) => share.own ?? []),
    source: source === undefined ? undefined : { uid: source.uid, received: 0, open: [] },
    sinks: shares
      .filter(({ kind }) => kind === 'sink')
      .map(({ uid, share }) => ({ uid, state: share.sinkStates[0], committables: [] })),
    channels: [],
    watermark: MAX_TIMESTAMP,
    finished: true,
  }
}
