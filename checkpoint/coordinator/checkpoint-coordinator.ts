/**
 * Decides when checkpoints of a job are made, and what follows from how they end. On the main thread; one per attempt to run the job.
 *
 *     created ──start──► running ──complete──► ending ──► over
 *        └──────────────────┴── `stop`, or the job was failed ──▲
 *
 * One checkpoint at a time, its commit included. Of each, in this order: all contributions are written; the store completes it; the sinks
 * commit; `notifyComplete`; older ones are removed. A crash before the second step leaves nothing of it, one after it leads to a restart from it, which
 * commits again.
 *
 * A savepoint in another store than the job's own is not what the job would go on from: committing what it holds would double it after a
 * restart from an earlier checkpoint. Its committables wait for the next checkpoint.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { SnapshotPiece } from '../state/snapshot.ts'
import type { CheckpointKind, CheckpointMetadata, SnapshotStore } from '../store/snapshot-store.ts'
import type { SubtaskName, SubtaskSnapshot } from '../subtask-snapshot.ts'
import {
  CheckpointError,
  checkpointsOff,
  jobStopped,
  noSavepointStore,
  reasonText,
} from './checkpoint-failure.ts'
import type { CheckpointHost, CheckpointedJob } from './checkpoint-host.ts'
import type { ResolvedCheckpointOptions } from './checkpoint-options.ts'
import { createRequest } from './checkpoint-request.ts'
import type { CheckpointRequest } from './checkpoint-request.ts'
import { CheckpointRun, settled } from './checkpoint-run.ts'
import type { WrittenCheckpoint } from './checkpoint-run.ts'
import { CheckpointSchedule } from './checkpoint-schedule.ts'
import { CheckpointHistory } from './checkpoint-statistics.ts'
import { copyCheckpoint } from './copy-checkpoint.ts'
import { committablesBySink, ContributionLedger } from './contribution-ledger.ts'
import { FailureTolerance } from './failure-tolerance.ts'
import { subtaskKey } from './pending-checkpoint.ts'

/** What a coordinator works with. */
export interface CoordinatorParts {
  readonly job: CheckpointedJob
  readonly host: CheckpointHost
  readonly options: ResolvedCheckpointOptions
  /** The job's own store. Undefined: no checkpoints; sinks commit at the end only. */
  readonly store: SnapshotStore | undefined
  /** Shared by all attempts of a job. Default: a new one. */
  readonly history?: CheckpointHistory
}

