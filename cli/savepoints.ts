/**
 * Savepoints that somebody asks for from outside, by a signal: one behind which the job goes on, by SIGUSR2 (with SIGUSR1 Node.js starts
 * its debugger), or one with which it stops, by the signals that ask for an end.
 */
import type { CheckpointMetadata } from '../checkpoint/store/snapshot-store.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { savepointFailedText, savepointText } from './recovery-report.ts'

/** What makes the savepoints. */
export interface SavepointMaker {
  savepoint(directory: string): Promise<CheckpointMetadata>
  stop(options: { readonly savepoint: string }): Promise<CheckpointMetadata>
}

/** A watch over the signal. */
export interface SavepointWatch {
  /** Stops watching. */
  release(): void
}

/**
 * Makes a savepoint in the directory at each signal and tells of it on stderr; signals that come meanwhile are answered by the one
 * under way. Throws `USAGE` where there are no such signals.
 */
export function watchSavepoints(job: SavepointMaker, directory: string): SavepointWatch {
  if (process.platform === 'win32') {
    throw new MillraceError('USAGE', '--savepoint: Windows has no signal that could ask for one')
  }
  let underWay = false
  const onSignal = (): void => {
    if (underWay) return
    underWay = true
    job
      .savepoint(directory)
      .then(
        (metadata) => savepointText(metadata, directory),
        (error: unknown) => savepointFailedText(error, 'the job goes on'),
      )
      .then((text) => {
        underWay = false
        process.stderr.write(text)
      })
      .catch(() => {})
  }
  process.on('SIGUSR2', onSignal)
  return { release: () => void process.off('SIGUSR2', onSignal) }
}

/** Ends the job with a savepoint in the directory, or, where none can be made, by `cancel`; tells of it on stderr. */
export function stopWithSavepoint(
  job: SavepointMaker,
  directory: string,
  cancel: () => void,
): void {
  process.stderr.write(
    'millrace: stopping with a savepoint; the signal again ends the job at once\n',
  )
  job.stop({ savepoint: directory }).then(
    (metadata) => {
      process.stderr.write(savepointText(metadata, directory))
    },
    (error: unknown) => {
      process.stderr.write(savepointFailedText(error, 'the job is cancelled'))
      cancel()
    },
  )
}
