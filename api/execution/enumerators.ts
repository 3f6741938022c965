/**
 * The enumerators of a job's sources, on the coordinator: who asks gets the next split.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { SplitEnumerator } from '../../operators/source.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'
import type { SplitAnswer } from './protocol.ts'

/** Gives splits out for all sources of one job. */
export class Enumerators {
  readonly #byNode = new Map<number, SplitEnumerator<unknown>>()
  /** The last answer of each that was asked for: an enumerator gives out one split at a time. */
  readonly #last = new Map<number, Promise<unknown>>()

  /** Starts the enumerator of every source. Rejects with what the first one throws, after closing the others. */
  static async start(graph: JobGraph, plan: ExecutionPlan): Promise<Enumerators> {
    const enumerators = new Enumerators()
    try {
      for (const task of plan.tasks) {
        const operator = graph.nodes[task.root.nodeId]?.operator
        if (operator?.kind !== 'source') continue
        const { parallelism } = task
        const enumerator = await operator.source.enumerate({ parallelism })
        enumerators.#byNode.set(task.root.nodeId, enumerator)
      }
    } catch (error) {
      await enumerators.close()
      throw error
    }
    return enumerators
  }

  /** Records of all sources together; undefined where one of them does not know. */
  get recordsExpected(): number | undefined {
    let sum = 0
    for (const { recordsExpected } of this.#byNode.values()) {
      if (recordsExpected === undefined) return undefined
      sum += recordsExpected
    }
    return sum
  }

  /** The next split of a source for one of its subtasks. */
  async next(nodeId: number, subtaskIndex: number): Promise<SplitAnswer> {
    const enumerator = this.#byNode.get(nodeId)
    if (enumerator === undefined) {
      throw new MillraceError('UNKNOWN_SOURCE', `Operator ${nodeId} is no source of this job`)
    }
    const before = this.#last.get(nodeId)
    const asked = askAfter(before, () => enumerator.next(subtaskIndex))
    this.#last.set(nodeId, asked)
    const split = await asked
    return split === undefined ? undefined : { split }
  }

  /** Closes all of them; an error of one does not keep the others open. */
  async close(): Promise<void> {
    const all = [...this.#byNode.values()]
    this.#byNode.clear()
    await Promise.allSettled(all.map(async (enumerator) => enumerator.close?.()))
  }
}

async function askAfter(
  before: Promise<unknown> | undefined,
  ask: () => unknown,
): Promise<unknown> {
  // Whoever asked then hears of its error.
  await before?.catch(() => {})
  return ask()
}
