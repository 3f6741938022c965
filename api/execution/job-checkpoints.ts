/**
 * The checkpoints of one run of a job, over all its attempts: where they are kept, what an attempt begins with, and who decides
 * about new ones. On the main thread.
 */
import { randomUUID } from 'node:crypto'
import { readCheckpoint } from '../../checkpoint/coordinator/checkpoint-contents.ts'
import type { CheckpointedJob } from '../../checkpoint/coordinator/checkpoint-host.ts'
import { CheckpointHistory } from '../../checkpoint/coordinator/checkpoint-statistics.ts'
import type { CheckpointSummary } from '../../checkpoint/coordinator/checkpoint-statistics.ts'
import { MemorySnapshotStore } from '../../checkpoint/coordinator/memory-snapshot-store.ts'
import { edgesInFlight, restoreChannels } from '../../checkpoint/coordinator/restored-channels.ts'
import { restoreJob } from '../../checkpoint/coordinator/restored-job.ts'
import type { PlannedOperator, RestoredJob } from '../../checkpoint/coordinator/restored-job.ts'
import { directoryCatalog, openDirectoryStore } from '../../checkpoint/store/directory-store.ts'
import type {
  CheckpointCatalog,
  Damage,
  LatestCheckpoint,
  OperatorFacts,
  SnapshotStore,
} from '../../checkpoint/store/snapshot-store.ts'
import { damageText } from '../../checkpoint/store/store-errors.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { fingerprint } from '../fingerprint.ts'
import type { JobGraph, OperatorDescription } from '../graph.ts'
import type { ChainedNode, ExecutionPlan, TaskPlan } from '../plan.ts'
import { plannedEdges } from './channel-state.ts'
import { chainedNodes } from './declaration.ts'
import type { ResolvedOptions } from './run-options.ts'

/** Checkpoint options of a run, decided. */
export type CheckpointChoices = Pick<
  ResolvedOptions,
  'checkpoints' | 'from' | 'resume' | 'onRestore' | 'surroundings'
>

/** A checkpoint that was found. */
interface Found {
  readonly catalog: CheckpointCatalog
  readonly id: number
  readonly latest: LatestCheckpoint
}

/** A start from nothing leaves nobody without. */
const NOTHING = { withoutState: [], givenUp: [] }

/** See the head of this file. */
export class JobCheckpoints {
  /** Undefined: no checkpoints are made. */
  readonly store: SnapshotStore | undefined
  readonly history: CheckpointHistory
  readonly #options: CheckpointChoices
  readonly #jobId = randomUUID()
  /** The first checkpoint that this run can make: those before are another run's. */
  readonly #firstId: number

  private constructor(
    options: CheckpointChoices,
    store: SnapshotStore | undefined,
    firstId: number,
  ) {
    this.#options = options
    this.history = new CheckpointHistory(options.surroundings.onCheckpoint)
    this.store = store
    this.#firstId = firstId
  }

  /** Opens the store. Errors: those of `openDirectoryStore`. */
  static async open(options: CheckpointChoices): Promise<JobCheckpoints> {
    const { checkpoints } = options
    if (checkpoints === undefined) return new JobCheckpoints(options, undefined, 1)
    const { directory } = checkpoints
    if (directory === undefined) return new JobCheckpoints(options, new MemorySnapshotStore(), 1)
    const { takeOver } = checkpoints
    const store = await openDirectoryStore(directory, { takeOver, ...options.surroundings.storage })
    return new JobCheckpoints(options, store, await store.nextId())
  }

  /** What has become of them. */
  get summary(): CheckpointSummary {
    return this.history.summary()
  }

  /**
   * What an attempt begins with; undefined: nothing. The newest checkpoint of this run; before there is one, the newest in its directory if the
   * run is to resume, then what `from` names. Errors: `NO_CHECKPOINT`, also where all that there are have been damaged: sinks may have shown what
   * belongs to them, and a start from nothing would show it twice; those of `readCheckpoint` and `restoreJob`.
   *
   * @param planWith gives the plan, and hears before on which edges records were in flight
   */
  async restore(
    graph: JobGraph,
    planWith: (inFlight: ReadonlySet<string>) => ExecutionPlan,
  ): Promise<RestoredJob | undefined> {
    const { from } = this.#options
    const found = (await this.#own()) ?? (await this.#named())
    if (found === undefined) return undefined
    const stored = await readCheckpoint(found.catalog, found.id)
    const plan = planWith(edgesInFlight(stored))
    const allowNonRestoredState = from?.allowNonRestoredState ?? false
    const job = restoreJob(stored, plannedOperators(graph, plan), { allowNonRestoredState })
    this.#tell(found.catalog, found.latest, job)
    const channels = restoreChannels(stored, plannedEdges(graph, plan), allowNonRestoredState)
    return channels.size === 0 ? job : { ...job, channels }
  }

  /** Of this run, or, if it resumes, of those before. */
  async #own(): Promise<Found | undefined> {
    const { store } = this
    if (store === undefined) return undefined
    const leastId = this.#options.resume ? 0 : this.#firstId
    const latest = await store.latest()
    const { metadata, skipped } = latest
    if (metadata !== undefined && metadata.id >= leastId) return this.#take(store, latest)
    const damaged = skipped.filter(({ checkpointId }) => checkpointId >= leastId)
    if (damaged.length > 0) throw noneWhole(store.location, damaged)
    if (leastId === 0) this.#tell(store, latest)
    return undefined
  }

