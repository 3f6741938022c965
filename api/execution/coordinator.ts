/**
 * Runs one job: starts the slots, deploys, watches, and ends it well or badly. On the main thread.
 *
 *     created ──► running ──all subtasks finished──► committed: finished
 *        │           │
 *        └───────────┴── an error: failed · cancel(): cancelled     (sinks aborted, slots stopped)
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { revivedOperatorError } from '../../operators/operator-error.ts'
import type { SubtaskMetrics } from '../../operators/subtask.ts'
import { startInlineHost } from '../../runtime/inline-host.ts'
import type { Async, SlotGroup } from '../../runtime/slot-node.ts'
import { fromWireError } from '../../runtime/wire-error.ts'
import { fingerprint } from '../fingerprint.ts'
import type { JobGraph } from '../graph.ts'
import { buildGraph } from '../job.ts'
import type { JobDefinition } from '../job.ts'
import { createPlan } from '../plan.ts'
import type { ChainedNode, ExecutionPlan } from '../plan.ts'
import type { Collector } from './collector.ts'
import { chainedNodes, noteDeclaration } from './declaration.ts'
import { deployTasks } from './deploy-tasks.ts'
import { Enumerators } from './enumerators.ts'
import { jobTotals } from './job-metrics.ts'
import type { JobMetrics } from './job-metrics.ts'
import { loadJobModule } from './job-module.ts'
import { jobSlot } from './job-on-slot.ts'
import type { Deployment, GraphOrigin, JobCoordinator, JobSlot } from './protocol.ts'
import type { ResolvedOptions } from './run-options.ts'
import { WatermarkGroups } from './watermark-groups.ts'

/** `created`: not yet deployed. The last three are final. */
export type JobState = 'created' | 'running' | 'finished' | 'failed' | 'cancelled'

/** How long sinks may take to clean up before their threads are ended. */
const ABORT_PATIENCE_MS = 400

/** Where the job comes from. */
export type JobOrigin =
  | { readonly kind: 'module'; readonly url: string }
  | { readonly kind: 'value'; readonly job: JobDefinition }

const usedSimulators = new WeakSet<SlotGroup>()

/** One run of one job. */
export class Coordinator {
  readonly #origin: JobOrigin
  readonly #options: ResolvedOptions
  #state: JobState = 'created'
  #jobName = ''
  #graph: JobGraph | undefined
  #plan: ExecutionPlan | undefined
  #enumerators: Enumerators | undefined
  #watermarkGroups: WatermarkGroups | undefined
  #slots: Async<JobSlot>[] = []
  #collectors: readonly Collector[] = []
  #unfinished = 0
  #startedMs = 0
  #lastMetrics: JobMetrics | undefined
  #endWell: () => void = () => {}
  #endBadly: (error: unknown) => void = () => {}
  /** Resolves when the last subtask has finished. */
  readonly #allFinished: Promise<void>
  /** Rejects when the first subtask has failed, a slot was lost or the job was cancelled. */
  readonly #broken: Promise<never>
  /** The preparation or deployment that is under way. */
  #step: Promise<void> = Promise.resolve()

