/**
 * Which tasks of a plan start again together: all that are joined by edges, and sources whose watermarks wait for each other. Pure.
 *
 * Records flow along edges as they come, so that a failed task leaves all that are joined with it in need of a common point to go on
 * from; whatever is not joined goes on undisturbed. (Flink's pipelined regions; an alignment group joins here, since its members compare what
 * they have read.)
 */
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'

/** Tasks that start again together. */
export interface Region {
  /** The smallest id of its tasks. */
  readonly id: number
  /** Ids of tasks. */
  readonly tasks: ReadonlySet<number>
}

/** The regions of a plan, by their ids. Each task is in one of them. */
export function planRegions(graph: JobGraph, plan: ExecutionPlan): readonly Region[] {
  const leader = plan.tasks.map(({ id }) => id)
  const find = (task: number): number => {
    const next = leader[task]
    return next === undefined || next === task ? task : find(next)
  }
  const join = (a: number, b: number): void => {
    const [low, high] = [find(a), find(b)].sort((x, y) => x - y) as [number, number]
    leader[high] = low
  }
  for (const { fromTask, toTask } of plan.edges) join(fromTask, toTask)
  const aligned = new Map<string, number>()
  for (const { id, root } of plan.tasks) {
    const operator = graph.nodes[root.nodeId]?.operator
    const group = operator?.kind === 'source' ? operator.watermarks?.alignment?.group : undefined
    if (group === undefined) continue
    const first = aligned.get(group)
    if (first === undefined) aligned.set(group, id)
    else join(first, id)
  }
  const regions = new Map<number, Set<number>>()
  for (const { id } of plan.tasks) {
    const tasks = regions.get(find(id)) ?? new Set()
    regions.set(find(id), tasks.add(id))
  }
  return [...regions].map(([id, tasks]) => ({ id, tasks }))
}
