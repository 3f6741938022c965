/**
 * Runs one job: plans it, makes attempts on slots until one has come to its end or no more is allowed. On the main thread.
 *
 *     created ──► running ──attempt committed──► finished
 *        │           │  ▲
 *        │           ▼  │ an error, and the restart strategy agrees
 *        │       restarting
 *        └───────────┴── an error: failed · cancel(): cancelled     (sinks aborted, slots stopped)
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { EnumeratorSnapshot } from '../../checkpoint/coordinator/checkpoint-contents.ts'
import { CheckpointHistory } from '../../checkpoint/coordinator/checkpoint-statistics.ts'
import type { RestoredJob } from '../../checkpoint/coordinator/restored-job.ts'
import { openDirectoryStore } from '../../checkpoint/store/directory-store.ts'
import type { CheckpointMetadata } from '../../checkpoint/store/snapshot-store.ts'
import { revivedOperatorError } from '../../operators/operator-error.ts'
import type { SubtaskMetrics } from '../../operators/subtask-parts.ts'
import { Simulator } from '../../runtime/simulator.ts'
import type { SlotGroup } from '../../runtime/slot-node.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { fingerprint } from '../fingerprint.ts'
import type { JobGraph } from '../graph.ts'
import { buildGraph } from '../job.ts'
import type { JobDefinition } from '../job.ts'
import { createPlan } from '../plan.ts'
import type { ExecutionPlan } from '../plan.ts'
import { Attempt } from './attempt.ts'
import type { RegionBegin, RegionRestarts } from './attempt.ts'
import type { StopOptions } from './attempt-stop.ts'
import { Collector } from './collector.ts'
import { commitSinks } from './commit-sinks.ts'
import { chainedNodes, noteDeclaration } from './declaration.ts'
import { Enumerators } from './enumerators.ts'
import { claimOutputs } from './exclusive-outputs.ts'
import { JobCheckpoints } from './job-checkpoints.ts'
import { subtaskMetrics } from './job-metrics.ts'
import type { JobMetrics } from './job-metrics.ts'
import { LocalCluster } from './local-cluster.ts'
import type { ChannelNumbers } from './local-cluster.ts'
import { loadJobModule } from './job-module.ts'
import { withinPatience } from './patience.ts'
import type { GraphOrigin } from './protocol.ts'
import { warnOfLostRecords } from './replay-warning.ts'
import type { StaleMessages } from './region-run.ts'
import type { Region } from './regions.ts'
import { Restarter, wait } from './restarter.ts'
import type { ResolvedOptions } from './run-options.ts'
import { endSlots, startSlots } from './start-slots.ts'

/**
 * `created`: not yet deployed. `restarting`: the last attempt has failed, the next one waits or is being deployed. The last three are
 * final.
 */
export type JobState = 'created' | 'running' | 'restarting' | 'finished' | 'failed' | 'cancelled'

/** Where the job comes from. */
export type JobOrigin =
  | { readonly kind: 'module'; readonly url: string }
  | { readonly kind: 'value'; readonly job: JobDefinition }

/** One run of one job. */
export class Coordinator {
  readonly #origin: JobOrigin
  readonly #options: ResolvedOptions
  #state: JobState = 'created'
  #jobName = ''
  #graph: JobGraph | undefined
  #plan: ExecutionPlan | undefined
  readonly #collectors = new Map<string, Collector>()
  #group: SlotGroup | undefined
  #attempt: Attempt | undefined
  #enumerators: Enumerators | undefined
  #savepointAsked = false
  #checkpoints: JobCheckpoints | undefined
  #restarter: Restarter | undefined
  readonly #stale: StaleMessages = { count: 0 }
  #stopping: Promise<CheckpointMetadata> | undefined
  /** Of all attempts. */
  readonly #channels: ChannelNumbers
  #startedMs = 0
  #lastMetrics: JobMetrics | undefined
  #releaseOutputs: () => void = () => {}
  #cancel: (error: MillraceError) => void = () => {}
  /** Rejects when the job is cancelled. */
  readonly #cancelled: Promise<never>

