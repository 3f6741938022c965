/**
 * What the attempts of one run stand on: the store of its checkpoints, its slots, the enumerators of its sources. On the main thread.
 *
 * The store is opened once. Slots serve one attempt after the other, unless their threads may hold what an attempt left behind.
 * Enumerators are started for each attempt where its checkpoint has them, after the sinks have committed what is in it.
 */
import { CheckpointHistory } from '../../checkpoint/coordinator/checkpoint-statistics.ts'
import type { CheckpointSummary } from '../../checkpoint/coordinator/checkpoint-statistics.ts'
import type { RestoredJob } from '../../checkpoint/coordinator/restored-job.ts'
import { Simulator } from '../../runtime/simulator.ts'
import type { Slot } from '../../runtime/slot.ts'
import type { SlotGroup } from '../../runtime/slot-node.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import type { JobGraph } from '../graph.ts'
import type { ExecutionPlan } from '../plan.ts'
import { commitSinks } from './commit-sinks.ts'
import { chainedNodes } from './declaration.ts'
import { Enumerators, whereTheyStood } from './enumerators.ts'
import { JobCheckpoints } from './job-checkpoints.ts'
import type { PlannedJob } from './planned-job.ts'
import { withinPatience } from './patience.ts'
import type { ResolvedOptions } from './run-options.ts'
import { endSlots, startSlots } from './start-slots.ts'

/** Waits for a step that may take for ever, but no longer than until the job is cancelled. */
export type OrCancelled = <T>(step: Promise<T>) => Promise<T>

/** What an attempt stands on. */
export interface AttemptResources {
  readonly graph: JobGraph
  readonly plan: ExecutionPlan
  readonly checkpoints: JobCheckpoints
  readonly group: SlotGroup
  readonly enumerators: Enumerators
  /** What it begins with; undefined: nothing. */
  readonly restored: RestoredJob | undefined
}

/** See the head of this file. */
export class JobResources {
  readonly #options: ResolvedOptions
  readonly #orCancelled: OrCancelled
  #checkpoints: JobCheckpoints | undefined
  #group: SlotGroup | undefined
  #enumerators: Enumerators | undefined

  constructor(options: ResolvedOptions, orCancelled: OrCancelled) {
    this.#options = options
    this.#orCancelled = orCancelled
  }

  /** Slot 0. Undefined while there are no slots. */
  get slot(): Slot | undefined {
    return this.#group?.main.slot
  }

  /** Those of the newest attempt. */
  get enumerators(): Enumerators | undefined {
    return this.#enumerators
  }

  /** What has become of the checkpoints of all attempts. */
  get checkpointSummary(): CheckpointSummary {
    return (this.#checkpoints?.history ?? new CheckpointHistory()).summary()
  }

  /**
   * What the next attempt of this job stands on. Rejects with errors of the store, of sinks that commit, of enumerators, of slots that
   * cannot start, and when the job is cancelled.
   */
  async forAttempt(job: PlannedJob): Promise<AttemptResources> {
    this.#checkpoints ??= await JobCheckpoints.open(this.#options)
    const restored = await this.#checkpoints.restore(job.deployable.graph, (inFlight) =>
      job.planWith(inFlight),
    )
    const { graph, plan } = job.deployable
    if (restored !== undefined) await this.#commit(graph, restored.committables)
    const starting = Enumerators.start(graph, plan, {
      // A savepoint may be asked for at any time.
      checkpoints: true,
      ...whereTheyStood(restored),
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
      await this.closeEnumerators()
      throw error
    }
    const enumerators = this.#enumerators
    return {
      graph,
      plan,
      checkpoints: this.#checkpoints,
      group: this.#group,
      enumerators,
      restored,
    }
  }

  /** Once more perhaps. When the job is cancelled meanwhile, a commit that ends soon is waited for: the next run may want to do the same. */
  async #commit(graph: JobGraph, committables: RestoredJob['committables']): Promise<void> {
    const committing = commitSinks(graph, committables)
    try {
      await this.#orCancelled(committing)
    } catch (error) {
      await withinPatience(this.slot?.clock ?? systemClock, [committing])
      throw error
    }
  }

  /** Some tasks begin again, in this plan, while the others go on. Returns what they begin with; undefined: nothing. */
  async restoreTasks(
    graph: JobGraph,
    plan: ExecutionPlan,
    tasks: ReadonlySet<number>,
  ): Promise<RestoredJob | undefined> {
    const restored = await this.#checkpoints?.restore(graph, () => plan)
    const uids = new Set(
      plan.tasks
        .filter(({ id }) => tasks.has(id))
        .flatMap(({ root }) => chainedNodes(graph, root).map(({ uid }) => uid)),
    )
    const committables = [...(restored?.committables ?? [])].filter(([uid]) => uids.has(uid))
    await commitSinks(graph, new Map(committables))
    const before = whereTheyStood(restored)
    await this.#enumerators?.restart(graph, plan, { tasks, checkpoints: true, ...before })
    return restored
  }

  /** The attempt is over. Never rejects, and waits for no enumerator for ever. */
  async closeEnumerators(): Promise<void> {
    const enumerators = this.#enumerators
    const clock = this.slot?.clock ?? systemClock
    if (enumerators !== undefined) await withinPatience(clock, [enumerators.close()])
  }

  /** The next attempt gets other threads: these may hold what the last one left behind. */
  async renewSlots(): Promise<void> {
    if (this.#options.host instanceof Simulator) {
      this.#options.host.restart()
      return
    }
    const group = this.#group
    this.#group = undefined
    await group?.stop()
  }

  /** The run is over. `clean`: it has finished, and left nothing on the slots. */
  async close(clean: boolean, cancelled: boolean): Promise<void> {
    if (this.#group !== undefined) await endSlots(this.#group, clean)
    await this.#checkpoints?.close(cancelled)
  }
}
