/**
 * Savepoints of a running job that somebody asks for from outside, by a signal: the job goes on.
 *
 * The signal is SIGUSR2; with SIGUSR1 Node.js starts its debugger.
 */
import type { CheckpointMetadata } from '../checkpoint/store/snapshot-store.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { savepointFailedText, savepointText } from './recovery-report.ts'

/** What makes the savepoints. */
export interface SavepointMaker {
  savepoint(directory: string): Promise<CheckpointMetadata>
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
        (error: unknown) => savepointFailedText(error),
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
