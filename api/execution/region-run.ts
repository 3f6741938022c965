/**
 * One deployment of one region of a job: its subtasks on all slots, from their building to their end. On the main thread.
 *
 *     deploy ──► start ──► all finished
 *        │         │
 *        └─────────┴──► over: what its slots still say is dropped and counted ──► abort
 */
import type { CheckpointCoordinator } from '../../checkpoint/coordinator/checkpoint-coordinator.ts'
import type { ResolvedCheckpointOptions } from '../../checkpoint/coordinator/checkpoint-options.ts'
import type { RestoredJob } from '../../checkpoint/coordinator/restored-job.ts'
import type { SubtaskName, SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import { revivedOperatorError } from '../../operators/operator-error.ts'
import type { SubtaskMetrics } from '../../operators/subtask-parts.ts'
import { asyncView } from '../../runtime/extension.ts'
import type { Async, SlotGroup } from '../../runtime/slot-node.ts'
import { fromWireError } from '../../runtime/wire-error.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan, TaskPlan } from '../plan.ts'
import { watchCollectors } from './collected-streams.ts'
import type { Collector } from './collector.ts'
import { chainedNodes, noteDeclaration } from './declaration.ts'
import { deployTasks } from './deploy-tasks.ts'
import type { Enumerators } from './enumerators.ts'
import { finishedSubtasks, metricsOf, nameKey } from './finished-subtasks.ts'
import type { FinishedSubtask } from './finished-subtasks.ts'
import { jobSlot } from './job-on-slot.ts'
import { withinPatience } from './patience.ts'
import type { Deployment, GraphOrigin, JobCoordinator, JobSlot } from './protocol.ts'
import type { Region } from './regions.ts'
import type { ResolvedOptions } from './run-options.ts'
import type { WatermarkGroups } from './watermark-groups.ts'

/** Frames and messages of deployments that are over: dropped, and counted here. */
export interface StaleMessages {
  count: number
}

/** What a deployment has in common with all others of a job. */
export interface DeploymentParts {
  readonly graph: JobGraph
  readonly group: SlotGroup
  readonly enumerators: Enumerators
  /** The collected streams, by name. */
  readonly collectors: ReadonlyMap<string, Collector>
  /** Undefined: no checkpoints are made. */
  readonly checkpointOptions: ResolvedCheckpointOptions | undefined
  /** Where the slots get the graph from. */
  readonly origin: GraphOrigin
  readonly codec: ResolvedOptions['codec']
  readonly stale: StaleMessages
}

/** Who hears of the subtasks of a deployment, as long as it is not over. */
export interface RegionListener {
  readonly checkpoints: CheckpointCoordinator
  readonly watermarkGroups: WatermarkGroups
  /** Also told of subtasks that had finished before and are not deployed. */
  finished(name: SubtaskName, snapshot: SubtaskSnapshot): void
  /** The first subtask, or collected stream, has failed. */
  failed(run: RegionRun, error: unknown): void
}

/** See the head of this file. */
export class RegionRun {
  readonly region: Region
  readonly #parts: DeploymentParts
  readonly #plan: ExecutionPlan
  readonly #restored: RestoredJob | undefined
  readonly #listener: RegionListener
  /** Not deployed: they had finished before. */
  readonly #finished: readonly FinishedSubtask[]
  #slots: Async<JobSlot>[] = []
  #unfinished = 0
  #over = false

  constructor(
    region: Region,
    {
      plan,
      restored,
    }: { readonly plan: ExecutionPlan; readonly restored: RestoredJob | undefined },
    parts: DeploymentParts,
    listener: RegionListener,
  ) {
    this.region = region
    this.#parts = parts
    this.#plan = plan
    this.#restored = restored
    this.#listener = listener
    const finished = finishedSubtasks(parts.graph, plan, restored?.operators)
    this.#finished = [...finished.values()].filter(({ name }) => region.tasks.has(name.taskId))
    // Collected streams have no subtask that could finish.
    for (const task of this.#tasks)
      if (!this.#isCollect(task)) this.#unfinished += task.subtasks.length
  }

  /** What can be asked of the slots, once it is deployed. */
  get slots(): readonly Async<JobSlot>[] {
    return this.#slots
  }

  /** Whether all its subtasks have finished. */
  get hasFinished(): boolean {
    return this.#unfinished === 0
  }

  /** All who contribute to checkpoints. */
  get names(): readonly SubtaskName[] {
    return this.#tasks.flatMap(({ id, subtasks }) =>
      subtasks.map(({ index }) => ({ taskId: id, subtaskIndex: index })),
    )
  }

  /** The names of its tasks. */
  get taskNames(): readonly string[] {
    return this.#tasks.map(({ name }) => name)
  }

  get #tasks(): readonly TaskPlan[] {
    return this.#plan.tasks.filter(({ id }) => this.region.tasks.has(id))
  }

  #isCollect({ root }: TaskPlan): boolean {
    return this.#parts.graph.nodes[root.nodeId]?.operator.kind === 'collect'
  }

  /** Builds the subtasks on all slots. Rejects with the first error; `abort` then cleans up what is there. */
  async deploy(): Promise<void> {
    const { group, graph, codec, origin, collectors, checkpointOptions } = this.#parts
    const plan = this.#plan
    const { tasks } = this.region
    const recovery = {
      mode: checkpointOptions?.mode,
      unaligned: (checkpointOptions?.alignedForMs ?? Infinity) !== Infinity,
      incremental: checkpointOptions?.incremental ?? false,
      channels: this.#restored?.channels,
      restored: this.#restored?.operators,
      finished: new Set(this.#finished.map(({ name }) => nameKey(name.taskId, name.subtaskIndex))),
    }
    this.#watchCollectors()
    const coordinator = this.#coordinatorSide()
    const main = await deployTasks({
      node: group.main,
      graph,
      plan,
      tasks,
      codec,
      recovery,
      collectors,
      nextSplit: (nodeId, subtaskIndex) => coordinator.nextSplit(nodeId, subtaskIndex),
      announceWatermark: (nodeId, subtaskIndex, watermark) => {
        coordinator.announceWatermark(nodeId, subtaskIndex, watermark)
      },
      // Only collected streams end on the main thread, and they have no subtask that could finish or fail.
      listener: {
        packed: () => {},
        acknowledged: () => {},
        declined: () => {},
        finished: () => {},
        failed: () => {},
      },
    })
    const deployment: Deployment = { origin, plan, tasks, codec, recovery }
    const extension = { url: new URL('./job-on-slot.js', import.meta.url).href, name: 'deployJob' }
    const loads: Promise<Async<JobSlot>>[] = []
    for (let slot = 1; slot <= group.count; slot++) {
      loads.push(group.load(slot, extension, deployment, coordinator))
    }
    await this.#takeSlots(loads)
    this.#slots.push(asyncView(jobSlot(group.main, main)))
    for (const { name, snapshot } of this.#finished) this.#subtaskFinished(name, snapshot)
  }

  /** Lets the sources read. */
  async start(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.start()))
  }

  /** From now on what its slots say is dropped. */
  end(): void {
    this.#over = true
  }

  /**
   * Removes what must not be seen, but with `keepPrepared` what the last checkpoint needs, and ends the subtasks. Resolves after 400 ms at
   * the latest: true when all slots have answered.
   */
  async abort(keepPrepared: boolean): Promise<boolean> {
    this.end()
    const { clock } = this.#parts.group.main.slot
    let ended = 0
    const aborts = this.#slots.map(async (slot) => {
      await slot.abort(keepPrepared)
      ended++
    })
    await withinPatience(clock, aborts)
    if (ended < aborts.length) return false
    // Some subtasks had stopped before others, which went on sending to them.
    const counts = this.#slots.map(async (slot) => {
      this.#parts.stale.count += await slot.staleFrames()
    })
    await withinPatience(clock, counts)
    return true
  }

  /** What each subtask has done so far. Rejects where a slot does not answer any more. */
  async metrics(): Promise<readonly SubtaskMetrics[]> {
    const perSlot = await Promise.all(this.#slots.map((slot) => slot.metrics()))
    return [...perSlot.flat(), ...this.#finished.map(metricsOf)]
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

  #watchCollectors(): void {
    const { graph, collectors } = this.#parts
    const { checkpoints } = this.#listener
    watchCollectors(
      { graph, plan: { ...this.#plan, tasks: this.#tasks }, collectors },
      {
        acknowledged: (name, checkpointId, snapshot) => {
          if (!this.#over) checkpoints.acknowledged(name, checkpointId, snapshot)
        },
        subtaskFinished: (name, snapshot) => {
          if (!this.#over) checkpoints.subtaskFinished(name, snapshot)
        },
        failed: (error) => {
          if (!this.#over) this.#listener.failed(this, error)
        },
      },
    )
  }

  #coordinatorSide(): JobCoordinator {
    const { enumerators, graph } = this.#parts
    const { checkpoints, watermarkGroups } = this.#listener
    return {
      nextSplit: async (nodeId, subtaskIndex) =>
        this.#isStale() ? undefined : enumerators.next(nodeId, subtaskIndex),
      announceWatermark: (nodeId, subtaskIndex, watermark) => {
        if (!this.#isStale()) watermarkGroups.announce(nodeId, subtaskIndex, watermark)
      },
      packed: (name, checkpointId, pieces) => {
        if (!this.#isStale()) checkpoints.packed(name, checkpointId, pieces)
      },
      acknowledged: (name, checkpointId, snapshot) => {
        if (!this.#isStale()) checkpoints.acknowledged(name, checkpointId, snapshot)
      },
      declined: (name, checkpointId, wire) => {
        if (!this.#isStale()) checkpoints.declined(name, checkpointId, fromWireError(wire))
      },
      finished: (name, snapshot) => {
        if (!this.#isStale()) this.#subtaskFinished(name, snapshot)
      },
      failed: ({ taskId }, wire) => {
        if (this.#isStale()) return
        const error = revivedOperatorError(fromWireError(wire))
        const root = this.#plan.tasks[taskId]?.root
        // Names repeat less often within one task than within a job.
        if (root !== undefined) noteDeclaration(error, chainedNodes(graph, root))
        this.#listener.failed(this, error)
      },
    }
  }

  /** Whether it comes too late: then it is counted, and must be dropped. */
  #isStale(): boolean {
    if (this.#over) this.#parts.stale.count++
    return this.#over
  }

  #subtaskFinished(name: SubtaskName, snapshot: SubtaskSnapshot): void {
    this.#unfinished--
    this.#listener.finished(name, snapshot)
  }
}
