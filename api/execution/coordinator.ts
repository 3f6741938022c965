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
import { openDirectoryStore } from '../../checkpoint/store/directory-store.ts'
import type { CheckpointMetadata } from '../../checkpoint/store/snapshot-store.ts'
import { revivedOperatorError } from '../../operators/operator-error.ts'
import type { SubtaskMetrics } from '../../operators/subtask-parts.ts'
import { Attempt } from './attempt.ts'
import type { RegionBegin, RegionRestarts } from './attempt.ts'
import type { StopOptions } from './attempt-stop.ts'
import type { Collector } from './collector.ts'
import { noteDeclaration } from './declaration.ts'
import { ExclusiveOutputs } from './exclusive-outputs.ts'
import { subtaskMetrics } from './job-metrics.ts'
import type { JobMetrics } from './job-metrics.ts'
import { JobResources } from './job-resources.ts'
import { PlannedJob } from './planned-job.ts'
import type { JobOrigin } from './planned-job.ts'
import type { StaleMessages } from './region-run.ts'
import type { Region } from './regions.ts'
import { Restarter, wait } from './restarter.ts'
import type { ResolvedOptions } from './run-options.ts'

/**
 * `created`: not yet deployed. `restarting`: the last attempt has failed, the next one waits or is being deployed. The last three are
 * final.
 */
export type JobState = 'created' | 'running' | 'restarting' | 'finished' | 'failed' | 'cancelled'

/** One run of one job. */
export class Coordinator {
  readonly #options: ResolvedOptions
  readonly #job: PlannedJob
  readonly #resources: JobResources
  #state: JobState = 'created'
  #attempt: Attempt | undefined
  #savepointAsked = false
  #restarter: Restarter | undefined
  readonly #stale: StaleMessages = { count: 0 }
  #stopping: Promise<CheckpointMetadata> | undefined
  #startedMs = 0
  #lastMetrics: JobMetrics | undefined
  readonly #outputs = new ExclusiveOutputs()
  /** With what the job ends, once it is cancelled. */
  #cancellation: MillraceError | undefined
  #cancel: (error: MillraceError) => void = () => {}
  /** Rejects when the job is cancelled. */
  readonly #cancelled: Promise<never>

  constructor(origin: JobOrigin, options: ResolvedOptions) {
    this.#options = options
    this.#job = new PlannedJob(origin, options)
    this.#resources = new JobResources(options, (step) => this.#orCancelled(step))
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
    return this.#job.name
  }

