/**
 * Why checkpoints fail: a closed list, and the errors that tell of it.
 */
import { MillraceError } from '../../mailbox/errors.ts'

/**
 * Why a checkpoint was not completed.
 *
 * - `timedOut`: not all subtasks had acknowledged, or not all was written, in time.
 * - `sourcesFinished`: the same, but all sources had finished, and only they let barriers in: the job is ending, its last checkpoint follows.
 * - `declined`: a subtask could not take its snapshot.
 * - `triggerFailed`: a slot could not be told to begin.
 * - `enumeratorFailed`: the state of the enumerators could not be taken.
 * - `storeFailed`: the store did not take it.
 * - `inDoubt`: the store cannot tell whether it will be found after a crash. Fails the job.
 * - `tasksRestart`: a part of the job has failed and begins again.
 * - `jobStopped`: the attempt to run the job has ended.
 */
export type CheckpointFailureReason =
  | 'timedOut'
  | 'sourcesFinished'
  | 'declined'
  | 'triggerFailed'
  | 'enumeratorFailed'
  | 'storeFailed'
  | 'inDoubt'
  | 'tasksRestart'
  | 'jobStopped'

/** What the error of a failed checkpoint is made of. */
export interface CheckpointFailureFacts {
  /** Undefined: it had not got an id yet. */
  readonly checkpointId: number | undefined
  readonly reason: CheckpointFailureReason
  /** What happened, as the rest of a sentence. */
  readonly detail: string
  readonly cause?: unknown
}

/** A checkpoint was not completed. Code `CHECKPOINT_FAILED`; `reason` says why. Can be tried again unless the job has stopped. */
export class CheckpointError extends MillraceError {
  override readonly name: string = 'CheckpointError'
  readonly checkpointId: number | undefined
  readonly reason: CheckpointFailureReason

  constructor({ checkpointId, reason, detail, ...rest }: CheckpointFailureFacts) {
    const which = checkpointId === undefined ? 'a checkpoint' : `checkpoint ${checkpointId}`
    super('CHECKPOINT_FAILED', `${which} was not completed (${reason}): ${detail}`, {
      ...rest,
      retryable: reason !== 'jobStopped' && reason !== 'inDoubt',
    })
    this.checkpointId = checkpointId
    this.reason = reason
  }
}

/** The job fails because too many checkpoints in a row have: `TOO_MANY_FAILED_CHECKPOINTS`, with the last one's error as cause. */
export function tooManyFailures(tolerable: number, last: CheckpointError): MillraceError {
  return new MillraceError(
    'TOO_MANY_FAILED_CHECKPOINTS',
    `expected at most ${tolerable} failed checkpoints in a row (tolerableFailures), got ${tolerable + 1}: ${last.message}`,
    { cause: last, retryable: true },
  )
}

/** A checkpoint that was asked for was not begun. */
export function jobStopped(detail = 'the job has stopped'): CheckpointError {
  return new CheckpointError({ checkpointId: undefined, reason: 'jobStopped', detail })
}

/** There is no store to make it in: `CHECKPOINTS_OFF`. */
export function checkpointsOff(): MillraceError {
  const message = 'expected a job with checkpoints, or a store for the savepoint, got neither'
  return new MillraceError('CHECKPOINTS_OFF', message)
}

/** The same for a savepoint alone. */
export function noSavepointStore(): MillraceError {
  const message = 'expected a store for the savepoint, got none, and the job has none of its own'
  return new MillraceError('CHECKPOINTS_OFF', message)
}

/** The text of whatever was thrown. */
export function reasonText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