  constructor(origin: JobOrigin, options: ResolvedOptions) {
    this.#origin = origin
    this.#options = options
    this.#channels = options.host instanceof LocalCluster ? options.host.channels : { next: 1 }
    this.#cancelled = new Promise((_, reject) => {
      this.#cancel = reject
    })
    // Whoever waits for it hears of it; between two steps nobody waits.
    this.#cancelled.catch(() => {})
  }

  get state(): JobState {
    return this.#state
  }

  get jobName(): string {
    return this.#jobName
  }

  /**
   * Runs the job to its end. Rejects with the error that ended it. `onDeployed` hears of the collected streams before the first
   * record flows.
   */
  async run(onDeployed: (collectors: readonly Collector[]) => void): Promise<JobMetrics> {
    try {
      await this.#orCancelled(this.#prepare())
      this.#releaseOutputs = await claimOutputs(this.#deployable().graph)
      for (;;) {
        try {
          return await this.#runAttempt(onDeployed)
        } catch (thrown) {
          await this.#afterFailure(revivedOperatorError(thrown))
        }
      }
    } catch (error) {
      noteDeclaration(error, this.#graph?.nodes ?? [])
      this.#state = isCancellation(error) ? 'cancelled' : 'failed'
      for (const collector of this.#collectors.values()) collector.fail(error)
      this.#lastMetrics ??= this.#summarize([])
      throw error
    } finally {
      if (this.#group !== undefined) await endSlots(this.#group, this.#state === 'finished')
      await this.#checkpoints?.close(this.#state === 'cancelled')
      this.#releaseOutputs()
    }
  }

  /** Ends the run: `run` rejects with `JOB_CANCELLED`. Does nothing after the end. */
  cancel(): void {
    this.#cancel(new MillraceError('JOB_CANCELLED', `The job '${this.#jobName}' was cancelled`))
  }

  /** Makes a checkpoint now. Errors: `JOB_NOT_RUNNING`, those of `CheckpointCoordinator.checkpoint`. */
  checkpoint(): Promise<CheckpointMetadata> {
    return this.#running('a checkpoint').checkpoint()
  }

  /**
   * Makes a savepoint in a directory. Errors: `JOB_NOT_RUNNING`, those of `CheckpointCoordinator.savepoint` and of the store.
   */
  async savepoint(directory: string): Promise<CheckpointMetadata> {
    const attempt = this.#running('a savepoint')
    // From now on: who hears that it could not be made does not always know that for certain.
    this.#savepointAsked = true
    const store = await openDirectoryStore(directory, this.#options.surroundings.storage)
    try {
      return await this.#orCancelled(attempt.savepoint(store))
    } finally {
      await store.close()
    }
  }

  /** Ends the job with a savepoint. Errors: `JOB_NOT_RUNNING`, `CHECKPOINTS_OFF`, those of `savepoint`. */
  stop(options: StopOptions): Promise<CheckpointMetadata> {
    const stopping = this.#stopping ?? this.#stop(options)
    this.#stopping = stopping
    const over = (): void => {
      this.#stopping = undefined
    }
    stopping.then(over, over)
    return stopping
  }

  async #stop({ savepoint, drain = false }: StopOptions): Promise<CheckpointMetadata> {
    const attempt = this.#running('the end')
    if (savepoint !== undefined) this.#savepointAsked = true
    const { storage } = this.#options.surroundings
    const store = savepoint === undefined ? undefined : await openDirectoryStore(savepoint, storage)
    try {
      return await this.#orCancelled(attempt.stop(store, drain))
    } finally {
      await store?.close()
    }
  }

  #running(what: string): Attempt {
    if (this.#state === 'running' && this.#attempt !== undefined) return this.#attempt
    throw new MillraceError(
      'JOB_NOT_RUNNING',
      `Expected a job that runs, to make ${what} of it; the job '${this.#jobName}' is ${this.#state}`,
    )
  }

  /** What the job has done so far, or had done when it ended. */
  async metrics(): Promise<JobMetrics> {
    if (this.#lastMetrics !== undefined) return this.#lastMetrics
    try {
      return this.#summarize((await this.#attempt?.metrics()) ?? [])
    } catch (error) {
      // The job has ended while its slots were asked.
      if (this.#lastMetrics !== undefined) return this.#lastMetrics
      throw error
    }
  }

  /** What the attempts have in common: the module, the graph, the plan. */
  async #prepare(): Promise<void> {
    const origin = this.#origin
    const job = origin.kind === 'module' ? await loadJobModule(origin.url) : origin.job
    this.#jobName = job.name
    const { args, surroundings } = this.#options
    this.#graph = surroundings.adapt(await buildGraph(job, args))
    this.#plan = this.#createPlan(this.#graph)
    warnOfLostRecords(this.#graph, this.#options)
    // A record that was shown cannot be taken back.
    const mayRestart = this.#options.restart !== undefined
    for (const { operator } of this.#graph.nodes) {
      if (operator.kind === 'collect')
        this.#collectors.set(operator.name, new Collector(operator.name, { holds: mayRestart }))
    }
  }

  /** Each attempt has channel numbers of its own, so that frames of an earlier one find no receiver. */
  #createPlan(graph: JobGraph): ExecutionPlan {
    const { parallelism, maxParallelism, slots, preAggregation } = this.#options
    const plan = createPlan(graph, {
      parallelism,
      slots,
      preAggregation,
      firstChannelId: this.#channels.next,
      ...(maxParallelism === undefined ? {} : { maxParallelism }),
    })
    for (const { channels } of plan.edges) this.#channels.next += channels.length
    return plan
  }

  /** Waits for a step that runs user code, which may take for ever, but no longer than until the job is cancelled. */
  #orCancelled<T>(step: Promise<T>): Promise<T> {
    return Promise.race([step, this.#cancelled])
  }

  async #runAttempt(onDeployed: (collectors: readonly Collector[]) => void): Promise<JobMetrics> {
    const attempt = await this.#createAttempt()
    this.#attempt = attempt
    try {
      await this.#orCancelled(attempt.deploy())
      onDeployed([...this.#collectors.values()])
      this.#state = 'running'
      this.#lastMetrics = undefined
      if (this.#startedMs === 0) this.#startedMs = performance.now()
      await this.#orCancelled(attempt.start())
      await this.#orCancelled(Promise.race([attempt.finished, attempt.broken]))
      await this.#orCancelled(attempt.receiveRest())
      this.#lastMetrics = this.#summarize(await this.#orCancelled(attempt.metrics()))
      await this.#orCancelled(attempt.commit())
      // The last checkpoint is made by the commit.
      const checkpoints = (this.#checkpoints?.history ?? new CheckpointHistory()).summary()
      this.#lastMetrics = { ...this.#lastMetrics, checkpoints }
      this.#state = 'finished'
      for (const collector of this.#collectors.values()) collector.complete()
      return this.#lastMetrics
    } catch (error) {
      // Between two attempts the job is not running; whoever asks gets what this one had done.
      this.#lastMetrics = this.#summarize((await attempt.abort(this.#keepsPrepared(error))) ?? [])
      throw error
    } finally {
      await this.#closeEnumerators()
    }
  }

  async #createAttempt(): Promise<Attempt> {
    const { graph, plan } = this.#deployable()
    this.#checkpoints ??= await JobCheckpoints.open(this.#options)
    const restored = await this.#checkpoints.restore(graph, plan)
    if (restored !== undefined) await commitSinks(graph, restored.committables)
    const starting = Enumerators.start(graph, plan, {
      // A savepoint may be asked for at any time.
      checkpoints: true,
      restored: enumeratorsOf(restored),
      finished: finishedOperators(restored),
    })
    try {
      this.#enumerators = await this.#orCancelled(starting)
    } catch (error) {
      // Cancelled meanwhile: whatever is opened yet is closed by itself.
      starting.then(
        (late) => late.close(),
        () => {},
      )
      throw error
    }
    try {
      this.#group ??= await startSlots(this.#options)
    } catch (error) {
      await this.#closeEnumerators()
      throw error
    }
    return new Attempt({
      graph,
      plan,
      group: this.#group,
      enumerators: this.#enumerators,
      collectors: this.#collectors,
      checkpoints: this.#checkpoints,
      checkpointOptions: this.#options.checkpoints,
      restored,
      origin: this.#graphOrigin(graph),
      codec: this.#options.codec,
      stale: this.#stale,
      restarts: this.#regionRestarts(),
    })
  }

  #regionRestarts(): RegionRestarts {
    return {
      failed: (error, tasks) => this.#restarterOf(error).failed(error, tasks),
      wait: async (delayMs) => {
        const slot = this.#group?.main.slot
        if (slot !== undefined) await this.#orCancelled(wait(slot, delayMs, this.#cancelled))
      },
      restore: (region) => this.#restoreRegion(region),
      keepsPrepared: (error) => this.#keepsPrepared(error),
    }
  }

  /** The others go on meanwhile. */
  async #restoreRegion({ tasks }: Region): Promise<RegionBegin> {
    const { graph } = this.#deployable()
    const plan = this.#createPlan(graph)
    const restored = await this.#checkpoints?.restore(graph, plan)
    const uids = new Set(
      plan.tasks
        .filter(({ id }) => tasks.has(id))
        .flatMap(({ root }) => chainedNodes(graph, root).map(({ uid }) => uid)),
    )
    const committables = [...(restored?.committables ?? [])].filter(([uid]) => uids.has(uid))
    await commitSinks(graph, new Map(committables))
    await this.#enumerators?.restart(graph, plan, {
      tasks,
      checkpoints: true,
      restored: enumeratorsOf(restored),
      finished: finishedOperators(restored),
    })
    return { plan, restored }
  }

  /** Whether what sinks have prepared is still needed when an attempt ends with this error. */
  #keepsPrepared(error: unknown): boolean {
    const { checkpoints, restart } = this.#options
    // A savepoint counts on what was prepared for it, whatever becomes of this run.
    if (this.#savepointAsked) return true
    if (checkpoints === undefined) return false
    if (isCancellation(error))
      return checkpoints.directory !== undefined && checkpoints.onCancel === 'keep'
    return checkpoints.directory !== undefined || restart !== undefined
  }

  async #closeEnumerators(): Promise<void> {
    const enumerators = this.#enumerators
    const clock = this.#group?.main.slot.clock ?? systemClock
    if (enumerators !== undefined) await withinPatience(clock, [enumerators.close()])
  }

  /** Rethrows the error of an attempt unless there may be another one; then waits until it may begin. */
  async #afterFailure(error: unknown): Promise<void> {
    const delayMs = this.#restarterOf(error).failed(error)
    this.#state = 'restarting'
    const slot = this.#group?.main.slot
    if (slot !== undefined) await this.#orCancelled(wait(slot, delayMs, this.#cancelled))
    await this.#orCancelled(this.#attempt?.quiet() ?? Promise.resolve())
    this.#plan = this.#createPlan(this.#deployable().graph)
    // Threads may hold what the attempt left behind.
    if (this.#options.host instanceof Simulator) {
      this.#options.host.restart()
      return
    }
    const group = this.#group
    this.#group = undefined
    await group?.stop()
  }

  /** Throws the error where it cannot be followed by another attempt. */
  #restarterOf(error: unknown): Restarter {
    const slot = this.#group?.main.slot
    // What fails before the first record would fail again.
    if (this.#startedMs === 0 || slot === undefined || isCancellation(error)) throw error
    this.#restarter ??= new Restarter(this.#options, slot)
    return this.#restarter
  }

  #graphOrigin(graph: JobGraph): GraphOrigin {
    const { host } = this.#options
    const onThreads = host === 'threads' || host instanceof LocalCluster
    if (this.#origin.kind === 'value' || !onThreads) {
      return { kind: 'shared', graph }
    }
    const { args } = this.#options
    return { kind: 'module', url: this.#origin.url, args, fingerprint: fingerprint(graph) }
  }

  #deployable(): { plan: ExecutionPlan; graph: JobGraph } {
    if (this.#plan === undefined || this.#graph === undefined) {
      throw new MillraceError('NOT_PREPARED', 'The job has no plan yet')
    }
    return { plan: this.#plan, graph: this.#graph }
  }

  #summarize(subtasks: readonly SubtaskMetrics[]): JobMetrics {
    const parts = { graph: this.#graph, plan: this.#plan, enumerators: this.#enumerators }
    return {
      jobName: this.#jobName,
      durationMs: this.#startedMs === 0 ? 0 : performance.now() - this.#startedMs,
      restarts: this.#restarter?.restarts ?? 0,
      staleMessages: this.#stale.count,
      checkpoints: (this.#checkpoints?.history ?? new CheckpointHistory()).summary(),
      ...subtaskMetrics(subtasks, parts),
    }
  }
}

function enumeratorsOf(restored: RestoredJob | undefined): ReadonlyMap<string, EnumeratorSnapshot> {
  const found = new Map<string, EnumeratorSnapshot>()
  for (const [uid, { enumerator }] of restored?.operators ?? []) {
    if (enumerator !== undefined) found.set(uid, enumerator)
  }
  return found
}

function finishedOperators(restored: RestoredJob | undefined): ReadonlySet<string> {
  const found = [...(restored?.operators.values() ?? [])].filter(({ finished }) => finished)
  return new Set(found.map(({ uid }) => uid))
}

function isCancellation(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'JOB_CANCELLED'
}