  /**
   * Runs the job to its end. Rejects with the error that ended it. `onDeployed` hears of the collected streams before the first
   * record flows.
   */
  async run(onDeployed: (collectors: readonly Collector[]) => void): Promise<JobMetrics> {
    try {
      await this.#orCancelled(this.#job.prepare())
      await this.#orCancelled(this.#outputs.take(this.#job.deployable.graph))
      for (;;) {
        try {
          return await this.#runAttempt(onDeployed)
        } catch (thrown) {
          await this.#afterFailure(revivedOperatorError(thrown))
        }
      }
    } catch (error) {
      noteDeclaration(error, this.#job.graph?.nodes ?? [])
      this.#outputs.release()
      this.#state = isCancellation(error) ? 'cancelled' : 'failed'
      for (const collector of this.#job.collectors.values()) collector.fail(error)
      this.#lastMetrics ??= this.#summarize([])
      throw error
    } finally {
      await this.#resources.close(this.#state === 'finished', this.#state === 'cancelled')
    }
  }

  /** Ends the run: `run` rejects with `JOB_CANCELLED`. Does nothing after the end. */
  cancel(): void {
    const { name } = this.#job
    // It has none before its module is loaded.
    const job = name === '' ? 'The job' : `The job '${name}'`
    this.#cancellation ??= new MillraceError('JOB_CANCELLED', `${job} was cancelled`)
    this.#cancel(this.#cancellation)
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
      `Expected a job that runs, to make ${what} of it; the job '${this.#job.name}' is ${this.#state}`,
    )
  }

  /** What the job has done so far, or had done when it ended. */
  async metrics(): Promise<JobMetrics> {
    const last = this.#last()
    if (last !== undefined) return last
    try {
      return this.#summarize((await this.#attempt?.metrics()) ?? [])
    } catch (error) {
      // The job may have ended while its slots were asked.
      const meanwhile = this.#last()
      if (meanwhile === undefined) throw error
      return meanwhile
    }
  }

  /** Those of an attempt were taken before it was known whether another one follows. */
  #last(): JobMetrics | undefined {
    const last = this.#lastMetrics
    return last === undefined ? undefined : { ...last, restarts: this.#restarts }
  }

  get #restarts(): number {
    return this.#restarter?.restarts ?? 0
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
      onDeployed([...this.#job.collectors.values()])
      this.#state = 'running'
      this.#lastMetrics = undefined
      if (this.#startedMs === 0) this.#startedMs = performance.now()
      await this.#orCancelled(attempt.start())
      await this.#orCancelled(Promise.race([attempt.finished, attempt.broken]))
      await this.#orCancelled(attempt.receiveRest())
      this.#lastMetrics = this.#summarize(await this.#orCancelled(attempt.metrics()))
      await this.#orCancelled(attempt.commit())
      // The last checkpoint is made by the commit.
      const checkpoints = this.#resources.checkpointSummary
      this.#lastMetrics = { ...this.#lastMetrics, checkpoints }
      // Before anybody hears of the end and begins the next job with the same outputs.
      this.#outputs.release()
      this.#state = 'finished'
      for (const collector of this.#job.collectors.values()) collector.complete()
      return this.#lastMetrics
    } catch (error) {
      // Between two attempts the job is not running; whoever asks gets what this one had done.
      this.#lastMetrics = this.#summarize((await attempt.abort(this.#keepsPrepared(error))) ?? [])
      throw error
    } finally {
      await this.#resources.closeEnumerators()
    }
  }

  async #createAttempt(): Promise<Attempt> {
    const resources = await this.#resources.forAttempt(this.#job)
    return new Attempt({
      ...resources,
      collectors: this.#job.collectors,
      checkpointOptions: this.#options.checkpoints,
      origin: this.#job.graphOrigin(resources.graph),
      codec: this.#options.codec,
      stale: this.#stale,
      restarts: this.#regionRestarts(),
    })
  }

  #regionRestarts(): RegionRestarts {
    return {
      failed: (error, tasks) => this.#restarterOf(error).failed(error, tasks),
      wait: async (delayMs) => {
        await this.#orCancelled(wait(this.#resources.slot, delayMs, this.#cancelled))
      },
      restore: (region) => this.#restoreRegion(region),
      keepsPrepared: (error) => this.#keepsPrepared(error),
    }
  }

  /** The others go on meanwhile. */
  async #restoreRegion({ tasks }: Region): Promise<RegionBegin> {
    const { graph } = this.#job.deployable
    const plan = this.#job.planPart()
    return { plan, restored: await this.#resources.restoreTasks(graph, plan, tasks) }
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

  /** Rethrows the error of an attempt unless there may be another one; then waits until it may begin. */
  async #afterFailure(error: unknown): Promise<void> {
    const delayMs = this.#restarterOf(error).failed(error)
    this.#state = 'restarting'
    await this.#orCancelled(wait(this.#resources.slot, delayMs, this.#cancelled))
    await this.#orCancelled(this.#attempt?.quiet() ?? Promise.resolve())
    this.#job.planAgain()
    await this.#resources.renewSlots()
  }

  /** Throws the error where it cannot be followed by another attempt. */
  #restarterOf(error: unknown): Restarter {
    // What fails before the first record would fail again.
    if (this.#startedMs === 0 || isCancellation(error)) throw error
    // Nothing starts again that is to end, even where something fails before that is heard of.
    if (this.#cancellation !== undefined && this.#options.restart !== undefined)
      throw this.#cancellation
    const { slot } = this.#resources
    // Before the next attempt has slots, a sink that commits once more may fail, or a disk: that is a failure as any other.
    const restarter = this.#restarter ?? (slot && new Restarter(this.#options, slot))
    if (restarter === undefined) throw error
    this.#restarter = restarter
    return restarter
  }

  #summarize(subtasks: readonly SubtaskMetrics[]): JobMetrics {
    const { graph, plan } = this.#job
    const parts = { graph, plan, enumerators: this.#resources.enumerators }
    return {
      jobName: this.#job.name,
      durationMs: this.#startedMs === 0 ? 0 : performance.now() - this.#startedMs,
      restarts: this.#restarts,
      staleMessages: this.#stale.count,
      checkpoints: this.#resources.checkpointSummary,
      ...subtaskMetrics(subtasks, parts),
    }
  }
}

function isCancellation(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'JOB_CANCELLED'
}
