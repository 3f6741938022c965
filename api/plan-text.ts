/**
 * A plan as text, for terminals.
 */
import type { GraphNode, JobGraph } from './graph.ts'
import type { ChainedNode, EdgePlan, ExecutionPlan, TaskPlan } from './plan.ts'

/**
 * The plan as an indented text: one block per task with its chained operators as a tree, and what
 * it sends where.
 *
 * @param graph the graph the plan was made from
 * @returns lines joined by `\n`, without one at the end
 * @example
 * console.log(planToText(createPlan(graph, { parallelism: 2, slots: 2 }), graph))
 */
export function planToText(plan: ExecutionPlan, graph: JobGraph): string {
  const head = `${plan.jobName}: ${counted(plan.tasks.length, 'task')}, ${counted(plan.slots, 'slot')}`
  return [
    oneLine(head),
    ...plan.tasks.flatMap((task) => ['', ...taskLines(task, plan, graph)]),
  ].join('\n')
}

function taskLines(task: TaskPlan, plan: ExecutionPlan, graph: JobGraph): readonly string[] {
  return [
    `task ${task.id}  ${counted(task.parallelism, 'subtask')} on ${slotList(task)}`,
    ...nodeLines(task.root, '', plan, graph),
  ]
}

function nodeLines(
  chained: ChainedNode,
  indent: string,
  plan: ExecutionPlan,
  graph: JobGraph,
): readonly string[] {
  const ends = [
    ...chained.outputs.map((edgeId) => [edgeText(plan.edges[edgeId], plan, graph)]),
    ...chained.next.map((next) => nodeLines(next, '', plan, graph)),
  ]
  const below = ends.flatMap((lines, i) => {
    const last = i === ends.length - 1
    return lines.map(
      (line, j) => `${indent}${j === 0 ? (last ? '└─ ' : '├─ ') : last ? '   ' : '│  '}${line}`,
    )
  })
  return [`${indent}${nodeText(graph.nodes[chained.nodeId])}`, ...below]
}

function nodeText(node: GraphNode | undefined): string {
  if (node === undefined) return '?'
  const uid = node.uidGiven ? ` (uid ${node.uid})` : ''
  const kind = node.name === node.operator.kind ? '' : `${node.operator.kind} `
  return oneLine(`${kind}${node.name}${uid}`)
}

function edgeText(edge: EdgePlan | undefined, plan: ExecutionPlan, graph: JobGraph): string {
  if (edge === undefined) return '?'
  const target = graph.nodes[edge.toNode]?.name ?? '?'
  const { length } = edge.channels
  return oneLine(
    `${edge.partitioning} → task ${edge.toTask} ${target} (${counted(length, 'channel')}${edge.preAggregated ? ', pre-aggregated' : ''})`,
  )
}

function slotList(task: TaskPlan): string {
  const slots = [...new Set(task.subtasks.map(({ slot }) => slot))]
  if (slots.length === 1) return slots[0] === 0 ? 'the main thread' : `slot ${String(slots[0])}`
  return `slots ${Math.min(...slots)} to ${Math.max(...slots)}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Names are the user's: none may break the layout or reach the terminal as a control sequence. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
}
