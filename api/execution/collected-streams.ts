/**
 * What collected streams contribute to checkpoints: nothing but the word that all before the barrier is here. On the main thread.
 */
import type { SubtaskName, SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import { MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'
import type { Collector } from './collector.ts'

const NOTHING: SubtaskSnapshot = {
  operators: [],
  sinks: [],
  channels: [],
  watermark: MIN_TIMESTAMP,
  finished: false,
}

/** The collected streams of a deployment. */
export interface CollectedStreams {
  readonly graph: JobGraph
  readonly plan: ExecutionPlan
  /** By name. */
  readonly collectors: ReadonlyMap<string, Collector>
}

/** Who hears of them. */
export interface CollectionListener {
  acknowledged(name: SubtaskName, checkpointId: number, snapshot: SubtaskSnapshot): void
  subtaskFinished(name: SubtaskName, snapshot: SubtaskSnapshot): void
  failed(error: unknown): void
}

/** Makes them tell. Before anything can come in. */
export function watchCollectors(
  { graph, plan, collectors }: CollectedStreams,
  listener: CollectionListener,
): void {
  for (const { id, root } of plan.tasks) {
    const operator = graph.nodes[root.nodeId]?.operator
    const collector = operator?.kind === 'collect' ? collectors.get(operator.name) : undefined
    if (collector === undefined) continue
    const name = { taskId: id, subtaskIndex: 0 }
    collector.onFailed = (error) => {
      listener.failed(error)
    }
    collector.onBarrier = (checkpointId) => {
      listener.acknowledged(name, checkpointId, NOTHING)
    }
    collector.onEnded = () => {
      listener.subtaskFinished(name, NOTHING)
    }
  }
}
