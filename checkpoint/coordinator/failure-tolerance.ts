/**
 * Which failures of checkpoints fail the job: those in a row beyond what is tolerable, and all after which nobody knows what is visible. On
 * the main thread; one per attempt to run the job.
 */
import { CheckpointError, tooManyFailures } from './checkpoint-failure.ts'

/** See the head of this file. */
export class FailureTolerance {
  readonly #tolerable: number
  #inRow = 0

  /** `tolerable`: how many in a row, of those that nobody has asked for. */
  constructor(tolerable: number) {
    this.#tolerable = tolerable
  }

  /** A checkpoint was written. */
  written(): void {
    this.#inRow = 0
  }

  /**
   * A checkpoint has failed, or its commit; `asked`: somebody waits for it, and hears of it. Returns the error that the job fails with, or
   * undefined when it goes on.
   */
  failed(error: unknown, asked: boolean): { readonly error: unknown } | undefined {
    // That of a commit.
    if (!(error instanceof CheckpointError)) return { error }
    switch (error.reason) {
      case 'inDoubt':
        return { error: error.cause }
      case 'jobStopped':
      case 'tasksRestart':
      case 'sourcesFinished':
        return undefined
      case 'timedOut':
      case 'declined':
      case 'triggerFailed':
      case 'enumeratorFailed':
      case 'storeFailed':
        return asked ? undefined : this.#count(error)
    }
  }

  #count(error: CheckpointError): { readonly error: unknown } | undefined {
    this.#inRow++
    if (this.#inRow <= this.#tolerable) return undefined
    return { error: tooManyFailures(this.#tolerable, error) }
  }
}