  constructor(origin: JobOrigin, options: ResolvedOptions) {
    this.#origin = origin
    this.#options = options
    this.#allFinished = new Promise((resolve) => {
      this.#endWell = resolve
    })
    this.#broken = new Promise((_, reject) => {
      this.#endBadly = reject
    })
    // Whoever waits for it hears of the error; between two steps nobody waits.
    this.#broken.catch(() => {})
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
    let group: SlotGroup | undefined
    try {
      await this.#untilBroken(this.#prepare())
      group = await this.#startSlots()
      await this.#untilBroken(this.#deploy(group))
      onDeployed(this.#collectors)
      await this.#start()
      await Promise.race([this.#allFinished, this.#broken])
      await this.#commit()
      return await this.metrics()
    } catch (thrown) {
      const error = revivedOperatorError(thrown)
      noteDeclaration(error, this.#graph?.nodes ?? [])
      await this.#abort(error)
      throw error
    } finally {
      await this.#closeEnumerators()
      await group?.stop()
    }
  }

  /** Ends the run: `run` rejects with `JOB_CANCELLED`. Does nothing after the end. */
  cancel(): void {
    this.#endBadly(new MillraceError('JOB_CANCELLED', `The job '${this.#jobName}' was cancelled`))
  }

  /** What the job has done so far, or had done when it ended. */
  async metrics(): Promise<JobMetrics> {
    if (this.#lastMetrics !== undefined) return this.#lastMetrics
    try {
      const perSlot = await Promise.all(this.#slots.map((slot) => slot.metrics()))
      return this.#summarize(perSlot.flat())
    } catch (error) {
      // The job has ended while its slots were asked.
      if (this.#lastMetrics !== undefined) return this.#lastMetrics
      throw error
    }
  }

  /** All that can fail without a slot: the module, the graph, the plan, the sources. */
  async #prepare(): Promise<void> {
    const origin = this.#origin
    const job = origin.kind === 'module' ? await loadJobModule(origin.url) : origin.job
    this.#jobName = job.name
    const graph = await buildGraph(job, this.#options.args)
    const { parallelism, maxParallelism, slots } = this.#options
    const plan = createPlan(graph, {
      parallelism,
      slots,
      ...(maxParallelism === undefined ? {} : { maxParallelism }),
    })
    this.#graph = graph
    this.#plan = plan
    this.#watermarkGroups = new WatermarkGroups(graph, plan, (group, watermark) => {
      for (const slot of this.#slots) {
        // A slot that is lost or has ended ends the job by itself.
        slot.align(group, watermark).catch(() => {})
      }
    })
    this.#enumerators = await Enumerators.start(graph, plan)
    // Cancelled meanwhile, and nobody waits any more.
    if (this.#state !== 'created') await this.#closeEnumerators()
  }

  /** Waits for a step that runs user code, which may take for ever, but no longer than until the job is cancelled or fails. */
  async #untilBroken(step: Promise<void>): Promise<void> {
    this.#step = step
    await Promise.race([step, this.#broken])
  }

  async #closeEnumerators(): Promise<void> {
    if (this.#enumerators !== undefined) await withinPatience([this.#enumerators.close()])
  }

  async #startSlots(): Promise<SlotGroup> {
    const { host, slots } = this.#options
    if (host === 'inline') return startInlineHost({ slots })
    if (host === 'threads') {
      // Loaded here, because slots import this file too, through the job's module, and need no pool.
      const { startThreadHost } = await import('../../runtime/thread-host.ts')
      return startThreadHost({ slots, replaceLost: false })
    }
    // The channels of two jobs would have the same numbers, and the end of one would stop the other.
    if (usedSimulators.has(host)) {
      throw new MillraceError(
        'INVALID_HOST',
        'This simulator runs, or has run, another job: make a new one for each run',
      )
    }
    usedSimulators.add(host)
    return host
  }

  async #deploy(group: SlotGroup): Promise<void> {
    const { plan, graph } = this.#deployable()
    group.onLost((_, error) => {
      this.#fail(error)
    })
    const origin = this.#graphOrigin(graph)
    const deployment: Deployment = { origin, plan, codec: this.#options.codec }
    const extension = { url: new URL('./job-on-slot.js', import.meta.url).href, name: 'deployJob' }
    const coordinator = this.#coordinatorSide()
    const main = await deployTasks({
      node: group.main,
      graph,
      plan,
      codec: this.#options.codec,
      nextSplit: (nodeId, subtaskIndex) => coordinator.nextSplit(nodeId, subtaskIndex),
      announceWatermark: (nodeId, subtaskIndex, watermark) => {
        coordinator.announceWatermark(nodeId, subtaskIndex, watermark)
      },
      // Only collected streams end on the main thread, and they have no subtask that could finish or fail.
      listener: { finished: () => {}, failed: () => {} },
    })
    // Deployed from the end of the plan to its start; shown in the order in which the job names them.
    this.#collectors = [...main.collectors].reverse()
    for (const collector of this.#collectors) {
      collector.onFailed = (error) => {
        this.#fail(error)
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
      align: async (group, watermark) => mainSlot.align(group, watermark),
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

  async #start(): Promise<void> {
    if (this.#state !== 'created') return
    this.#state = 'running'
    this.#startedMs = performance.now()
    // A slot that is lost meanwhile ends the job by itself.
    await Promise.race([Promise.all(this.#slots.map((slot) => slot.start())), this.#broken])
  }

  async #commit(): Promise<void> {
    for (const collector of this.#collectors) collector.takeRest()
    const received = Promise.all(this.#collectors.map((collector) => collector.received))
    await Promise.race([received, this.#broken])
    this.#lastMetrics = await this.metrics()
    // A sink that does not come to its end can still be cancelled.
    await Promise.race([Promise.all(this.#slots.map((slot) => slot.commit())), this.#broken])
    this.#state = 'finished'
  }

  async #abort(error: unknown): Promise<void> {
    const cancelled = error instanceof MillraceError && error.code === 'JOB_CANCELLED'
    this.#state = cancelled ? 'cancelled' : 'failed'
    // A slot that is being deployed may open an output yet, which is to be removed.
    await withinPatience([this.#step])
    for (const collector of this.#collectors) collector.fail(error)
    const metrics = this.metrics().then(
      (last) => {
        this.#lastMetrics = last
      },
      () => {},
    )
    await withinPatience([metrics, ...this.#slots.map((slot) => slot.abort())])
    this.#lastMetrics ??= this.#summarize([])
  }

  #coordinatorSide(): JobCoordinator {
    return {
      nextSplit: async (nodeId, subtaskIndex) => this.#enumerators?.next(nodeId, subtaskIndex),
      announceWatermark: (nodeId, subtaskIndex, watermark) => {
        this.#watermarkGroups?.announce(nodeId, subtaskIndex, watermark)
      },
      finished: (taskId, subtaskIndex) => {
        this.#watermarkGroups?.finished(taskId, subtaskIndex)
        this.#unfinished--
        if (this.#unfinished === 0) this.#endWell()
      },
      failed: (taskId, _subtaskIndex, wire) => {
        const error = revivedOperatorError(fromWireError(wire))
        const { plan, graph } = this.#deployable()
        const root = plan.tasks[taskId]?.root
        // Names repeat less often within one task than within a job.
        if (root !== undefined) noteDeclaration(error, chainedNodes(graph, root))
        this.#fail(error)
      },
    }
  }

  #fail(error: unknown): void {
    this.#endBadly(error)
  }

  #graphOrigin(graph: JobGraph): GraphOrigin {
    if (this.#origin.kind === 'value' || this.#options.host !== 'threads') {
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
    const sorted = [...subtasks].sort(
      (a, b) => a.taskId - b.taskId || a.subtaskIndex - b.subtaskIndex,
    )
    const roles = { isSource: (taskId: number) => this.#isSource(taskId) }
    const durationMs = this.#startedMs === 0 ? 0 : performance.now() - this.#startedMs
    const totals = jobTotals(sorted, roles, this.#enumerators?.recordsExpected)
    return { jobName: this.#jobName, durationMs, totals, subtasks: sorted }
  }

  #isSource(taskId: number): boolean {
    const root = this.#plan?.tasks[taskId]?.root
    return root !== undefined && this.#graph?.nodes[root.nodeId]?.operator.kind === 'source'
  }

  #isCollect(root: ChainedNode): boolean {
    return this.#graph?.nodes[root.nodeId]?.operator.kind === 'collect'
  }
}

/** Waits until all promises have settled, but not for ever: a thread may be busy with user code that does not return. */
async function withinPatience(promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, ABORT_PATIENCE_MS)
  })
  await Promise.race([Promise.allSettled(promises), patience])
  clearTimeout(timer)
}
