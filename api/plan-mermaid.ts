/**
 * A plan as a Mermaid flowchart, for Markdown pages.
 */
import type { GraphNode, JobGraph } from './graph.ts'
import type { ChainedNode, EdgePlan, ExecutionPlan, TaskPlan } from './plan.ts'

/**
 * The plan as a Mermaid flowchart: a box per task, its operators inside, arrows with the
 * partitioning between tasks.
 *
 * @param graph the graph the plan was made from
 * @returns the text of a `mermaid` code block, without the fence
 * @example
 * await writeFile('plan.mmd', planToMermaid(createPlan(graph, { parallelism: 2, slots: 2 }), graph))
 */
export function planToMermaid(plan: ExecutionPlan, graph: JobGraph): string {
  return [
    'flowchart LR',
    ...plan.tasks.flatMap((task) => taskLines(task, graph)),
    ...plan.edges.map(edgeLine),
  ].join('\n')
}

function taskLines(task: TaskPlan, graph: JobGraph): readonly string[] {
  return [
    `  subgraph task${task.id}["task ${task.id} × ${task.parallelism}"]`,
    ...flatten(task.root).map(({ nodeId }) => `    ${nodeLine(nodeId, graph.nodes[nodeId])}`),
    ...chainLines(task.root).map((line) => `    ${line}`),
    '  end',
  ]
}

function nodeLine(nodeId: number, node: GraphNode | undefined): string {
  const label = escapeLabel(node?.name ?? '?')
  switch (node?.operator.kind) {
    case 'source':
      return `n${nodeId}(["${label}"])`
    case 'sink':
    case 'collect':
      return `n${nodeId}[("${label}")]`
    default:
      return `n${nodeId}["${label}"]`
  }
}

function chainLines({ nodeId, next }: ChainedNode): readonly string[] {
  return next.flatMap((child) => [`n${nodeId} --> n${child.nodeId}`, ...chainLines(child)])
}

function edgeLine({ fromNode, toNode, partitioning, preAggregated }: EdgePlan): string {
  const label = preAggregated ? `${partitioning}, pre-aggregated` : partitioning
  return `  n${fromNode} ==>|${label}| n${toNode}`
}

function flatten(chained: ChainedNode): readonly ChainedNode[] {
  return [chained, ...chained.next.flatMap(flatten)]
}

/**
 * Everything but letters, digits and harmless punctuation as a Mermaid entity: labels are read as
 * Markdown and HTML, and quotes and brackets would end them.
 */
function escapeLabel(text: string): string {
  return text.replace(
    /[^\p{L}\p{N} .,:/_()+-]/gu,
    (character) => `#${character.codePointAt(0) ?? 32};`,
  )
}
