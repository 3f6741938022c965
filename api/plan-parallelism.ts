/**
 * First step of planning: how many subtasks and key groups each operator has.
 */
import { DEFAULT_MAX_PARALLELISM } from '../checkpoint/key-groups.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { buildError, describeValue } from './build-error.ts'
import type { GraphNode, JobGraph } from './graph.ts'
import { isParallelism } from './operator-options.ts'

/**
 * Whether windows are aggregated in two phases where they can be: by the subtasks in front of an exchange, and behind it. `auto`: wherever
 * several channels lie between.
 */
export type PreAggregation = 'auto' | 'off'

/** What a run decides, besides the graph. */
export interface PlanOptions {
  /** Parallelism of the operators that ask for none, 1 to `maxParallelism`. */
  readonly parallelism: number
  /** Number of key groups of the operators that ask for none, 1 to 32,768. Default: 128. */
  readonly maxParallelism?: number
  /** Number of slots besides the main thread's, 1 to 1,024. */
  readonly slots: number
  /** Number of the first channel; each attempt to run a job has numbers of its own. Default: 1. */
  readonly firstChannelId?: number
  /** Default: `auto`. */
  readonly preAggregation?: PreAggregation
  /** Ids of edges of the graph that must join two tasks, also where the operators at their ends could share one. Default: none. */
  readonly unchained?: ReadonlySet<number>
}

/** Parallelism of one operator, decided. */
export interface NodeParallelism {
  readonly parallelism: number
  readonly maxParallelism: number
}

/** The parallelism of a job and of its operators, decided. */
export interface ResolvedParallelism {
  readonly job: number
  readonly jobMax: number
  /** By node id. */
  readonly nodes: readonly NodeParallelism[]
}

const SLOT_LIMIT = 1_024

/**
 * Decides the parallelism of every operator: what it asks for, else the job's, as far as its source
 * or sink allows. Throws INVALID_PARALLELISM for values out of range and where an operator has more
 * subtasks than key groups.
 */
export function resolveParallelism(graph: JobGraph, options: PlanOptions): ResolvedParallelism {
  const jobMax = options.maxParallelism ?? DEFAULT_MAX_PARALLELISM
  checkJobParallelism(options.parallelism, jobMax)
  checkSetting(options.slots, 'the number of slots', SLOT_LIMIT)
  return {
    job: options.parallelism,
    jobMax,
    nodes: graph.nodes.map((node) => resolveNode(node, options.parallelism, jobMax)),
  }
}

/** Throws INVALID_PARALLELISM unless both are whole numbers in their ranges. */
export function checkJobParallelism(
  parallelism: unknown,
  maxParallelism: number = DEFAULT_MAX_PARALLELISM,
): void {
  checkSetting(maxParallelism, 'the maxParallelism of the job')
  checkSetting(parallelism, 'the parallelism of the job', maxParallelism)
}

function resolveNode(node: GraphNode, jobParallelism: number, jobMax: number): NodeParallelism {
  const maxParallelism = node.maxParallelism ?? jobMax
  const byDefault = Math.min(jobParallelism, node.parallelismLimit ?? jobParallelism)
  const parallelism = node.parallelism ?? byDefault
  if (parallelism <= maxParallelism) return { parallelism, maxParallelism }
  throw buildError(
    'INVALID_PARALLELISM',
    `'${node.name}' has a parallelism of ${parallelism}, but only ${maxParallelism} key groups; ` +
      'lower the parallelism or raise maxParallelism',
    node.callSite,
  )
}

/**
 * Settings come from the command line or from code that runs jobs; there is no line of the job to
 * name.
 */
function checkSetting(value: unknown, what: string, max?: number): void {
  if (isParallelism(value, max)) return
  const range = max === undefined ? '32768' : `${max}, its maxParallelism`
  throw new MillraceError(
    'INVALID_PARALLELISM',
    `${what} must be a whole number from 1 to ${range}, got ${describeValue(value)}`,
  )
}