/** See the head of this file. */
export class CheckpointCoordinator {
  readonly #parts: CoordinatorParts
  readonly #history: CheckpointHistory
  readonly #ledger = new ContributionLedger()
  readonly #schedule: CheckpointSchedule
  readonly #tolerance: FailureTolerance
  #state: 'created' | 'running' | 'ending' | 'over' = 'created'
  readonly #queue: CheckpointRequest[] = []
  /** The checkpoint under way. */
  #run: CheckpointRun | undefined
  /** Settles when it has ended, commit and retention included. */
  #underWay: Promise<void> | undefined
  #nextId = 1
  /** The last complete one of the job itself, made by this attempt. */
  #last: CheckpointMetadata | undefined
  /** The highest id of which all contributions have been taken over. */
  #writtenId = 0
  /** Parts of the job that begin again: nothing is begun meanwhile. */
  #held = 0

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
    this.#history = parts.history ?? new CheckpointHistory()
    this.#schedule = new CheckpointSchedule(parts.host.clock, parts.options)
    this.#tolerance = new FailureTolerance(parts.options.tolerableFailures)
  }

  /** What became of the checkpoints of the job. */
  get history(): CheckpointHistory {
    return this.#history
  }

  /** The sources read from now on: the first interval begins. */
  start(): void {
    if (this.#state !== 'created') return
    this.#state = 'running'
    this.#schedule.triggered()
    this.#next()
  }

  /**
   * Makes a checkpoint now, or as soon as the one under way has ended; callers who wait for the same one share it. Resolves when it is complete and
   * committed. Errors: `CHECKPOINT_FAILED` (a `CheckpointError`), `CHECKPOINTS_OFF` without a store, the error of a commit.
   */
  checkpoint(): Promise<CheckpointMetadata> {
    const { store } = this.#parts
    if (store === undefined) return Promise.reject(checkpointsOff())
    const waiting = this.#queue.find(({ kind }) => kind === 'checkpoint')
    return (waiting ?? this.#enqueue('checkpoint', store)).promise
  }

  /**
   * Makes a savepoint in this store; default: the job's own. Otherwise as `checkpoint`, but one in another store commits nothing. The other store
   * must stay open until the promise has settled.
   */
  savepoint(store = this.#parts.store): Promise<CheckpointMetadata> {
    if (store === undefined) return Promise.reject(noSavepointStore())
    return this.#enqueue('savepoint', store).promise
  }

  /** Throws `CHECKPOINTS_OFF` where the job has no store of its own. */
  requireStore(): void {
    if (this.#parts.store === undefined) throw noSavepointStore()
  }

  /**
   * Makes a savepoint behind whose barriers nothing follows (`CheckpointHost.triggerLast`), and commits it, in whatever store it lies: a job
   * goes on from there, or from its own store, which gets a copy first. No checkpoint follows. Errors: as `savepoint`; the subtasks then
   * stand still until they are told to go on, unless the commit has failed, and the job with it.
   */
  stopWithSavepoint(store = this.#parts.store): Promise<CheckpointMetadata> {
    if (store === undefined) return Promise.reject(noSavepointStore())
    return this.#enqueue('savepoint', store, { stops: true }).promise
  }

  /**
   * A subtask has packed a part of its state for a checkpoint, and will acknowledge it without these pieces. They must come before that. What comes
   * too late is dropped.
   */
  packed(name: SubtaskName, checkpointId: number, pieces: readonly SnapshotPiece[]): void {
    if (this.#run?.id === checkpointId) this.#run.packed(name, pieces)
  }

  /**
   * A subtask has taken its snapshot at the barrier of a checkpoint. Its acknowledgements must come in the order of their checkpoints,
   * and before `subtaskFinished`. One that comes too late is counted; what its sinks have prepared goes into the next checkpoint.
   */
  acknowledged(name: SubtaskName, checkpointId: number, snapshot: SubtaskSnapshot): void {
    const run = this.#run
    if (run?.id === checkpointId && run.awaits(name)) {
      run.acknowledge(name, this.#ledger.acknowledged(name, snapshot))
      return
    }
    this.#history.lateAcknowledgement()
    const isRepeated =
      checkpointId <= this.#writtenId || (run?.id === checkpointId && run.has(name))
    if (!isRepeated) this.#ledger.acknowledged(name, snapshot)
  }

  /** A subtask could not take its snapshot; it goes on. It must not have let its sinks prepare. */
  declined(name: SubtaskName, checkpointId: number, error: unknown): void {
    if (this.#run?.id !== checkpointId) return
    this.#run.fail('declined', `subtask ${subtaskKey(name)}: ${reasonText(error)}`, error)
  }

  /**
   * A subtask has done all that it had to do, and prepared its sinks for the last time. After the start from a checkpoint also for subtasks that
   * are not deployed because their task had finished, with its last snapshot. `finished`: false where the job was
   * told to end before its input did, so that whoever goes on from there runs the subtask again.
   */
  subtaskFinished(name: SubtaskName, finalSnapshot: SubtaskSnapshot, finished = true): void {
    this.#ledger.finished(name, { ...finalSnapshot, finished })
    const final = this.#ledger.finalOf(name)
    if (final !== undefined && this.#run?.awaits(name) === true) this.#run.acknowledge(name, final)
  }

  /**
   * Some subtasks have failed, and begin again where the last checkpoint was made: gives up what is under way, unless its metadata is being
   * written, and what they have contributed since. Nothing is begun before `release`. Resolves when all is quiet: only then ask the store for
   * the latest checkpoint.
   */
  async hold(names: readonly SubtaskName[]): Promise<void> {
    this.#held++
    this.#schedule.cancel()
    this.#run?.fail('tasksRestart', 'a part of the job begins again')
    await this.#underWay
    for (const name of names) this.#ledger.forget(name)
  }

  /** They run again. Once per `hold`. */
  release(): void {
    this.#held--
    this.#next()
  }

  /**
   * All subtasks have finished: makes the last checkpoint and commits it; without a store it only commits. No checkpoint follows. Resolves with the
   * last checkpoint. Errors: `SUBTASKS_UNFINISHED`, `CHECKPOINT_FAILED`, the error of a commit; then nothing of the end of the job is visible, or not
   * all, and a restart from the last completed checkpoint must repeat it.
   */
  async complete(): Promise<CheckpointMetadata | undefined> {
    const { job, store } = this.#parts
    const unfinished = job.subtasks.filter((name) => !this.#ledger.hasFinished(name))
    if (unfinished.length > 0) {
      throw new MillraceError(
        'SUBTASKS_UNFINISHED',
        `expected that all subtasks have finished, got ${unfinished.length} that have not (task/subtask: ${unfinished.slice(0, 5).map(subtaskKey).join(', ')})`,
      )
    }
    if (this.#state !== 'over') this.#state = 'ending'
    this.#schedule.cancel()
    if (store !== undefined) {
      const metadata = await this.#enqueue('checkpoint', store).promise
      await this.#underWay
      this.#end('the job has finished')
      return metadata
    }
    while (this.#underWay !== undefined) await this.#underWay
    if (this.#isOver()) throw jobStopped()
    const finals = this.#ledger.finals()
    await settled(this.#parts.host, this.#parts.host.commit(committablesBySink(finals)))
    this.#ledger.committed(finals)
    this.#end('the job has finished')
    return undefined
  }

  /**
   * The attempt has ended, well or not: gives up what is under way, except a checkpoint whose metadata is being written, which is committed
   * too. Resolves when all is quiet: only then ask the store for the latest checkpoint, or end writers. Safe to call twice.
   */
  async stop(): Promise<void> {
    this.#end('the job has stopped')
    await this.#underWay
  }

  #enqueue(
    kind: CheckpointKind,
    store: SnapshotStore,
    { asked = true, stops = false } = {},
  ): CheckpointRequest {
    const request = createRequest({ kind, store, asked, stops })
    if (this.#isOver()) request.reject(jobStopped())
    else this.#queue.push(request)
    this.#next()
    return request
  }

  /** Begins what waits, or sets the clock for the next one. */
  #next(): void {
    if (this.#underWay !== undefined || this.#isOver() || this.#state === 'created') return
    if (this.#held > 0) return
    this.#schedule.cancel()
    const request = this.#queue.shift()
    if (request === undefined) this.#awaitDue()
    else this.#begin(request)
  }

  #awaitDue(): void {
    const { store, job } = this.#parts
    if (store === undefined || this.#state !== 'running') return
    this.#schedule.set(() => {
      // Without sources nobody lets barriers in; the last checkpoint follows.
      if (job.sources.every((name) => this.#ledger.hasFinished(name))) return
      this.#enqueue('checkpoint', store, { asked: false })
    })
  }

  #begin(request: CheckpointRequest): void {
    this.#schedule.triggered()
    this.#underWay = this.#make(request).then((tell) => {
      this.#run = undefined
      this.#underWay = undefined
      this.#schedule.ended()
      tell()
      this.#next()
    })
  }

  /** Makes a checkpoint from beginning to end. Never rejects: returns what whoever asked for it is to be told. */
  async #make(request: CheckpointRequest): Promise<() => void> {
    const { job, host, options, store: own } = this.#parts
    const { store, kind, stops } = request
    const run = new CheckpointRun({
      job,
      host,
      ledger: this.#ledger,
      store,
      kind,
      stops,
      timeoutMs: options.timeoutMs,
      before: store === own ? this.#last : undefined,
      leastId: this.#nextId,
      onTriggered: ({ id }) => {
        this.#nextId = (id ?? 0) + 1
        this.#history.began(() => run.statistics('underWay'))
      },
    })
    this.#run = run
    try {
      const written = await run.execute()
      this.#writtenId = written.metadata.id
      if (store === own && kind === 'checkpoint') this.#last = written.metadata
      if (stops && own !== undefined && store !== own) await this.#copy(written, own)
      if (store === own || stops) await this.#commit(written)
      else host.notifyAborted(written.metadata.id)
      if (stops) this.#end('the job stops with a savepoint')
      this.#history.ended(run.statistics('completed'))
      return () => {
        request.resolve(written.metadata)
      }
    } catch (error) {
      const failure = error instanceof CheckpointError ? error : undefined
      this.#history.ended(run.statistics(failure === undefined ? 'completed' : 'failed', failure))
      const fatal = this.#tolerance.failed(error, request.asked)
      if (fatal !== undefined) this.#failJob(fatal.error)
      return () => {
        request.reject(error)
      }
    }
  }

  /** What is committed must be found again by whoever goes on from the job's own store. */
  async #copy(written: WrittenCheckpoint, store: SnapshotStore): Promise<void> {
    const { host } = this.#parts
    await settled(host, copyCheckpoint(written, store))
  }

  async #commit({ metadata, bundle }: WrittenCheckpoint): Promise<void> {
    const { host, options, store } = this.#parts
    this.#tolerance.written()
    await settled(host, host.commit(committablesBySink(bundle.contributions)))
    this.#ledger.committed(bundle.contributions)
    host.notifyComplete(metadata.id, metadata.kind)
    try {
      if (store !== undefined) await settled(host, store.retain(options.keep))
    } catch {
      // More is kept than was asked for: no reason to lose a checkpoint that is complete.
      this.#history.retentionFailed()
    }
  }

  #failJob(error: unknown): void {
    // Whoever has stopped the attempt already has a reason of its own.
    if (this.#isOver()) return
    this.#end('the job has failed')
    this.#parts.host.failJob(error)
  }

  #end(detail: string): void {
    if (this.#isOver()) return
    this.#state = 'over'
    this.#schedule.cancel()
    this.#run?.fail('jobStopped', detail)
    for (const request of this.#queue.splice(0)) request.reject(jobStopped(detail))
  }

  #isOver(): boolean {
    return this.#state === 'over'
  }
}
