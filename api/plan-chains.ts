/**
 * Second step of planning: which operators run together, and how records get from task to task.
 */
import { buildError } from './build-error.ts'
import type { GraphEdge, GraphNode, JobGraph } from './graph.ts'
import type { ChainedNode, EdgePartitioning } from './plan.ts'
import type { NodeParallelism, PlanOptions, ResolvedParallelism } from './plan-parallelism.ts'

/** A task whose subtasks are not placed yet. */
export interface Chain {
  readonly id: number
  readonly name: string
  readonly root: ChainedNode
  readonly parallelism: number
  readonly maxParallelism: number
  /** Whether it is a collected stream, which ends on the main thread. */
  readonly onMainSlot: boolean
}

/** An edge between tasks whose channels are not numbered yet. */
export interface ChainEdge {
  readonly id: number
  readonly graphEdgeId: number
  readonly fromTask: number
  readonly fromNode: number
  readonly toTask: number
  readonly toNode: number
  readonly input: 0 | 1
  readonly tag: string | undefined
  readonly partitioning: EdgePartitioning
  readonly maxParallelism: number
  readonly preAggregated: boolean
}

/** The tasks of a job and the edges between them. */
export interface Chains {
  readonly chains: readonly Chain[]
  readonly edges: readonly ChainEdge[]
}

/** An operator with all that planning knows of it. */
interface PlannedNode extends NodeParallelism {
  readonly node: GraphNode
  /** Edges of the graph that lead here. */
  readonly inputs: readonly PlannedEdge[]
  /** Edges of the graph that leave from here. */
  readonly outputs: readonly PlannedEdge[]
}

interface PlannedEdge {
  readonly edge: GraphEdge
  readonly partitioning: EdgePartitioning
  readonly chained: boolean
}

/**
 * Joins operators to tasks. Throws FORWARD_PARALLELISM for an explicit forward between unequal
 * operators.
 */
export function layOutChains(
  graph: JobGraph,
  parallelism: ResolvedParallelism,
  { preAggregation = 'auto', unchained }: Pick<PlanOptions, 'preAggregation' | 'unchained'> = {},
): Chains {
  const nodes = planNodes(graph, parallelism, unchained)
  const outgoing = nodes.flatMap(({ outputs }) => outputs).filter(({ chained }) => !chained)
  const crossing = outgoing.sort((a, b) => a.edge.id - b.edge.id)
  const planIds = new Map(crossing.map(({ edge }, id) => [edge.id, id]))
  const taskOf = new Map<number, number>()
  const chains: Chain[] = []
  for (const { node, inputs, parallelism: subtasks, maxParallelism } of nodes) {
    if (inputs.some(({ chained }) => chained)) continue
    const id = chains.length
    const root = chainFrom(node.id, nodes, planIds, (nodeId) => taskOf.set(nodeId, id))
    const onMainSlot = node.operator.kind === 'collect'
    chains.push({
      id,
      name: chainName(root, graph),
      root,
      parallelism: subtasks,
      maxParallelism,
      onMainSlot,
    })
  }
  const edges = crossing.map(({ edge, partitioning }, id) => ({
    id,
    graphEdgeId: edge.id,
    fromTask: lookUp(taskOf, edge.from),
    fromNode: edge.from,
    toTask: lookUp(taskOf, edge.to),
    toNode: edge.to,
    input: edge.input,
    tag: edge.tag,
    partitioning,
    maxParallelism: at(nodes, edge.to).maxParallelism,
    preAggregated:
      preAggregation === 'auto' && canPreAggregate(edge, at(nodes, edge.from), at(nodes, edge.to)),
  }))
  return { chains, edges }
}

