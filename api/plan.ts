/**
 * The physical plan of a job: which operators share an actor, how many subtasks there are, on which
 * slots they sit and which channels join them.
 *
 * Plain data without functions: nodes are named by id, so a plan can be printed, compared and sent
 * to other threads. The same graph and options give the same plan on every thread, channel ids
 * included.
 */
import type { JobGraph, Partitioning } from './graph.ts'
import { layOutChains } from './plan-chains.ts'
import { joinSubtasks } from './plan-channels.ts'
import { resolveParallelism } from './plan-parallelism.ts'
import type { PlanOptions } from './plan-parallelism.ts'

export { MAIN_SLOT } from './plan-channels.ts'

/** The plan of one run of a job. */
export interface ExecutionPlan {
  readonly jobName: string
  /** Parallelism of the operators that ask for none. */
  readonly parallelism: number
  /** Number of key groups of the operators that ask for none. */
  readonly maxParallelism: number
  /** Number of slots besides the main thread's; they are numbered from 1. */
  readonly slots: number
  /** `tasks[i].id === i`. Every edge leads from a smaller id to a larger one. */
  readonly tasks: readonly TaskPlan[]
  /** `edges[i].id === i`. */
  readonly edges: readonly EdgePlan[]
}

/** Operators that run together: every subtask of a task is one actor. */
export interface TaskPlan {
  readonly id: number
  /** The names of its operators, e.g. `flights.parquet -> filter -> [map, window]`. */
  readonly name: string
  /** Its first operator, from which the others hang. */
  readonly root: ChainedNode
  readonly parallelism: number
  /** Number of key groups of its first operator. */
  readonly maxParallelism: number
  /** `subtasks[i].index === i`. */
  readonly subtasks: readonly SubtaskPlan[]
  /** Edges that feed `root`; none for a source. Several for a union. */
  readonly inputs: readonly EdgePlan[]
  /** Edges that leave from any of its operators, in the order of their ids. */
  readonly outputs: readonly EdgePlan[]
}

/** An operator inside a task, and where its records go. */
export interface ChainedNode {
  /** Id of the node in the graph. */
  readonly nodeId: number
  /** Operators of the same task that get every record, by direct call. */
  readonly next: readonly ChainedNode[]
  /** Ids of the edges on which every record leaves the task. */
  readonly outputs: readonly number[]
  /** Ids of the edges that carry a side output. */
  readonly sideOutputs: readonly number[]
}

/** One parallel instance of a task. */
export interface SubtaskPlan {
  readonly index: number
  readonly slot: number
}

/** How the records of an edge are spread, as planned. */
export type EdgePartitioning = Exclude<Partitioning['kind'], 'default'>

/** An edge of the graph that joins two tasks. */
export interface EdgePlan {
  readonly id: number
  /** Id of the edge in the graph, which holds the key selector or partition function. */
  readonly graphEdgeId: number
  readonly fromTask: number
  readonly fromNode: number
  readonly toTask: number
  readonly toNode: number
  /** Which input of the receiving operator it feeds. */
  readonly input: 0 | 1
  /** The side output that it carries; undefined: the main output. */
  readonly tag: string | undefined
  /** How records are spread; never `default`. */
  readonly partitioning: EdgePartitioning
  /** Number of key groups of the receiving task: what a `key` edge divides by. */
  readonly maxParallelism: number
  /** Whether the sending subtasks aggregate what the receiver aggregates, and send their accumulators. */
  readonly preAggregated: boolean
  /**
   * Sorted by sending, then by receiving subtask. A `forward` edge has one channel per subtask, a `rescale` edge joins each
   * subtask of the larger side with one of the smaller, every other edge has one channel for every pair.
   */
  readonly channels: readonly ChannelPlan[]
}

/** What one subtask sends to another over one edge, in order. */
export interface ChannelPlan {
  /** Unique in the job and its attempts, 1 or larger, counted along edges, sending and receiving subtasks. */
  readonly id: number
  readonly fromSubtask: number
  readonly toSubtask: number
  readonly fromSlot: number
  readonly toSlot: number
}

/**
 * Plans a run.
 *
 * Operators are chained where records go forward between equal parallelism, the receiver has one
 * input, makes no new watermarks, and neither says `chain: false`. Subtask i of every task sits on
 * one slot after the other, going on from task to task, but a task behind a forward edge sits with its sender; collected streams end on slot 0. Where a forward edge that the user did not
 * ask for meets another parallelism, it becomes a rebalance.
 *
 * @returns the plan. Throws INVALID_PARALLELISM, or FORWARD_PARALLELISM for an explicit forward
 *   between unequal operators
 * @example
 * const plan = createPlan(graph, { parallelism: 2, slots: 2 })
 */
export function createPlan(graph: JobGraph, options: PlanOptions): ExecutionPlan {
  const parallelism = resolveParallelism(graph, options)
  const chains = layOutChains(graph, parallelism, options)
  const { tasks, edges } = joinSubtasks(chains, options.slots, options.firstChannelId ?? 1)
  return {
    jobName: graph.jobName,
    parallelism: parallelism.job,
    maxParallelism: parallelism.jobMax,
    slots: options.slots,
    tasks,
    edges,
  }
}
