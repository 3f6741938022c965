/**
 * One attempt to run a job: deploys it on slots once, watches it, and ends it well or badly. On the main thread.
 *
 *     deploy ──► start ──all subtasks finished──► commit
 *        │         │
 *        └─────────┴── an error, a lost slot, `fail` ──► abort
 */
import { revivedOperatorError } from '../../operators/operator-error.ts'
import type { SubtaskMetrics } from '../../operators/subtask.ts'
import type { Async, SlotGroup } from '../../runtime/slot-node.ts'
import { fromWireError } from '../../runtime/wire-error.ts'
import type { JobGraph } from '../graph.ts'
import type { ChainedNode, ExecutionPlan } from '../plan.ts'
import type { Collector } from './collector.ts'
import { chainedNodes, noteDeclaration } from './declaration.ts'
import { deployTasks } from './deploy-tasks.ts'
import type { Enumerators } from './enumerators.ts'
import { jobSlot } from './job-on-slot.ts'
import { withinPatience } from './patience.ts'
import type { Deployment, GraphOrigin, JobCoordinator, JobSlot } from './protocol.ts'
import type { ResolvedOptions } from './run-options.ts'
import { WatermarkGroups } from './watermark-groups.ts'

/** What is run, and where. */
export interface AttemptParts {
  readonly graph: JobGraph
  readonly plan: ExecutionPlan
  readonly group: SlotGroup
  readonly enumerators: Enumerators
  /** The collected streams, by name. */
  readonly collectors: ReadonlyMap<string, Collector>
  /** Where the slots get the graph from. */
  readonly origin: GraphOrigin
  readonly codec: ResolvedOptions['codec']
}

/** One deployment of a job. */
export class Attempt {
  /** Resolves when the last subtask has finished. */
  readonly finished: Promise<void>
  /** Rejects when the first subtask has failed, a slot was lost or `fail` was called. */
  readonly broken: Promise<never>
  readonly #parts: AttemptParts
  readonly #watermarkGroups: WatermarkGroups
  #slots: Async<JobSlot>[] = []
  #unfinished = 0
  #endWell: () => void = () => {}
  #endBadly: (error: unknown) => void = () => {}
  /** The deployment that is under way. */
  #deploying: Promise<void> = Promise.resolve()

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
  }

  /** All subtasks have finished: takes the rest of what is collected. */
  async receiveRest(): Promise<void> {
    const collectors = [...this.#parts.collectors.values()]
    for (const collector of collectors) collector.takeRest()
    await Promise.race([Promise.all(collectors.map(({ received }) => received)), this.broken])
  }

  /** Ends the sinks well. One that does not come to its end can still be cancelled. */
  async commit(): Promise<void> {
    await Promise.race([Promise.all(this.#slots.map((slot) => slot.commit())), this.broken])
  }

  /** Ends it badly: nothing half-written stays, as far as its threads answer. Resolves with the last metrics, if there are any. */
  async abort(): Promise<readonly SubtaskMetrics[] | undefined> {
    // A slot that is being deployed may open an output yet, which is to be removed.
    await withinPatience([this.#deploying])
    let last: readonly SubtaskMetrics[] | undefined
    const metrics = this.metrics().then(
      (found) => {
        last = found
      },
      () => {},
    )
    await withinPatience([metrics, ...this.#slots.map((slot) => slot.abort())])
    return last
  }

  /** What each subtask has done so far. Rejects where a slot does not answer any more. */
  async metrics(): Promise<readonly SubtaskMetrics[]> {
    const perSlot = await Promise.all(this.#slots.map((slot) => slot.metrics()))
    return perSlot.flat()
  }

  async #deploy(): Promise<void> {
    const { group, graph, plan, codec, origin } = this.#parts
    group.onLost((_, error) => {
      this.fail(error)
    })
    const deployment: Deployment = { origin, plan, codec }
    const extension = { url: new URL('./job-on-slot.js', import.meta.url).href, name: 'deployJob' }
    const coordinator = this.#coordinatorSide()
    const main = await deployTasks({
      node: group.main,
      graph,
      plan,
      codec,
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
    for (const collector of this.#parts.collectors.values()) {
      collector.onFailed = (error) => {
        this.fail(error)
      }
    }
    const loads: Promise<Async<JobSlot>>[] = []
    for (let slot = 1; slot <= group.count; slot++) {
      loads.push(group.load(slot, extension, deployment, coordinator))
    }
    await this.#takeSlots(loads)
    const mainSlot = jobSlot(group.main, main)
    this.#slots.push({
      start: async () => mainSlot.start(),
      align: async (name, watermark) => mainSlot.align(name, watermark),
      cancel: async () => mainSlot.cancel(),
      commit: () => mainSlot.commit(),
      abort: () => mainSlot.abort(),
      metrics: async () => mainSlot.metrics(),
    })
    for (const task of plan.tasks) {
      if (!this.#isCollect(task.root)) this.#unfinished += task.subtasks.length
    }
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
      nextSplit: async (nodeId, subtaskIndex) => enumerators.next(nodeId, subtaskIndex),
      announceWatermark: (nodeId, subtaskIndex, watermark) => {
        this.#watermarkGroups.announce(nodeId, subtaskIndex, watermark)
      },
      finished: (taskId, subtaskIndex) => {
        this.#watermarkGroups.finished(taskId, subtaskIndex)
        this.#unfinished--
        if (this.#unfinished === 0) this.#endWell()
      },
      failed: (taskId, _subtaskIndex, wire) => {
        const error = revivedOperatorError(fromWireError(wire))
        const root = plan.tasks[taskId]?.root
        // Names repeat less often within one task than within a job.
        if (root !== undefined) noteDeclaration(error, chainedNodes(graph, root))
        this.fail(error)
      },
    }
  }

  #isCollect(root: ChainedNode): boolean {
    return this.#parts.graph.nodes[root.nodeId]?.operator.kind === 'collect'
  }
}
