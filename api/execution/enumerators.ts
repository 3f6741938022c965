/**
 * The enumerators of a job's sources, on the coordinator: who asks gets the next split.
 *
 * They remember what they gave to whom until a checkpoint covers it, because a split may be on its way while its receiver takes its
 * snapshot: then it belongs to neither and has to be given again (`EnumeratorSnapshot.returned`).
 */
import type { EnumeratorSnapshot } from '../../checkpoint/coordinator/checkpoint-contents.ts'
import type { SourceProgress } from '../../checkpoint/coordinator/pending-checkpoint.ts'
import type { RestoredJob } from '../../checkpoint/coordinator/restored-job.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'
import type { SplitAnswer } from './protocol.ts'
import { SplitDealer } from './split-dealer.ts'

/** How the enumerators of a job are started. */
export interface EnumeratorOptions {
  /** Whether snapshots will be asked for. Default: false. */
  readonly checkpoints?: boolean
  /** From where they go on, by the uid of the source. Default: from the start. */
  readonly restored?: ReadonlyMap<string, EnumeratorSnapshot>
  /** The uids of sources that had been read to their end: their enumerators are not asked any more. Default: none. */
  readonly finished?: ReadonlySet<string>
  /** The tasks whose sources are meant. Default: all. */
  readonly tasks?: ReadonlySet<number>
}

/** Gives splits out for all sources of one job. All errors of sources are `OperatorError`s. */
export class Enumerators {
  readonly #byNode = new Map<number, SplitDealer>()
  #closed = false

  /** Starts the enumerator of every source. Rejects with what the first one throws, after closing the others. */
  static async start(
    graph: JobGraph,
    plan: ExecutionPlan,
    options: EnumeratorOptions = {},
  ): Promise<Enumerators> {
    const enumerators = new Enumerators()
    try {
      await enumerators.#start(graph, plan, options)
    } catch (error) {
      await enumerators.close()
      throw error
    }
    return enumerators
  }

  /** Closes those of some tasks, and starts them where they stood in a checkpoint. Rejects with what the first one throws. */
  async restart(
    graph: JobGraph,
    plan: ExecutionPlan,
    options: EnumeratorOptions & { readonly tasks: ReadonlySet<number> },
  ): Promise<void> {
    const old = plan.tasks
      .filter(({ id }) => options.tasks.has(id))
      .map(({ root }) => this.#byNode.get(root.nodeId))
    await Promise.allSettled(old.map(async (dealer) => dealer?.close()))
    await this.#start(graph, plan, options)
    if (this.#closed) await this.close()
  }

  async #start(
    graph: JobGraph,
    plan: ExecutionPlan,
    { checkpoints = false, restored, finished, tasks }: EnumeratorOptions,
  ): Promise<void> {
    for (const task of plan.tasks) {
      const node = graph.nodes[task.root.nodeId]
      if (node?.operator.kind !== 'source' || tasks?.has(task.id) === false) continue
      const { name, uid } = node
      const dealer = new SplitDealer({ name, uid, parallelism: task.parallelism, checkpoints })
      const before = restored?.get(uid)
      if (before !== undefined && finished?.has(uid) === true) dealer.rest(before)
      else await dealer.start(node.operator.source, before)
      this.#byNode.set(node.id, dealer)
    }
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
    const dealer = this.#byNode.get(nodeId)
    if (dealer === undefined) {
      throw new MillraceError('UNKNOWN_SOURCE', `Operator ${nodeId} is no source of this job`)
    }
    return dealer.next(subtaskIndex)
  }

  /** Where all of them stand at this moment; `progress` says what their subtasks had received at their barriers. */
  snapshot(progress: readonly SourceProgress[]): EnumeratorSnapshot[] {
    return [...this.#byNode.values()].map((dealer) =>
      dealer.snapshot(progress.filter(({ uid }) => uid === dealer.uid)),
    )
  }

  /** Closes all of them; an error of one does not keep the others open. */
  async close(): Promise<void> {
    this.#closed = true
    const all = [...this.#byNode.values()]
    this.#byNode.clear()
    await Promise.allSettled(all.map((dealer) => dealer.close()))
  }
}

/** Where the enumerators of a job stood in a checkpoint; undefined: there is none. */
export function whereTheyStood(
  restored: RestoredJob | undefined,
): Required<Pick<EnumeratorOptions, 'restored' | 'finished'>> {
  const enumerators = new Map<string, EnumeratorSnapshot>()
  const done = new Set<string>()
  for (const [uid, { enumerator, finished }] of restored?.operators ?? []) {
    if (enumerator !== undefined) enumerators.set(uid, enumerator)
    if (finished) done.add(uid)
  }
  return { restored: enumerators, finished: done }
}
