/**
 * The end of an attempt that was asked for: with a savepoint from which another run can go on. On the main thread.
 *
 *     suspend:  savepoint behind whose barriers nothing follows ──► committed ──► the slots keep what it needs, and end
 *                   └── cannot be made: everything goes on
 *     drain:    sources end where they stand ──► last watermark, end of input ──► all have finished ──► savepoint ──► commit
 *
 * A drained savepoint says of sources which had more to read, and of all tasks behind them, that they have not finished: whoever goes on
 * from it reads on.
 */
import type { CheckpointCoordinator } from '../../checkpoint/coordinator/checkpoint-coordinator.ts'
import { jobStopped } from '../../checkpoint/coordinator/checkpoint-failure.ts'
import type { CheckpointMetadata, SnapshotStore } from '../../checkpoint/store/snapshot-store.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { Async } from '../../runtime/slot-node.ts'
import type { ExecutionPlan } from '../plan.ts'
import type { Collector } from './collector.ts'
import type { JobSlot } from './protocol.ts'

/** What is stopped. */
export interface Stoppable {
  readonly plan: ExecutionPlan
  readonly checkpoints: CheckpointCoordinator
  readonly collectors: readonly Collector[]
  /** Rejects when the attempt fails. */
  readonly broken: Promise<never>
  readonly slots: () => readonly Async<JobSlot>[]
  /** Whether a subtask has finished. */
  readonly hasFinished: (taskId: number, subtaskIndex: number) => boolean
  /** The attempt has come to its end. */
  readonly ended: () => void
}

/** What a drain ends with. */
interface Drain {
  readonly store: SnapshotStore | undefined
  readonly resolve: (metadata: CheckpointMetadata) => void
  readonly reject: (error: unknown) => void
}

/** See the head of this file. */
export class AttemptStop {
  readonly #parts: Stoppable
  #suspending: Promise<CheckpointMetadata> | undefined
  #suspended = false
  #drain: Drain | undefined
  /** From here on the end has no more to hear of. */
  #completing = false
  /** Tasks that have not finished whatever their subtasks say. */
  #unfinished: ReadonlySet<number> = new Set()

  constructor(parts: Stoppable) {
    this.#parts = parts
  }

  /** Whether nothing follows because of `suspend`. */
  get suspended(): boolean {
    return this.#suspended
  }

  /** Whether the input ends because of `drain`. */
  get draining(): boolean {
    return this.#drain !== undefined
  }

  /** Whether a task has more to do in a run that goes on from here. */
  leavesUnfinished(taskId: number): boolean {
    return this.#unfinished.has(taskId)
  }

  /**
   * Stops everything behind the barriers of a savepoint in this store; undefined: in the job's own. Rejects as
   * `CheckpointCoordinator.stopWithSavepoint`; then everything goes on.
   */
  async suspend(store: SnapshotStore | undefined): Promise<CheckpointMetadata> {
    const { checkpoints, collectors, slots, broken, ended } = this.#parts
    // What was sent before the barrier must be taken, whether or not anybody reads it.
    for (const collector of collectors) collector.takeRest()
    this.#suspending = Promise.race([checkpoints.stopWithSavepoint(store), broken])
    try {
      const metadata = await this.#suspending
      this.#suspended = true
      ended()
      return metadata
    } catch (error) {
      for (const collector of collectors) collector.takeRest(false)
      // A slot that is lost ends the attempt by itself.
      for (const slot of slots()) slot.resume().catch(() => {})
      throw error
    }
  }

  /** The barriers of the savepoint come next. */
  async triggerLast(checkpointId: number): Promise<void> {
    const slots = this.#parts.slots()
    // All of them, before the first barrier can reach one.
    await Promise.all(
      slots.flatMap((slot) => [slot.suspendAfter(checkpointId), slot.standAlone(checkpointId)]),
    )
    for (const slot of slots) slot.triggerCheckpoint(checkpointId, Infinity).catch(() => {})
  }

  /** Ends the input, and the job when all is done, with a savepoint in this store; undefined: with the last checkpoint in the job's own. */
  async drain(store: SnapshotStore | undefined): Promise<CheckpointMetadata> {
    const { slots, broken } = this.#parts
    if (this.#completing) throw jobStopped('the job has come to its end')
    if (store === undefined) this.#parts.checkpoints.requireStore()
    this.#unfinished = this.#tasksWithInput()
    const made = new Promise<CheckpointMetadata>((resolve, reject) => {
      this.#drain = { store, resolve, reject }
    })
    made.catch(() => {})
    await Promise.race([Promise.all(slots().map((slot) => slot.keepState())), broken])
    await Promise.race([Promise.all(slots().map((slot) => slot.drain())), broken])
    return Promise.race([made, broken])
  }

  /** All subtasks have finished, or stand still: makes what the end needs, and commits. */
  async complete(): Promise<void> {
    await this.#suspending?.catch(() => {})
    if (this.#suspended) return
    this.#completing = true
    const drain = this.#drain
    const { checkpoints } = this.#parts
    try {
      const savepoint =
        drain?.store === undefined ? undefined : await checkpoints.savepoint(drain.store)
      const last = await checkpoints.complete()
      const metadata = savepoint ?? last
      if (metadata !== undefined) drain?.resolve(metadata)
    } catch (error) {
      drain?.reject(error)
      throw error
    }
  }

  /** Source tasks that still read, and all behind them. */
  #tasksWithInput(): ReadonlySet<number> {
    const { plan, hasFinished } = this.#parts
    const found = new Set<number>()
    // Every edge leads from a smaller id to a larger one.
    for (const { id, inputs, subtasks } of plan.tasks) {
      const reads =
        inputs.length === 0 && subtasks.some((subtask) => !hasFinished(id, subtask.index))
      if (reads || inputs.some(({ fromTask }) => found.has(fromTask))) found.add(id)
    }
    return found
  }
}

/** What `stop` is told. */
export interface StopOptions {
  /** The directory of the savepoint. Default: that of the job's own checkpoints. */
  readonly savepoint?: string
  /**
   * Whether the input ends: the last watermark fires all windows and timers before the savepoint is made. For a job that is not to go on,
   * since whatever comes later finds its windows closed. Default: false, nothing fires.
   */
  readonly drain?: boolean
}

/** Checks them. Errors: `INVALID_ARGUMENT`. */
export function checkStopOptions(options: unknown): StopOptions {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
    const { savepoint, drain, ...unknown } = options as StopOptions & Record<string, unknown>
    const isPath = savepoint === undefined || (typeof savepoint === 'string' && savepoint !== '')
    const isDrain = drain === undefined || typeof drain === 'boolean'
    if (isPath && isDrain && Object.keys(unknown).length === 0) return options
  }
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `stop: expected { savepoint: the path of a directory, drain: true or false }, got ${JSON.stringify(options)}`,
  )
}