  async #named(): Promise<Found | undefined> {
    const { from } = this.#options
    if (from === undefined) return undefined
    const { directory, checkpointId } = from
    const catalog = directoryCatalog(directory, this.#options.surroundings.storage)
    if (checkpointId !== undefined) {
      const metadata = await catalog.metadata(checkpointId)
      return this.#take(catalog, { metadata, skipped: [], incomplete: [] })
    }
    const latest = await catalog.latest()
    const found = this.#take(catalog, latest)
    if (found === undefined) throw noneWhole(directory, latest.skipped)
    return found
  }

  #take(catalog: CheckpointCatalog, latest: LatestCheckpoint): Found | undefined {
    const { metadata } = latest
    if (metadata === undefined) return undefined
    return { catalog, id: metadata.id, latest }
  }

  #tell(
    { location }: CheckpointCatalog,
    { metadata, skipped, incomplete }: LatestCheckpoint,
    { withoutState, givenUp }: Pick<RestoredJob, 'withoutState' | 'givenUp'> = NOTHING,
  ): void {
    this.#options.onRestore({
      location,
      checkpointId: metadata?.id,
      triggeredAt: metadata?.triggeredAt,
      damaged: skipped.map(damageText),
      incomplete,
      withoutState,
      givenUp,
    })
  }

  /** What a coordinator of checkpoints must know of a job. */
  describe(graph: JobGraph, plan: ExecutionPlan): CheckpointedJob {
    const names = (tasks: readonly TaskPlan[]) =>
      tasks.flatMap(({ id, subtasks }) =>
        subtasks.map(({ index }) => ({ taskId: id, subtaskIndex: index })),
      )
    return {
      jobName: graph.jobName,
      jobId: this.#jobId,
      fingerprint: fingerprint(graph).hash,
      operators: plan.tasks.flatMap((task) => operatorFacts(graph, task)),
      subtasks: names(plan.tasks),
      sources: names(plan.tasks.filter(({ root }) => isSource(graph, root))),
    }
  }

  /** Lets the store go; of a job that was cancelled, without the checkpoints of this run, if `onCancel` says so. Savepoints stay. */
  async close(cancelled: boolean): Promise<void> {
    const { store } = this
    if (store === undefined) return
    try {
      if (cancelled && this.#options.checkpoints?.onCancel === 'remove')
        await this.#removeOwn(store)
    } finally {
      await store.close()
    }
  }

  async #removeOwn(store: SnapshotStore): Promise<void> {
    for (const { id, kind } of await store.list()) {
      if (kind === 'checkpoint' && id >= this.#firstId) await store.remove(id)
    }
  }
}

function noneWhole(location: string, damaged: readonly Damage[]): MillraceError {
  const found = damaged.length === 0 ? 'which has none' : damaged.map(damageText).join('; ')
  return new MillraceError(
    'NO_CHECKPOINT',
    `expected a directory with a checkpoint or savepoint that is whole, got ${location}: ${found}`,
  )
}

function isSource(graph: JobGraph, { nodeId }: ChainedNode): boolean {
  return graph.nodes[nodeId]?.operator.kind === 'source'
}

function operatorFacts(graph: JobGraph, task: TaskPlan): OperatorFacts[] {
  const { id, parallelism, maxParallelism } = task
  return chainedNodes(graph, task.root).map(({ uid, name }) => ({
    uid,
    name,
    task: id,
    parallelism,
    maxParallelism,
  }))
}

function plannedOperators(graph: JobGraph, plan: ExecutionPlan): PlannedOperator[] {
  return plan.tasks.flatMap((task) =>
    chainedNodes(graph, task.root).map(({ uid, name, operator }) => ({
      uid,
      name,
      parallelism: task.parallelism,
      maxParallelism: task.maxParallelism,
      kind: kindOf(operator),
    })),
  )
}

function kindOf(operator: OperatorDescription): PlannedOperator['kind'] {
  switch (operator.kind) {
    case 'source':
    case 'sink':
      return operator.kind
    case 'reduce':
    case 'aggregate':
      return 'operator'
    case 'operator':
      return operator.stateless === true ? 'stateless' : 'operator'
    case 'map':
    case 'filter':
    case 'flatMap':
    case 'timestamps':
    case 'collect':
      return 'stateless'
  }
}
