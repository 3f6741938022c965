/**
 * The life of one checkpoint, from its first byte in the store to its metadata. On the main thread.
 *
 *     opening ──► collecting ──all contributed, all parts written──► completing ──► over
 *        └────────────┴── `fail`: aborted, what was written is discarded ─────────────▲
 *
 * Parts are written as they come. From `completing` on nothing aborts it: the metadata may have its name already.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Cancel } from '../../runtime/clock.ts'
import { packSubtask, subtaskPartName } from '../store/subtask-part.ts'
import type {
  CheckpointKind,
  CheckpointMetadata,
  CheckpointWriter,
  SnapshotStore,
} from '../store/snapshot-store.ts'
import type { SnapshotPiece } from '../state/snapshot.ts'
import type { SubtaskName, SubtaskSnapshot } from '../subtask-snapshot.ts'
import { checkUids, coordinatorState } from './checkpoint-contents.ts'
import { CheckpointError, reasonText } from './checkpoint-failure.ts'
import type { CheckpointFailureReason } from './checkpoint-failure.ts'
import type { CheckpointHost, CheckpointedJob } from './checkpoint-host.ts'
import type { CheckpointStatistics } from './checkpoint-statistics.ts'
import type { ContributionLedger } from './contribution-ledger.ts'
import { PendingCheckpoint, subtaskKey } from './pending-checkpoint.ts'
import type { CheckpointBundle } from './pending-checkpoint.ts'
import { SnapshotPieces } from './snapshot-pieces.ts'
import { partsBefore } from './subtask-chain.ts'

/** What a checkpoint is made of. */
export interface RunParts {
  readonly job: CheckpointedJob
  readonly host: CheckpointHost
  readonly ledger: ContributionLedger
  readonly store: SnapshotStore
  readonly kind: CheckpointKind
  /** Nothing follows behind its barriers. Default: false. */
  readonly stops?: boolean
  readonly timeoutMs: number
  /** The last complete checkpoint in the store: what has changed since may be written alone. Undefined: there is none. */
  readonly before?: CheckpointMetadata | undefined
  /** The least id that it may have. */
  readonly leastId: number
  /** It has its id and begins to collect. Runs before any subtask is told. */
  readonly onTriggered: (run: CheckpointRun) => void
}

/** A checkpoint that lies in the store. */
export interface WrittenCheckpoint {
  readonly metadata: CheckpointMetadata
  readonly bundle: CheckpointBundle
}

/** See the head of this file. */
export class CheckpointRun {
  readonly #parts: RunParts
  #id: number | undefined
  #state: 'opening' | 'collecting' | 'completing' | 'aborted' | 'over' = 'opening'
  #pending: PendingCheckpoint | undefined
  #writer: CheckpointWriter | undefined
  readonly #pieces = new SnapshotPieces()
  readonly #puts: Promise<unknown>[] = []
  #bytes = 0
  #recordsInFlight = 0
  #cancelTimeout: Cancel = () => {}
  #triggeredAt: number
  readonly #beganMs: number
  readonly #aborted: Promise<never>
  #abort: (error: CheckpointError) => void = () => {}
  #failure: CheckpointError | undefined

