/**
 * From the plan of a task to the tree of operators that the chain compiler takes.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type {
  ChainBranches,
  ChainElement,
  ChainNode,
  ChainTail,
} from '../../operators/chain/chain.ts'
import type { Output } from '../../operators/operator.ts'
import { createPartitioner } from '../../operators/partitioner.ts'
import type { Partitioning as OutputPartitioning } from '../../operators/partitioner.ts'
import type { OutputChannel, OutputGate } from '../../runtime/output-channel.ts'
import type { Slot } from '../../runtime/slot.ts'
import type { GraphNode, JobGraph } from '../graph.ts'
import type { ChainedNode, EdgePlan, TaskPlan } from '../plan.ts'
import { createElement } from './operator-factory.ts'

/** What a chain is joined to. */
export interface ChainSurroundings {
  readonly graph: JobGraph
  readonly slot: Slot
  readonly subtaskIndex: number
  readonly gate: OutputGate
  /** Opens the channels of this subtask on an edge that leaves the task. */
  readonly openChannels: (edge: EdgePlan) => readonly OutputChannel[]
  /** Hears of every element that was made, and for which node. */
  readonly onElement: (element: ChainElement, node: GraphNode) => void
  /** Opens the end of a chain at a sink. */
  readonly openSink: (node: GraphNode) => Output
}

/** The tree of operators of one subtask. A source is not part of it: the subtask itself reads it. */
export function chainBranches(task: TaskPlan, surroundings: ChainSurroundings): ChainBranches {
  const builder = new BranchBuilder(task, surroundings)
  const root = nodeOf(surroundings.graph, task.root.nodeId)
  return root.operator.kind === 'source'
    ? builder.branchesBehind(task.root)
    : builder.branchesOf([task.root], [])
}

/** Who fails when a record can't be sent: a function of the user's that picks the channel is named as it is called in the job. */
function senderName({ name }: GraphNode, { partitioning }: EdgePlan): string {
  if (partitioning === 'key') return `${name}.keyBy`
  return partitioning === 'custom' ? `${name}.partition` : name
}

/** The node of a graph with this id. */
export function nodeOf(graph: JobGraph, id: number): GraphNode {
  const node = graph.nodes[id]
  if (node === undefined) throw new MillraceError('UNKNOWN_NODE', `The graph has no node ${id}`)
  return node
}

class BranchBuilder {
  readonly #task: TaskPlan
  readonly #around: ChainSurroundings

  constructor(task: TaskPlan, around: ChainSurroundings) {
    this.#task = task
    this.#around = around
  }

  branchesBehind(chained: ChainedNode): ChainBranches {
    return this.branchesOf(chained.next, chained.outputs)
  }

  branchesOf(next: readonly ChainedNode[], outputs: readonly number[]): ChainBranches {
    const nodes: ChainNode[] = []
    const tails: ChainTail[] = outputs.map((edgeId) => this.#edgeTail(edgeId))
    for (const chained of next) {
      const node = nodeOf(this.#around.graph, chained.nodeId)
      if (node.operator.kind === 'sink') {
        tails.push({ name: node.name, output: this.#around.openSink(node) })
        continue
      }
      const element: ChainElement = createElement(node)
      this.#around.onElement(element, node)
      nodes.push({ element, ...this.branchesBehind(chained) })
    }
    return { next: nodes, tails }
  }

  #edgeTail(edgeId: number): ChainTail {
    const edge = this.#task.outputs.find(({ id }) => id === edgeId)
    if (edge === undefined)
      throw new MillraceError('UNKNOWN_EDGE', `The plan has no edge ${edgeId}`)
    const { gate, slot, subtaskIndex, graph } = this.#around
    const output = createPartitioner(this.#partitioningOf(edge), this.#around.openChannels(edge), {
      subtaskIndex,
      maxParallelism: edge.maxParallelism,
      random: slot.random,
      gate,
    })
    return { name: senderName(nodeOf(graph, edge.fromNode), edge), output }
  }

  #partitioningOf(edge: EdgePlan): OutputPartitioning {
    const asked = this.#around.graph.edges[edge.graphEdgeId]?.partitioning
    if (asked !== undefined && (asked.kind === 'key' || asked.kind === 'custom')) return asked
    return { kind: edge.partitioning } as OutputPartitioning
  }
}
