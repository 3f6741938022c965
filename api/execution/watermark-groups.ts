/**
 * The alignment groups of a job, on the coordinator: how far the slowest subtask of each group has come.
 *
 * All subtasks that a group can have are known from the plan, so that nobody runs ahead of one that has not said anything yet.
 */
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'

/** Hears of every change of a group. */
export type GroupListener = (group: string, watermark: number) => void

interface Group {
  readonly name: string
  /** Watermarks of the subtasks that have not finished, by `memberKey`; `MAX_TIMESTAMP`: idle. */
  readonly watermarks: Map<string, number>
  /** The smallest of them, as it was told last. */
  smallest: number
}

/** The smallest watermark of each group, kept up to date. */
export class WatermarkGroups {
  readonly #onChange: GroupListener
  readonly #groups = new Map<string, Group>()
  readonly #groupOfNode = new Map<number, Group>()
  readonly #nodeOfTask = new Map<number, number>()

  /** The groups that the sources of a job name. */
  constructor(graph: JobGraph, plan: ExecutionPlan, onChange: GroupListener) {
    this.#onChange = onChange
    for (const task of plan.tasks) {
      const node = graph.nodes[task.root.nodeId]
      if (node?.operator.kind !== 'source') continue
      const name = node.operator.watermarks?.alignment?.group
      if (name === undefined) continue
      const group = this.#groupNamed(name)
      this.#groupOfNode.set(node.id, group)
      this.#nodeOfTask.set(task.id, node.id)
      for (const { index } of task.subtasks) {
        group.watermarks.set(memberKey(node.id, index), MIN_TIMESTAMP)
      }
    }
  }

  /** A subtask has come as far as `watermark`; `MAX_TIMESTAMP`: nobody needs to wait for it. */
  announce(nodeId: number, subtaskIndex: number, watermark: number): void {
    const group = this.#groupOfNode.get(nodeId)
    const key = memberKey(nodeId, subtaskIndex)
    // What was on its way when the subtask finished must not hold the others back for ever.
    if (group === undefined || !group.watermarks.has(key)) return
    group.watermarks.set(key, watermark)
    this.#update(group)
  }

  /** A subtask of a task has finished: nobody waits for it any more. */
  finished(taskId: number, subtaskIndex: number): void {
    const nodeId = this.#nodeOfTask.get(taskId)
    const group = nodeId === undefined ? undefined : this.#groupOfNode.get(nodeId)
    if (nodeId === undefined || group === undefined) return
    group.watermarks.delete(memberKey(nodeId, subtaskIndex))
    this.#update(group)
  }

  /** A subtask of a task begins again: the others wait until it has said something. */
  restarts(taskId: number, subtaskIndex: number): void {
    const nodeId = this.#nodeOfTask.get(taskId)
    const group = nodeId === undefined ? undefined : this.#groupOfNode.get(nodeId)
    if (nodeId === undefined || group === undefined) return
    group.watermarks.set(memberKey(nodeId, subtaskIndex), MIN_TIMESTAMP)
    this.#update(group)
  }

  #groupNamed(name: string): Group {
    const known = this.#groups.get(name)
    if (known !== undefined) return known
    const group = { name, watermarks: new Map<string, number>(), smallest: MIN_TIMESTAMP }
    this.#groups.set(name, group)
    return group
  }

  #update(group: Group): void {
    let smallest = MAX_TIMESTAMP
    for (const watermark of group.watermarks.values()) smallest = Math.min(smallest, watermark)
    if (smallest === group.smallest) return
    group.smallest = smallest
    this.#onChange(group.name, smallest)
  }
}

function memberKey(nodeId: number, subtaskIndex: number): string {
  return `${nodeId}/${subtaskIndex}`
}