  constructor(parts: RunParts) {
    this.#parts = parts
    const { clock } = parts.host
    this.#triggeredAt = clock.now()
    this.#beganMs = clock.monotonicMs()
    this.#aborted = new Promise((_, reject) => {
      this.#abort = reject
    })
    // Heard of by `execute`, which at times waits for something else.
    this.#aborted.catch(() => {})
  }

  /** Undefined: it has none yet. */
  get id(): number | undefined {
    return this.#id
  }

  /** Whether it takes a contribution of this subtask. */
  awaits(name: SubtaskName): boolean {
    return this.#pending?.awaits(name) ?? false
  }

  /** Whether a subtask has contributed. */
  has(name: SubtaskName): boolean {
    return this.#pending?.has(name) ?? false
  }

  /** Takes what a subtask has packed before it contributes; drops it unless it `awaits` that. */
  packed(name: SubtaskName, pieces: readonly SnapshotPiece[]): void {
    if (this.awaits(name)) this.#pieces.add(name, pieces)
  }

  /** Takes a contribution that it `awaits`, and which belongs to the pieces that came before. */
  acknowledge(name: SubtaskName, snapshot: SubtaskSnapshot): void {
    let whole: SubtaskSnapshot
    try {
      whole = this.#pieces.join(name, snapshot)
    } catch (error) {
      this.fail('declined', reasonText(error), error)
      return
    }
    this.#put(name, whole)
    if (this.awaits(name)) this.#pending?.acknowledge(name, whole)
  }

  /** Gives it up, if that is still possible. Subtasks that were told to begin are told at once. */
  fail(reason: CheckpointFailureReason, detail: string, cause?: unknown): void {
    if (this.#state !== 'opening' && this.#state !== 'collecting') return
    const wasTriggered = this.#state === 'collecting'
    this.#state = 'aborted'
    this.#cancelTimeout()
    this.#pending?.fail()
    this.#pieces.clear()
    this.#failure = this.#error(reason, detail, cause)
    this.#abort(this.#failure)
    if (wasTriggered && this.#id !== undefined) this.#parts.host.notifyAborted(this.#id)
  }

  /** Makes it. Rejects with a `CheckpointError` when it is certain that nothing of it is left, or is offered; except `inDoubt`. */
  async execute(): Promise<WrittenCheckpoint> {
    const { host, timeoutMs } = this.#parts
    this.#cancelTimeout = host.clock.schedule(timeoutMs, () => {
      this.#timeOut()
    })
    try {
      await this.#open()
      const bundle = await Promise.race([this.#collect(), this.#aborted])
      await Promise.race([Promise.all(this.#puts), this.#aborted])
      return { metadata: await this.#complete(bundle), bundle }
    } catch (error) {
      // Late errors of parts follow from the same failure.
      await Promise.allSettled(this.#puts)
      if (this.#writer !== undefined) await this.#settled(this.#writer.discard())
      throw error
    } finally {
      this.#cancelTimeout()
      if (this.#state !== 'aborted') this.#state = 'over'
    }
  }

  /** What is known of it now; `failure` when it has failed. */
  statistics(
    state: CheckpointStatistics['state'],
    failure?: CheckpointError,
  ): CheckpointStatistics {
    const { host, job, kind } = this.#parts
    return {
      id: this.#id,
      kind,
      state,
      triggeredAt: this.#triggeredAt,
      durationMs: state === 'underWay' ? undefined : host.clock.monotonicMs() - this.#beganMs,
      bytes: state === 'completed' ? this.#bytes : undefined,
      recordsInFlight: state === 'completed' ? this.#recordsInFlight : undefined,
      acknowledged: this.#pending?.acknowledged ?? 0,
      subtasks: job.subtasks.length,
      reason: failure?.reason,
    }
  }

  async #open(): Promise<void> {
    const { store, kind, leastId } = this.#parts
    const opening = (async () => {
      const id = Math.max(leastId, await store.nextId())
      return store.begin(id, { kind })
    })()
    let writer: CheckpointWriter
    try {
      writer = await this.#settled(opening)
    } catch (error) {
      this.fail('storeFailed', reasonText(error), error)
      throw this.#failure ?? error
    }
    this.#writer = writer
    this.#id = writer.id
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Tells the subtasks to begin. Resolves when all have contributed. */
  #collect(): Promise<CheckpointBundle> {
    const { job, host, ledger, kind, stops, onTriggered } = this.#parts
    const { id } = this.#writer as CheckpointWriter
    return new Promise((resolve) => {
      this.#pending = new PendingCheckpoint({
        id,
        subtasks: job.subtasks,
        sources: job.sources,
        sourcesAcknowledged: (progress) => host.sourcesAcknowledged(id, progress),
        onDone: resolve,
        onEnumeratorFailed: (error) => {
          this.fail('enumeratorFailed', reasonText(error), error)
        },
      })
      this.#state = 'collecting'
      this.#triggeredAt = host.clock.now()
      onTriggered(this)
      for (const { name, snapshot } of ledger.finals()) this.acknowledge(name, snapshot)
      this.#pending.begin()
      if (this.#state !== 'collecting' || this.#pending.missing.length === 0) return
      try {
        if (stops === true) host.triggerLast(id)
        else host.trigger(id, kind)
      } catch (error) {
        this.fail('triggerFailed', reasonText(error), error)
      }
    })
  }

  #put(name: SubtaskName, snapshot: SubtaskSnapshot): void {
    let pieces: Uint8Array[]
    const writer = this.#writer as CheckpointWriter
    const { builtOn } = snapshot
    try {
      if (builtOn !== undefined) this.#include(writer, name, builtOn)
      checkUids(name, snapshot, this.#parts.job.operators)
      pieces = packSubtask(snapshot)
    } catch (error) {
      this.fail('declined', `subtask ${subtaskKey(name)}: ${reasonText(error)}`, error)
      return
    }
    for (const { length } of pieces) this.#bytes += length
    for (const { batches } of snapshot.channels)
      for (const { length } of batches) this.#recordsInFlight += length
    const partName =
      builtOn === undefined ? subtaskPartName(name) : subtaskPartName(name, writer.id)
    const writing = writer.put(partName, pieces)
    const put = this.#settled(writing)
    put.catch((error: unknown) => {
      this.fail('storeFailed', reasonText(error), error)
    })
    this.#puts.push(put)
  }

  /** Takes in the parts on which one builds. */
  #include(writer: CheckpointWriter, name: SubtaskName, builtOn: readonly number[]): void {
    const parts = partsBefore(name, builtOn, this.#parts.before ?? { parts: [] })
    if (parts === undefined) {
      throw new MillraceError(
        'MISSING_PART',
        `it builds on its parts of the checkpoints ${builtOn.join(', ')}, of which the last complete one has not all`,
      )
    }
    for (const part of parts) writer.include(part)
  }

  async #complete({ enumerators }: CheckpointBundle): Promise<CheckpointMetadata> {
    // A failure may have come in the same moment as the last part.
    if (this.#failure !== undefined) throw this.#failure
    this.#state = 'completing'
    this.#cancelTimeout()
    const { jobName, jobId, fingerprint, operators } = this.#parts.job
    const completing = (this.#writer as CheckpointWriter).complete({
      jobName,
      jobId,
      fingerprint,
      operators,
      triggeredAt: this.#triggeredAt,
      completedAt: this.#parts.host.clock.now(),
      coordinator: coordinatorState(enumerators),
    })
    try {
      return await this.#settled(completing)
    } catch (error) {
      const inDoubt = error instanceof MillraceError && error.code === 'CHECKPOINT_IN_DOUBT'
      throw this.#error(inDoubt ? 'inDoubt' : 'storeFailed', reasonText(error), error)
    }
  }

  #timeOut(): void {
    const { job, ledger, timeoutMs } = this.#parts
    const ending = job.sources.every((name) => ledger.hasFinished(name))
    const missing = (this.#pending?.missing ?? []).map(subtaskKey)
    const detail =
      missing.length === 0
        ? `not all was written within ${timeoutMs} ms`
        : `${missing.length} of ${job.subtasks.length} subtasks had not acknowledged after ${timeoutMs} ms (task/subtask: ${missing.slice(0, 5).join(', ')})`
    this.fail(ending && missing.length > 0 ? 'sourcesFinished' : 'timedOut', detail)
  }

  #settled<T>(promise: Promise<T>): Promise<T> {
    return settled(this.#parts.host, promise)
  }

  #error(reason: CheckpointFailureReason, detail: string, cause: unknown): CheckpointError {
    const facts = { checkpointId: this.#id, reason, detail }
    return new CheckpointError(cause === undefined ? facts : { ...facts, cause })
  }
}

/** Waits for what happens outside, so that the host knows of it. */
export function settled<T>({ whenSettled }: CheckpointHost, promise: Promise<T>): Promise<T> {
  if (whenSettled === undefined) return promise
  return new Promise((resolve, reject) => {
    whenSettled(promise, resolve, reject)
  })
}
