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
import { badRecordHandler, DEAD_LETTERS } from '../../operators/bad-records.ts'
import type { BadRecordHandler } from '../../operators/bad-records.ts'
import { operatorError } from '../../operators/operator-error.ts'
import type { Counter, Output } from '../../operators/operator.ts'
import { createPartitioner } from '../../operators/partitioner.ts'
import type { Partitioning as OutputPartitioning } from '../../operators/partitioner.ts'
import { keyOfEither } from '../../operators/windows/partial-result.ts'
import type { OutputChannel, OutputGate } from '../../runtime/output-channel.ts'
import type { Slot } from '../../runtime/slot.ts'
import type { GraphNode, JobGraph } from '../graph.ts'
import type { ChainedNode, EdgePlan, TaskPlan } from '../plan.ts'
import { createElement } from './operator-factory.ts'
import type { TimedRecordObserver } from './operator-factory.ts'

/** What a chain is joined to. */
export interface ChainSurroundings {
  readonly graph: JobGraph
  readonly slot: Slot
  /** Whether partial results may come to an operator, from the task's inputs or from a checkpoint. */
  readonly takesPartialResults: (node: GraphNode) => boolean
  readonly subtaskIndex: number
  readonly gate: OutputGate
  /** Opens the channels of this subtask on an edge that leaves the task. */
  readonly openChannels: (edge: EdgePlan) => readonly OutputChannel[]
  /** Hears of every element that was made, and for which node. */
  readonly onElement: (
    element: ChainElement,
    node: GraphNode,
    sides: ReadonlyMap<string, Output>,
  ) => void
  /** Hears of every element that aggregates for a node of another task. */
  readonly onLocalPhase: (element: ChainElement, node: GraphNode) => void
  /** Who sees the records to which the first operator has given their event times. */
  readonly onTimed: TimedRecordObserver | undefined
  /** Counts for an operator, as its own counters do. */
  readonly counter: (name: string) => Counter
  /** Opens the end of a chain at a sink. */
  readonly openSink: (node: GraphNode) => Output
}

/** The operators of one subtask, as the chain compiler takes them. */
export interface SubtaskBranches {
  readonly branches: ChainBranches
  /** Who takes the records that the source can't make; undefined where the first one fails the job. */
  readonly badRecords: BadRecordHandler | undefined
}

/** The tree of operators of one subtask. A source is not part of it: the subtask itself reads it. */
export function chainBranches(task: TaskPlan, surroundings: ChainSurroundings): SubtaskBranches {
  const builder = new BranchBuilder(task, surroundings)
  const root = nodeOf(surroundings.graph, task.root.nodeId)
  if (root.operator.kind !== 'source')
    return { branches: builder.branchesOf([task.root], []), badRecords: undefined }
  return {
    branches: builder.branchesBehind(task.root),
    badRecords: builder.badRecords(root, builder.sidesOf(task.root)),
  }
}

/** Every record goes to both. */
function bothOutputs(a: Output, b: Output): Output {
  return {
    emit: (value, timestamp) => {
      a.emit(value, timestamp)
      b.emit(value, timestamp)
    },
    get full() {
      return a.full || b.full
    },
  }
}

/** An end that is called from inside an operator, whose `onError` is not for errors of this end. */
function blamedOutput({ name, output }: ChainTail, subtaskIndex: number): Output {
  return {
    emit: (value, timestamp) => {
      try {
        output.emit(value, timestamp)
      } catch (error) {
        throw operatorError({ operatorName: name, subtaskIndex, record: { value } }, error)
      }
    },
    get full() {
      return output.full
    },
  }
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
    const tails: ChainTail[] = []
    for (const edgeId of outputs) {
      const tail = this.#edgeTail(edgeId)
      const element = this.#localPhase(edgeId)
      if (element === undefined) tails.push(tail)
      else nodes.push({ element, next: [], tails: [tail] })
    }
    for (const chained of next) {
      const node = nodeOf(this.#around.graph, chained.nodeId)
      if (node.operator.kind === 'sink') {
        tails.push({ name: node.name, output: this.#around.openSink(node) })
        continue
      }
      const sides = this.sidesOf(chained)
      // New watermarks are made at the root only, so that no other step is observed.
      const onTimed = chained === this.#task.root ? this.#around.onTimed : undefined
      const element = createElement(node, {
        onBadRecord: this.badRecords(node, sides),
        onTimed,
        takesPartialResults: this.#around.takesPartialResults(node),
      })
      this.#around.onElement(element, node, sides)
      nodes.push({ element, ...this.branchesBehind(chained) })
    }
    return { next: nodes, tails }
  }

  /** The side outputs of an operator, by tag; one that several edges carry goes to all of them. */
  sidesOf({ sideOutputs }: ChainedNode): ReadonlyMap<string, Output> {
    const sides = new Map<string, Output>()
    for (const edgeId of sideOutputs) {
      const { tag } = this.#edge(edgeId)
      if (tag === undefined) continue
      const output = blamedOutput(this.#edgeTail(edgeId), this.#around.subtaskIndex)
      const known = sides.get(tag)
      sides.set(tag, known === undefined ? output : bothOutputs(known, output))
    }
    return sides
  }

  /** Who takes the records that an operator can't process; undefined where the first one fails the job. */
  badRecords(node: GraphNode, sides: ReadonlyMap<string, Output>): BadRecordHandler | undefined {
    if (node.onError === 'fail') return undefined
    return badRecordHandler({
      policy: node.onError,
      operatorName: node.name,
      subtaskIndex: this.#around.subtaskIndex,
      skipped: this.#around.counter(`${node.name}.recordsSkipped`),
      deadLetters: sides.get(DEAD_LETTERS),
    })
  }

  /** What adds records up for the operator at the other end of an edge. */
  #localPhase(edgeId: number): ChainElement | undefined {
    const { preAggregated, toNode } = this.#edge(edgeId)
    const node = nodeOf(this.#around.graph, toNode)
    if (!preAggregated || node.operator.kind !== 'operator') return undefined
    const operator = node.operator.twoPhases?.createLocal()
    if (operator === undefined) return undefined
    const element: ChainElement = { name: node.name, operator, stateless: true }
    this.#around.onLocalPhase(element, node)
    return element
  }

  #edge(edgeId: number): EdgePlan {
    const edge = this.#task.outputs.find(({ id }) => id === edgeId)
    if (edge === undefined)
      throw new MillraceError('UNKNOWN_EDGE', `The plan has no edge ${edgeId}`)
    return edge
  }

  #edgeTail(edgeId: number): ChainTail {
    const edge = this.#edge(edgeId)
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
    if (asked?.kind === 'key' && edge.preAggregated)
      return { kind: 'key', selector: keyOfEither(asked.selector) }
    if (asked !== undefined && (asked.kind === 'key' || asked.kind === 'custom')) return asked
    return { kind: edge.partitioning } as OutputPartitioning
  }
}
