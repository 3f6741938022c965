/**
 * `runJob`, and the handle of a job that runs.
 */
import { pathToFileURL } from 'node:url'
import { MillraceError } from '../../mailbox/errors.ts'
import type { CheckpointMetadata } from '../../checkpoint/store/snapshot-store.ts'
import { describeValue } from '../build-error.ts'
import { isJobDefinition } from '../job.ts'
import { checkStopOptions } from './attempt-stop.ts'
import type { StopOptions } from './attempt-stop.ts'
import type { JobDefinition } from '../job.ts'
import type { Collector } from './collector.ts'
import { Coordinator } from './coordinator.ts'
import type { JobState } from './coordinator.ts'
import type { JobMetrics } from './job-metrics.ts'
import type { JobOrigin } from './planned-job.ts'
import { resolveOptions } from './run-options.ts'
import type { RunOptions } from './run-options.ts'

/** How a job ended that ended well. */
export interface JobResult extends JobMetrics {}

/**
 * A job that runs, or has run.
 *
 * An error of the job reaches whoever waits for `result` or reads a collected stream; if nobody does, it is an unhandled rejection.
 */
export class JobHandle {
  readonly #coordinator: Coordinator
  readonly #result: Promise<JobResult>
  readonly #deployed: Promise<ReadonlyMap<string, Collector>>

  /** @internal */
  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator
    let tellDeployed: (collectors: ReadonlyMap<string, Collector>) => void = () => {}
    const deployed = new Promise<ReadonlyMap<string, Collector>>((resolve) => {
      tellDeployed = resolve
    })
    const run = coordinator.run((collectors) => {
      tellDeployed(new Map(collectors.map((collector) => [collector.name, collector])))
    })
    // A promise of its own: whoever waits for the deployment has not yet heard how the job ended.
    this.#result = run.then((result) => result)
    this.#deployed = Promise.race([deployed, run.then(() => deployed)])
    this.#deployed.catch(() => {})
  }

  /** The job's name; empty until its module is loaded. */
  get name(): string {
    return this.#coordinator.jobName
  }

  /** Where the job is in its life. */
  get state(): JobState {
    return this.#coordinator.state
  }

  /**
   * Resolves with the final metrics when all input is processed, all output is visible and all threads have ended, or are idle in their cluster. Rejects with the
   * error of the operator that failed (`OperatorError` by name, code and cause), `SLOT_LOST`, `SLOT_UNRESPONSIVE`, `JOB_CANCELLED`, or what building
   * the job raised.
   */
  result(): Promise<JobResult> {
    return this.#result
  }

  /** Stops the job and removes unfinished output. Resolves when all threads have ended; does nothing after the end. */
  async cancel(): Promise<void> {
    this.#coordinator.cancel()
    await this.#result.catch(() => {})
  }

  /** What every subtask has done so far: records, bytes, watermark, time busy, idle and backpressured. */
  metrics(): Promise<JobMetrics> {
    return this.#coordinator.metrics()
  }

  /**
   * Makes a checkpoint now, besides those of the interval. Resolves when it is complete and what it commits is visible.
   * Errors: `JOB_NOT_RUNNING`, `CHECKPOINTS_OFF`, `CHECKPOINT_FAILED`.
   */
  checkpoint(): Promise<CheckpointMetadata> {
    return this.#coordinator.checkpoint()
  }

  /**
   * Makes a savepoint in a directory of its own: a checkpoint for the user, which no retention removes and from which another run of the job
   * can begin (`from`), at another parallelism too. It commits nothing: that is left to the next checkpoint. Errors: `JOB_NOT_RUNNING`,
   * `CHECKPOINT_FAILED`, `INVALID_ARGUMENT`, those of the directory (`STORE_LOCKED`, `STORE_NOT_PERMITTED` …).
   *
   * @example
   * const { id } = await handle.savepoint('before the upgrade')
   */
  async savepoint(directory: string): Promise<CheckpointMetadata> {
    if (typeof directory === 'string' && directory !== '')
      return this.#coordinator.savepoint(directory)
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `savepoint: expected the path of a directory, got ${describeValue(directory)}`,
    )
  }

  /**
   * Ends the job with a savepoint: nothing behind its barriers is done, what sinks have prepared before is committed, and the job is
   * `finished`. Another run that goes on from it (`from`, or `resume`) shows what this one has not, and nothing twice. With `drain` the input
   * ends instead, as at the end of all sources, and what windows and timers hold comes out before.
   *
   * Resolves when all threads have ended. Errors, after which the job goes on: `JOB_NOT_RUNNING`, `CHECKPOINTS_OFF` (neither a directory nor
   * checkpoints of its own), `CHECKPOINT_FAILED`, `INVALID_ARGUMENT`, those of the directory. A job that fails meanwhile rejects with its error, also
   * where it starts again.
   *
   * @example
   * const { id } = await handle.stop({ savepoint: 'before the upgrade' })
   */
  async stop(options: StopOptions = {}): Promise<CheckpointMetadata> {
    const metadata = await this.#coordinator.stop(checkStopOptions(options))
    await this.#result
    return metadata
  }

  /** The names of the collected streams, once the job is deployed. */
  async collected(): Promise<readonly string[]> {
    return [...(await this.#deployed).keys()]
  }

  /**
   * The records of the stream that the job collects under `name`, with backpressure: the job waits for a reader who is slow.
   * Leaving the loop early throws the rest away. Each record is read once; two loops share the records.
   *
   * Errors, on reading: `UNKNOWN_COLLECT`, or the job's error.
   *
   * @example
   * for await (const row of runJob(url).collect<Row>('worst hours')) console.log(row)
   */
  async *collect<T = unknown>(name: string): AsyncGenerator<T, void, undefined> {
    // The reader hears of an error here, so it is not unhandled.
    this.#result.catch(() => {})
    const collectors = await this.#deployed
    const collector = collectors.get(name)
    if (collector === undefined) {
      const known = [...collectors.keys()].map((other) => `'${other}'`).join(', ') || 'none'
      throw new MillraceError(
        'UNKNOWN_COLLECT',
        `The job collects no stream '${name}'; it collects ${known}`,
      )
    }
    for await (const value of collector) yield value as T
  }
}

/**
 * Runs a job and returns its handle at once.
 *
 * @param job the URL (or path) of a module whose default export is a job, which then runs on worker threads; or the
 *   job itself, which runs on the calling thread
 * @param options see `RunOptions`
 * @returns the handle. Throws `INVALID_JOB`, `INVALID_ARGUMENT`, `INVALID_PARALLELISM`, `INVALID_SLOTS`, `INVALID_HOST`,
 *   `INVALID_CODEC`; everything else comes from `handle.result()`
 * @example
 * const result = await runJob(new URL('./job.js', import.meta.url), { parallelism: 2 }).result()
 * console.log(result.totals.recordsRead)
 */
export function runJob(job: URL | string | JobDefinition, options: RunOptions = {}): JobHandle {
  const origin = originOf(job)
  return new JobHandle(new Coordinator(origin, resolveOptions(options, origin.kind === 'module')))
}

function originOf(job: unknown): JobOrigin {
  if (isJobDefinition(job)) return { kind: 'value', job }
  if (job instanceof URL) return { kind: 'module', url: job.href }
  if (typeof job === 'string' && job !== '') {
    const url = job.startsWith('file:') ? job : pathToFileURL(job).href
    return { kind: 'module', url }
  }
  throw new MillraceError(
    'INVALID_JOB',
    `runJob: expected the URL or path of a module, or a job made by defineJob, got ${String(job)}`,
  )
}
