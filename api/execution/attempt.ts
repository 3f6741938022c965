/**
 * One attempt to run a job: deploys it on slots once, watches it, and ends it well or badly. On the main thread.
 *
 *     deploy ──► start ──all subtasks finished──► commit
 *        │         │
 *        └─────────┴── an error, a lost slot, `fail` ──► abort
 */
import { CheckpointCoordinator } from '../../checkpoint/coordinator/checkpoint-coordinator.ts'
import { resolveCheckpointOptions } from '../../checkpoint/coordinator/checkpoint-options.ts'
import type { ResolvedCheckpointOptions } from '../../checkpoint/coordinator/checkpoint-options.ts'
import type { RestoredJob } from '../../checkpoint/coordinator/restored-job.ts'
import type { CheckpointMetadata, SnapshotStore } from '../../checkpoint/store/snapshot-store.ts'
import type { SubtaskName, SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import { revivedOperatorError } from '../../operators/operator-error.ts'
import type { SubtaskMetrics } from '../../operators/subtask-parts.ts'
import type { Clock } from '../../runtime/clock.ts'
import { asyncView } from '../../runtime/extension.ts'
import type { Async, SlotGroup } from '../../runtime/slot-node.ts'
import { fromWireError } from '../../runtime/wire-error.ts'
import type { JobGraph } from '../graph.ts'
import type { ChainedNode, ExecutionPlan } from '../plan.ts'
import { AttemptStop } from './attempt-stop.ts'
import { watchCollectors } from './collected-streams.ts'
import type { Collector } from './collector.ts'
import { commitSinks } from './commit-sinks.ts'
import { chainedNodes, noteDeclaration } from './declaration.ts'
import { deployTasks } from './deploy-tasks.ts'
import { finishedSubtasks, metricsOf, nameKey } from './finished-subtasks.ts'
import type { FinishedSubtask } from './finished-subtasks.ts'
import type { Enumerators } from './enumerators.ts'
import type { JobCheckpoints } from './job-checkpoints.ts'
import { jobSlot } from './job-on-slot.ts'
import { lostWithSubtasks } from './lost-slot.ts'
import { withinPatience } from './patience.ts'
import type { Deployment, GraphOrigin, JobCoordinator, JobSlot } from './protocol.ts'
import type { ResolvedOptions } from './run-options.ts'
import { WatermarkGroups } from './watermark-groups.ts'

/** Frames and messages of attempts that are over: dropped, and counted here. */
export interface StaleMessages {
  count: number
}

/** What is run, and where. */
export interface AttemptParts {
  readonly graph: JobGraph
  readonly plan: ExecutionPlan
  readonly group: SlotGroup
  readonly enumerators: Enumerators
  readonly checkpoints: JobCheckpoints
  /** Undefined: none are made. */
  readonly checkpointOptions: ResolvedCheckpointOptions | undefined
  /** What it begins with; undefined: nothing. */
  readonly restored: RestoredJob | undefined
  /** The collected streams, by name. */
  readonly collectors: ReadonlyMap<string, Collector>
  /** Where the slots get the graph from. */
  readonly origin: GraphOrigin
  readonly codec: ResolvedOptions['codec']
  /** What comes for attempts that are over. */
  readonly stale: StaleMessages
}

/** One deployment of a job. */
export class Attempt {
  /** Resolves when the last subtask has finished. */
  readonly finished: Promise<void>
  /** Rejects when the first subtask has failed, a slot was lost or `fail` was called. */
  readonly broken: Promise<never>
  readonly #parts: AttemptParts
  readonly #watermarkGroups: WatermarkGroups
  /** Not deployed: they had finished before. */
  readonly #finished: ReadonlyMap<string, FinishedSubtask>
  readonly #checkpoints: CheckpointCoordinator
  readonly #stop: AttemptStop
  /** Subtasks that have finished, by `nameKey`. */
  readonly #ended = new Set<string>()
  #slots: Async<JobSlot>[] = []
  #unfinished = 0
  #endWell: () => void = () => {}
  #endBadly: (error: unknown) => void = () => {}
  /** The deployment that is under way. */
  #deploying: Promise<void> = Promise.resolve()
  /** Nothing that slots say counts any more. */
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
    this.#finished = finishedSubtasks(parts.graph, parts.plan, parts.restored?.operators)
    this.#watermarkGroups = new WatermarkGroups(parts.graph, parts.plan, (group, watermark) => {
      for (const slot of this.#slots) {
        // A slot that is lost or has ended ends the attempt by itself.
        slot.align(group, watermark).catch(() => {})
      }
    })
    this.#checkpoints = this.#createCheckpoints()
    this.#stop = this.#createStop()
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
          const forMs = kind === 'savepoint' ? Infinity : checkpointOptions?.alignedForMs
          for (const slot of this.#slots) {
            // A slot that is lost ends the attempt by itself.
            slot.triggerCheckpoint(id, forMs ?? Infinity).catch(() => {})
          }
        },
        triggerLast: (id) => {
          // As above.
          this.#stop.triggerLast(id).catch(() => {})
        },
        sourcesAcknowledged: (_id, progress) => enumerators.snapshot(progress),
        commit: (committables) => commitSinks(graph, committables),
        notifyComplete: (id) => {
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

  /** Ends the attempt with an error: `broken` rejects with it. */
  fail(error: unknown): void {
    this.#endBadly(error)
  }

  /** Builds the subtasks on all slots. Rejects with the first error; `abort` then cleans up what is there. */
  async deploy(): Promise<void> {
    this.#deploying = this.#deploy()
    await Promise.race([this.#deploying, this.broken])
  }

  /** Lets the sources read. */
  async start(): Promise<void> {
    await Promise.race([Promise.all(this.#slots.map((slot) => slot.start())), this.broken])
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
    // A slot that is being deployed may open an output yet, which is to be removed.
    const { clock } = this.#parts.group.main.slot
    await withinPatience(clock, [this.#deploying, this.#checkpoints.stop()])
    let last: readonly SubtaskMetrics[] | undefined
    const metrics = this.metrics().then(
      (found) => {
        last = found
      },
      () => {},
    )
    await withinPatience(clock, [metrics, ...this.#slots.map((slot) => slot.abort(keepPrepared))])
    await this.#countStaleFrames(clock)
    return last
  }

  /** Some subtasks had stopped before others, which went on sending to them. */
  async #countStaleFrames(clock: Clock): Promise<void> {
    const { stale } = this.#parts
    const counts = this.#slots.map(async (slot) => {
      stale.count += await slot.staleFrames()
    })
    await withinPatience(clock, counts)
  }

  /** Resolves when the last checkpoint of the attempt has come to its end: before, nobody knows which one is the newest. */
  async quiet(): Promise<void> {
    await this.#checkpoints.stop()
  }

  /** What each subtask has done so far. Rejects where a slot does not answer any more. */
  async metrics(): Promise<readonly SubtaskMetrics[]> {
    const perSlot = await Promise.all(this.#slots.map((slot) => slot.metrics()))
    return [...perSlot.flat(), ...[...this.#finished.values()].map(metricsOf)]
  }

  async #deploy(): Promise<void> {
    const { group, graph, plan, codec, origin } = this.#parts
    group.onLost((slot, error) => {
      this.fail(lostWithSubtasks(plan, slot, error))
    })
    const { checkpointOptions, restored } = this.#parts
    const recovery = {
      mode: checkpointOptions?.mode,
      unaligned: (checkpointOptions?.alignedForMs ?? Infinity) !== Infinity,
      channels: restored?.channels,
      restored: restored?.operators,
      finished: new Set(this.#finished.keys()),
    }
    watchCollectors(this.#parts, this.#checkpoints, (error) => {
      this.fail(error)
    })
    const deployment: Deployment = { origin, plan, codec, recovery }
    const extension = { url: new URL('./job-on-slot.js', import.meta.url).href, name: 'deployJob' }
    const coordinator = this.#coordinatorSide()
    const main = await deployTasks({
      node: group.main,
      graph,
      plan,
      codec,
      recovery,
      collectors: this.#parts.collectors,
      nextSplit: (nodeId, subtaskIndex) => coordinator.nextSplit(nodeId, subtaskIndex),
      announceWatermark: (nodeId, subtaskIndex, watermark) => {
        coordinator.announceWatermark(nodeId, subtaskIndex, watermark)
      },
      // Only collected streams end on the main thread, and they have no subtask that could finish or fail.
      listener: {
        acknowledged: () => {},
        declined: () => {},
        finished: () => {},
        failed: () => {},
      },
    })
    const loads: Promise<Async<JobSlot>>[] = []
    for (let slot = 1; slot <= group.count; slot++) {
      loads.push(group.load(slot, extension, deployment, coordinator))
    }
    await this.#takeSlots(loads)
    this.#slots.push(asyncView(jobSlot(group.main, main)))
    for (const task of plan.tasks) {
      if (!this.#isCollect(task.root)) this.#unfinished += task.subtasks.length
    }
    for (const { name, snapshot } of this.#finished.values()) this.#subtaskFinished(name, snapshot)
  }

  /** Keeps every slot that was deployed, so that all can be cleaned up, before it reports the first that was not. */
  async #takeSlots(loads: readonly Promise<Async<JobSlot>>[]): Promise<void> {
    const results = await Promise.allSettled(loads)
    const errors: unknown[] = []
    for (const result of results) {
      if (result.status === 'fulfilled') this.#slots.push(result.value)
      else errors.push(result.reason)
    }
    if (errors.length > 0) throw errors[0]
  }

  #coordinatorSide(): JobCoordinator {
    const { enumerators, plan, graph } = this.#parts
    return {
      nextSplit: async (nodeId, subtaskIndex) =>
        this.#isStale() ? undefined : enumerators.next(nodeId, subtaskIndex),
      announceWatermark: (nodeId, subtaskIndex, watermark) => {
        if (!this.#isStale()) this.#watermarkGroups.announce(nodeId, subtaskIndex, watermark)
      },
      acknowledged: (name, checkpointId, snapshot) => {
        if (!this.#isStale()) this.#checkpoints.acknowledged(name, checkpointId, snapshot)
      },
      declined: (name, checkpointId, wire) => {
        if (!this.#isStale()) this.#checkpoints.declined(name, checkpointId, fromWireError(wire))
      },
      finished: (name, snapshot) => {
        if (!this.#isStale()) this.#subtaskFinished(name, snapshot)
      },
      failed: ({ taskId }, wire) => {
        if (this.#isStale()) return
        const error = revivedOperatorError(fromWireError(wire))
        const root = plan.tasks[taskId]?.root
        // Names repeat less often within one task than within a job.
        if (root !== undefined) noteDeclaration(error, chainedNodes(graph, root))
        this.fail(error)
      },
    }
  }

  /** Whether it comes too late: then it is counted, and must be dropped. */
  #isStale(): boolean {
    if (this.#over) this.#parts.stale.count++
    return this.#over
  }

  #subtaskFinished(name: SubtaskName, snapshot: SubtaskSnapshot): void {
    this.#watermarkGroups.finished(name.taskId, name.subtaskIndex)
    this.#ended.add(nameKey(name.taskId, name.subtaskIndex))
    const finished = !this.#stop.leavesUnfinished(name.taskId)
    this.#checkpoints.subtaskFinished(name, snapshot, finished)
    this.#unfinished--
    if (this.#unfinished === 0) this.#endWell()
  }

  #isCollect(root: ChainedNode): boolean {
    return this.#parts.graph.nodes[root.nodeId]?.operator.kind === 'collect'
  }
}
