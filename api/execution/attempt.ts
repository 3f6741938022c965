/**
 * One attempt to run a job: deploys it on slots once, watches it, and ends it well or badly. On the main thread.
 *
 *     deploy ──► start ──all subtasks finished──► commit
 *        │         │
 *        └─────────┴── an error, a lost slot, `fail` ──► abort
 */
import { CheckpointCoordinator } from '../../checkpoint/coordinator/checkpoint-coordinator.ts'
import { resolveCheckpointOptions } from '../../checkpoint/coordinator/checkpoint-options.ts'
import type { RestoredJob } from '../../checkpoint/coordinator/restored-job.ts'
import type { CheckpointMetadata, SnapshotStore } from '../../checkpoint/store/snapshot-store.ts'
import type { SubtaskName, SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import type { SubtaskMetrics } from '../../operators/subtask-parts.ts'
import type { Async } from '../../runtime/slot-node.ts'
import type { ExecutionPlan } from '../plan.ts'
import { AttemptStop } from './attempt-stop.ts'
import { commitSinks } from './commit-sinks.ts'
import { nameKey } from './finished-subtasks.ts'
import type { JobCheckpoints } from './job-checkpoints.ts'
import { lostWithSubtasks } from './lost-slot.ts'
import { withinPatience } from './patience.ts'
import type { JobSlot } from './protocol.ts'
import { RegionRun } from './region-run.ts'
import type { DeploymentParts, RegionListener } from './region-run.ts'
import { planRegions } from './regions.ts'
import type { Region } from './regions.ts'
import { WatermarkGroups } from './watermark-groups.ts'

/** How parts of a job start again while the others go on. */
export interface RegionRestarts {
  /** A region has failed. Returns the milliseconds until it may start again; throws the error that ends the job if it may not. */
  failed(error: unknown, tasks: readonly string[]): number
  /** Resolves after this time. Rejects when the job is cancelled before. */
  wait(delayMs: number): Promise<void>
  /** What it begins with: what its sinks had prepared is committed, its enumerators are where they were. */
  restore(region: Region): Promise<RegionBegin>
  /** Whether what sinks have prepared is still needed. */
  keepsPrepared(error: unknown): boolean
}

/** What a region begins with. */
export interface RegionBegin {
  /** With channel numbers of its own, so that frames of an earlier deployment find no receiver. */
  readonly plan: ExecutionPlan
  /** Undefined: nothing. */
  readonly restored: RestoredJob | undefined
}

/** What is run, and where. */
export interface AttemptParts extends DeploymentParts, RegionBegin {
  readonly checkpoints: JobCheckpoints
  readonly restarts: RegionRestarts
}

/** One attempt: all regions, some of which may be deployed more than once. */
export class Attempt {
  /** Resolves when the last subtask has finished. */
  readonly finished: Promise<void>
  /** Rejects when the first subtask has failed, a slot was lost or `fail` was called. */
  readonly broken: Promise<never>
  readonly #parts: AttemptParts
  readonly #watermarkGroups: WatermarkGroups
  readonly #checkpoints: CheckpointCoordinator
  readonly #stop: AttemptStop
  /** Subtasks that have finished, by `nameKey`. */
  readonly #ended = new Set<string>()
  /** The newest deployment of each region, by its id. */
  readonly #runs = new Map<number, RegionRun>()
  readonly #listener: RegionListener
  /** Regions that start again at this moment. */
  #restarting = 0
  #endWell: () => void = () => {}
  #endBadly: (error: unknown) => void = () => {}
  /** The deployments that are under way. */
  readonly #deploying = new Set<Promise<void>>()
  #over = false

  constructor(parts: AttemptParts) {
    this.#parts = parts
    this.finished = new Promise((resolve) => {
      this.#endWell = resolve
    })
    this.broken = new Promise((_, reject) => {
      this.#endBadly = reject
    })
    // Whoever waits for it hears of the error; between two steps nobody waits.
    this.broken.catch(() => {})
    this.#watermarkGroups = new WatermarkGroups(parts.graph, parts.plan, (group, watermark) => {
      for (const slot of this.#slots) {
        // A slot that is lost or has ended ends the attempt by itself.
        slot.align(group, watermark).catch(() => {})
      }
    })
    this.#checkpoints = this.#createCheckpoints()
    this.#stop = this.#createStop()
    this.#listener = {
      checkpoints: this.#checkpoints,
      watermarkGroups: this.#watermarkGroups,
      finished: (name, snapshot) => {
        this.#subtaskFinished(name, snapshot)
      },
      failed: (run, error) => {
        this.#regionFailed(run, error)
      },
    }
    for (const region of planRegions(parts.graph, parts.plan))
      this.#runs.set(region.id, new RegionRun(region, parts, parts, this.#listener))
  }

  /** Of all regions. */
  get #slots(): readonly Async<JobSlot>[] {
    return [...this.#runs.values()].flatMap(({ slots }) => slots)
  }

  /** Makes a checkpoint, see `CheckpointCoordinator.checkpoint`. */
  checkpoint(): Promise<CheckpointMetadata> {
    return this.#checkpoints.checkpoint()
  }

  /** Makes a savepoint, see `CheckpointCoordinator.savepoint`. */
  savepoint(store: SnapshotStore): Promise<CheckpointMetadata> {
    return this.#checkpoints.savepoint(store)
  }

  /** Stops with a savepoint, see `AttemptStop`: `finished` resolves too. */
  stop(store: SnapshotStore | undefined, drain: boolean): Promise<CheckpointMetadata> {
    return drain ? this.#stop.drain(store) : this.#stop.suspend(store)
  }

  #createStop(): AttemptStop {
    const { plan, collectors } = this.#parts
    return new AttemptStop({
      plan,
      checkpoints: this.#checkpoints,
      collectors: [...collectors.values()],
      broken: this.broken,
      slots: () => this.#slots,
      hasFinished: (taskId, subtaskIndex) => this.#ended.has(nameKey(taskId, subtaskIndex)),
      ended: () => {
        this.#endWell()
      },
    })
  }

  #createCheckpoints(): CheckpointCoordinator {
    const { graph, plan, group, enumerators, checkpoints, checkpointOptions } = this.#parts
    const { clock, whenSettled } = group.main.slot
    return new CheckpointCoordinator({
      job: checkpoints.describe(graph, plan),
      options: checkpointOptions ?? resolveCheckpointOptions({}),
      store: checkpoints.store,
      history: checkpoints.history,
      host: {
        clock,
        whenSettled,
        trigger: (id, kind) => {
          // A slot that is lost ends the attempt by itself.
          const triggered =
            kind === 'savepoint'
              ? this.#triggerSavepoint(id)
              : triggerAll(this.#slots, id, checkpointOptions?.alignedForMs)
          triggered.catch(() => {})
        },
        triggerLast: (id) => {
          // As above.
          this.#stop.triggerLast(id).catch(() => {})
        },
        sourcesAcknowledged: (_id, progress) => enumerators.snapshot(progress),
        commit: (committables) => commitSinks(graph, committables),
        notifyComplete: (id, kind) => {
          // Only a checkpoint is sure to lie where later ones can refer to it.
          if (checkpointOptions?.incremental === true && kind === 'checkpoint')
            for (const slot of this.#slots) slot.checkpointComplete(id).catch(() => {})
          for (const collector of this.#parts.collectors.values()) collector.checkpointComplete(id)
        },
        // Barriers travel on; the next checkpoint's take their place.
        notifyAborted: () => {},
        failJob: (error) => {
          this.fail(error)
        },
      },
    })
  }

  /** All subtasks must know what it is before its first barrier can reach one. */
  async #triggerSavepoint(id: number): Promise<void> {
    const slots = this.#slots
    if (this.#parts.checkpointOptions?.incremental === true)
      await Promise.all(slots.map((slot) => slot.standAlone(id)))
    await triggerAll(slots, id)
  }

  /** Ends the attempt with an error: `broken` rejects with it. */
  fail(error: unknown): void {
    this.#endBadly(error)
  }

  /** Builds the subtasks on all slots. Rejects with the first error; `abort` then cleans up what is there. */
  async deploy(): Promise<void> {
    const { group, plan } = this.#parts
    group.onLost((slot, error) => {
      this.fail(lostWithSubtasks(plan, slot, error))
    })
    await Promise.race([this.#underWay(this.#deployAll()), this.broken])
  }

  async #deployAll(): Promise<void> {
    // One after the other: the first that cannot be built is reported.
    for (const run of this.#runs.values()) await run.deploy()
    this.#lookForEnd()
  }

  /** What `abort` waits for, since it may open outputs yet that are to be removed. */
  #underWay(deploying: Promise<void>): Promise<void> {
    this.#deploying.add(deploying)
    const over = (): void => {
      this.#deploying.delete(deploying)
    }
    deploying.then(over, over)
    return deploying
  }

  /** Lets the sources read. */
  async start(): Promise<void> {
    const runs = [...this.#runs.values()]
    await Promise.race([Promise.all(runs.map((run) => run.start())), this.broken])
    this.#checkpoints.start()
  }

  /** All subtasks have finished: takes the rest of what is collected. */
  async receiveRest(): Promise<void> {
    if (this.#stop.suspended) return
    const collectors = [...this.#parts.collectors.values()]
    for (const collector of collectors) collector.takeRest()
    await Promise.race([Promise.all(collectors.map(({ received }) => received)), this.broken])
  }

  /** Makes the last checkpoint, commits, and ends the sinks. One that does not come to its end can still be cancelled. */
  async commit(): Promise<void> {
    await Promise.race([this.#stop.complete(), this.broken])
    const { suspended } = this.#stop
    const ends = this.#slots.map((slot) => (suspended ? slot.stop() : slot.commit()))
    await Promise.race([Promise.all(ends), this.broken])
  }

  /** Ends it badly: nothing half-written stays, as far as its threads answer, but with `keepPrepared` what the last checkpoint needs. Resolves with the last metrics, if there are any. */
  async abort(keepPrepared: boolean): Promise<readonly SubtaskMetrics[] | undefined> {
    this.#over = true
    for (const run of this.#runs.values()) run.end()
    const { clock } = this.#parts.group.main.slot
    await withinPatience(clock, [...this.#deploying, this.#checkpoints.stop()])
    let last: readonly SubtaskMetrics[] | undefined
    const metrics = this.metrics().then(
      (found) => {
        last = found
      },
      () => {},
    )
    const aborts = [...this.#runs.values()].map((run) => run.abort(keepPrepared))
    await Promise.all([withinPatience(clock, [metrics]), ...aborts])
    return last
  }

  /** Resolves when the last checkpoint of the attempt has come to its end: before, nobody knows which one is the newest. */
  async quiet(): Promise<void> {
    await this.#checkpoints.stop()
  }

  /** What each subtask has done so far. Rejects where a slot does not answer any more. */
  async metrics(): Promise<readonly SubtaskMetrics[]> {
    const perRun = await Promise.all([...this.#runs.values()].map((run) => run.metrics()))
    return perRun.flat()
  }

  /** A part of the job has failed: it starts again alone, where there are others that can go on meanwhile. */
  #regionFailed(run: RegionRun, error: unknown): void {
    if (this.#runs.size === 1 || this.#over || this.#stop.draining) {
      this.fail(error)
      return
    }
    run.end()
    this.#restarting++
    this.#underWay(this.#restart(run, error)).then(
      () => {
        this.#restarting--
        this.#lookForEnd()
      },
      (reason: unknown) => {
        this.fail(reason)
      },
    )
  }

  async #restart(run: RegionRun, error: unknown): Promise<void> {
    const { restarts } = this.#parts
    const delayMs = restarts.failed(error, run.taskNames)
    await this.#checkpoints.hold(run.names)
    for (const { taskId, subtaskIndex } of run.names) {
      this.#ended.delete(nameKey(taskId, subtaskIndex))
      this.#watermarkGroups.restarts(taskId, subtaskIndex)
    }
    // A slot that does not answer needs another thread, which the other regions lose too.
    if (!(await run.abort(restarts.keepsPrepared(error)))) throw error
    await restarts.wait(delayMs)
    if (this.#over) return
    const begin = await restarts.restore(run.region)
    if (this.#over) return
    const next = new RegionRun(run.region, begin, this.#parts, this.#listener)
    this.#runs.set(run.region.id, next)
    await next.deploy()
    if (this.#over) return
    await next.start()
    this.#checkpoints.release()
  }

  #subtaskFinished(name: SubtaskName, snapshot: SubtaskSnapshot): void {
    this.#watermarkGroups.finished(name.taskId, name.subtaskIndex)
    this.#ended.add(nameKey(name.taskId, name.subtaskIndex))
    const finished = !this.#stop.leavesUnfinished(name.taskId)
    this.#checkpoints.subtaskFinished(name, snapshot, finished)
    this.#lookForEnd()
  }

  #lookForEnd(): void {
    const all = [...this.#runs.values()]
    if (this.#restarting === 0 && all.every(({ hasFinished }) => hasFinished)) this.#endWell()
  }
}

async function triggerAll(
  slots: readonly Async<JobSlot>[],
  checkpointId: number,
  alignedForMs = Infinity,
): Promise<void> {
  await Promise.all(slots.map((slot) => slot.triggerCheckpoint(checkpointId, alignedForMs)))
}
