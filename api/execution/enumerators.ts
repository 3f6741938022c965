/**
 * The enumerators of a job's sources, on the coordinator: who asks gets the next split.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { checkedEnumerator, checkSplit } from '../../operators/connector-checks.ts'
import { operatorError } from '../../operators/operator-error.ts'
import type { Source, SplitEnumerator } from '../../operators/source.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'
import type { SplitAnswer } from './protocol.ts'

/** The enumerator of one source. */
interface Enumerating {
  /** Of the source operator, for errors. */
  readonly name: string
  readonly enumerator: SplitEnumerator<unknown>
}

/** Gives splits out for all sources of one job. All errors of sources are `OperatorError`s. */
export class Enumerators {
  readonly #byNode = new Map<number, Enumerating>()
  /** The last answer of each that was asked for: an enumerator gives out one split at a time. */
  readonly #last = new Map<number, Promise<unknown>>()

  /** Starts the enumerator of every source. Rejects with what the first one throws, after closing the others. */
  static async start(graph: JobGraph, plan: ExecutionPlan): Promise<Enumerators> {
    const enumerators = new Enumerators()
    try {
      for (const task of plan.tasks) {
        const node = graph.nodes[task.root.nodeId]
        if (node?.operator.kind !== 'source') continue
        const { parallelism } = task
        const enumerator = await startOne(node.operator.source, node.name, parallelism)
        enumerators.#byNode.set(node.id, { name: node.name, enumerator })
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
    for (const { enumerator } of this.#byNode.values()) {
      const { recordsExpected } = enumerator
      if (recordsExpected === undefined) return undefined
      sum += recordsExpected
    }
    return sum
  }

  /** The next split of a source for one of its subtasks. */
  async next(nodeId: number, subtaskIndex: number): Promise<SplitAnswer> {
    const enumerating = this.#byNode.get(nodeId)
    if (enumerating === undefined) {
      throw new MillraceError('UNKNOWN_SOURCE', `Operator ${nodeId} is no source of this job`)
    }
    const before = this.#last.get(nodeId)
    const asked = askAfter(before, () => nextOf(enumerating, subtaskIndex))
    this.#last.set(nodeId, asked)
    const split = await asked
    return split === undefined ? undefined : { split }
  }

  /** Closes all of them; an error of one does not keep the others open. */
  async close(): Promise<void> {
    const all = [...this.#byNode.values()]
    this.#byNode.clear()
    await Promise.allSettled(all.map(async ({ enumerator }) => enumerator.close?.()))
  }
}

async function startOne(
  source: Source<unknown>,
  operatorName: string,
  parallelism: number,
): Promise<SplitEnumerator<unknown>> {
  try {
    return checkedEnumerator(await source.enumerate({ parallelism }))
  } catch (error) {
    throw operatorError({ operatorName, subtaskIndex: undefined }, error)
  }
}

async function nextOf({ name, enumerator }: Enumerating, subtaskIndex: number): Promise<unknown> {
  try {
    const split = await enumerator.next(subtaskIndex)
    checkSplit(split)
    return split
  } catch (error) {
    throw operatorError({ operatorName: name, subtaskIndex }, error)
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
