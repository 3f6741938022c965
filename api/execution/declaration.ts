/**
 * The line of the user's program that declared a failed operator. On the coordinator, which knows the graph; never per record.
 */
import { OperatorError } from '../../operators/operator-error.ts'
import { formatCallSite } from '../call-site.ts'
import type { GraphNode, JobGraph } from '../graph.ts'
import type { ChainedNode } from '../plan.ts'

/** Functions that pick the channel of a record fail under the name of the operator before them, and one of these. */
const CHANNEL_FUNCTION = /\.(?:keyBy|partition)$/

/**
 * Notes on an `OperatorError` where its operator was declared, unless that is known already. Names need not be unique: where two
 * of these nodes share the name, nothing is noted, since a wrong line is worse than none.
 */
export function noteDeclaration(error: unknown, nodes: readonly GraphNode[]): void {
  if (!(error instanceof OperatorError) || error.declaredAt !== undefined) return
  const exact = named(nodes, error.operatorName)
  const name = error.operatorName.replace(CHANNEL_FUNCTION, '')
  const [node, another] = exact.length > 0 ? exact : named(nodes, name)
  if (node?.callSite === undefined || another !== undefined) return
  Object.assign(error, { declaredAt: formatCallSite(node.callSite) })
}

/** The nodes of a task, the root and all that is chained to it. */
export function chainedNodes(graph: JobGraph, root: ChainedNode): GraphNode[] {
  const node = graph.nodes[root.nodeId]
  const behind = root.next.flatMap((next) => chainedNodes(graph, next))
  return node === undefined ? behind : [node, ...behind]
}

function named(nodes: readonly GraphNode[], name: string): GraphNode[] {
  return nodes.filter((node) => node.name === name)
}