function planNodes(
  graph: JobGraph,
  resolved: ResolvedParallelism,
  unchained: ReadonlySet<number> = new Set(),
): readonly PlannedNode[] {
  const inputs = graph.nodes.map((): PlannedEdge[] => [])
  const outputs = graph.nodes.map((): PlannedEdge[] => [])
  const inputCounts = graph.nodes.map(() => 0)
  for (const edge of graph.edges) inputCounts[edge.to] = at(inputCounts, edge.to) + 1
  for (const edge of graph.edges) {
    const from = { ...at(resolved.nodes, edge.from), node: at(graph.nodes, edge.from) }
    const to = { ...at(resolved.nodes, edge.to), node: at(graph.nodes, edge.to) }
    const partitioning = resolvePartitioning(edge, from, to)
    const chained =
      partitioning === 'forward' &&
      edge.tag === undefined &&
      !unchained.has(edge.id) &&
      at(inputCounts, edge.to) === 1 &&
      canShareTask(from, to)
    const planned = { edge, partitioning, chained }
    at(outputs, edge.from).push(planned)
    at(inputs, edge.to).push(planned)
  }
  return graph.nodes.map((node, id) => ({
    ...at(resolved.nodes, id),
    node,
    inputs: at(inputs, id),
    outputs: at(outputs, id),
  }))
}

type EdgeEnd = NodeParallelism & { readonly node: GraphNode }

/**
 * Whether the records of an edge may be added up before they cross it: they go to the subtask of their key, or there is only one; and
 * nobody but the receiver is to see the records, as an error policy would.
 */
function canPreAggregate({ partitioning, tag }: GraphEdge, from: EdgeEnd, to: EdgeEnd): boolean {
  const { operator, onError } = to.node
  if (operator.kind !== 'operator' || operator.twoPhases === undefined) return false
  if (tag !== undefined || onError !== 'fail') return false
  if (from.parallelism === 1 && to.parallelism === 1) return false
  const { key } = operator.twoPhases
  if (key !== undefined) return partitioning.kind === 'key' && partitioning.selector === key
  return to.parallelism === 1 && partitioning.kind !== 'custom' && partitioning.kind !== 'key'
}

function resolvePartitioning(
  { partitioning }: GraphEdge,
  from: EdgeEnd,
  to: EdgeEnd,
): EdgePartitioning {
  const equal = from.parallelism === to.parallelism
  if (partitioning.kind === 'default') return equal ? 'forward' : 'rebalance'
  if (partitioning.kind !== 'forward' || equal) return partitioning.kind
  throw buildError(
    'FORWARD_PARALLELISM',
    `forward() from '${from.node.name}' to '${to.node.name}' needs equal parallelism, ` +
      `but they have ${from.parallelism} and ${to.parallelism}; use rebalance() or leave forward() out`,
    to.node.callSite,
  )
}

/**
 * A collected stream ends on another thread; new watermarks are made where a task takes its input,
 * from whole batches; different numbers of key groups could not be restored as one.
 */
function canShareTask(from: EdgeEnd, to: EdgeEnd): boolean {
  const { operator } = to.node
  if (operator.kind === 'collect') return false
  if (operator.kind === 'timestamps' && operator.watermarks !== undefined) return false
  if (staysAlone(from.node) || staysAlone(to.node)) return false
  return from.node.chain && to.node.chain && from.maxParallelism === to.maxParallelism
}

function staysAlone({ operator }: GraphNode): boolean {
  return operator.kind === 'operator' && operator.chaining === 'never'
}

function chainFrom(
  nodeId: number,
  nodes: readonly PlannedNode[],
  planIds: ReadonlyMap<number, number>,
  visit: (nodeId: number) => void,
): ChainedNode {
  visit(nodeId)
  const { outputs } = at(nodes, nodeId)
  const leaving = outputs.filter(({ chained }) => !chained).map(({ edge }) => edge)
  return {
    nodeId,
    next: outputs
      .filter(({ chained }) => chained)
      .map(({ edge }) => chainFrom(edge.to, nodes, planIds, visit)),
    outputs: leaving.filter(({ tag }) => tag === undefined).map(({ id }) => lookUp(planIds, id)),
    sideOutputs: leaving
      .filter(({ tag }) => tag !== undefined)
      .map(({ id }) => lookUp(planIds, id)),
  }
}

/** `a -> b`, and `a -> [b -> c, d]` where a chain branches. */
function chainName(root: ChainedNode, graph: JobGraph): string {
  const { name } = at(graph.nodes, root.nodeId)
  const rest = root.next.map((next) => chainName(next, graph))
  if (rest.length === 0) return name
  return `${name} -> ${rest.length === 1 ? rest.join('') : `[${rest.join(', ')}]`}`
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new RangeError(`the graph has no entry ${index}`)
  return item
}

function lookUp<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key)
  if (value === undefined) throw new RangeError(`the plan has no entry ${String(key)}`)
  return value
}
