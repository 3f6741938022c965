/**
 * What the command line says about recovery while a job runs and when it has ended before its time: lines on stderr.
 */
import type { RestartNotice, RestoreNotice } from '../api/execution/run-options.ts'
import type { CheckpointListing, CheckpointMetadata } from '../checkpoint/store/snapshot-store.ts'
import { directoryCatalog } from '../checkpoint/store/directory-store.ts'
import { durationText } from './durations.ts'
import { reportError } from './errors.ts'
import { oneLine } from './terminal.ts'

/** Why and when a failed job starts again. */
export function restartText({ error, restarts, delayMs }: RestartNotice): string {
  const { code, message } = reportError(error)
  return `millrace: the job failed and starts again in ${durationText(delayMs)} (restart ${restarts}): ${code}: ${oneLine(message)}\n`
}

/** With which checkpoint the job goes on, and what was passed over. Says nothing of a memory that is empty. */
export function restoreText({
  location,
  checkpointId,
  triggeredAt,
  damaged,
  incomplete,
  givenUp,
}: RestoreNotice): string {
  const where = oneLine(location)
  const lines = damaged.map((sentence) => `passed over in ${where}: ${oneLine(sentence)}`)
  for (const id of incomplete) {
    lines.push(
      `passed over in ${where}: checkpoint ${id} has no metadata: it was never completed, or that file was removed`,
    )
  }
  lines.push(
    checkpointId === undefined
      ? `no checkpoint in ${where} yet: starting from the beginning`
      : `going on from checkpoint ${checkpointId} in ${where}, made ${timeText(triggeredAt ?? 0)}`,
  )
  if (givenUp.length > 0) {
    const uids = givenUp.map((uid) => `'${oneLine(uid)}'`).join(', ')
    lines.push(`state that no operator of the job keeps under these uids is given up: ${uids}`)
  }
  return lines.map((line) => `millrace: ${line}\n`).join('')
}

/**
 * What is said where checkpoints of an earlier run lie in the directory and this one begins anew: its outputs may have every record
 * twice. Nothing where there are none.
 */
export async function notResumedText(directory: string): Promise<string> {
  const newest = newestOf(await listed(directory))
  if (newest === undefined) return ''
  return (
    `millrace: ${oneLine(directory)} has checkpoint ${newest.id} of an earlier run: starting from the beginning all the same, ` +
    'since --resume, which goes on from it, was not given\n'
  )
}

/** What is kept of a job that has ended before its time, and how to go on. */
export async function keptText(directory: string): Promise<string> {
  const where = oneLine(directory)
  const listings = await listed(directory)
  const newest = newestOf(listings)
  if (newest !== undefined)
    return `    checkpoint ${newest.id} is kept in ${where}: go on from it with --resume\n`
  // A start from nothing would show once more what belongs to them.
  const isRefused = listings.some(({ state }) => state === 'damaged' || state === 'unsupported')
  return isRefused
    ? `    ${where} holds no checkpoint that can be read: going on with --resume is refused\n`
    : `    ${where} holds no checkpoint: the job would start from the beginning\n`
}

/** Never rejects: the job says what is wrong with the directory, and its error is what is to be shown. */
function listed(directory: string): Promise<readonly CheckpointListing[]> {
  return directoryCatalog(directory)
    .list()
    .catch(() => [])
}

function newestOf(listings: readonly CheckpointListing[]): CheckpointListing | undefined {
  return listings.findLast(({ state }) => state === 'complete')
}

/** A savepoint that was asked for has been made. */
export function savepointText({ id }: CheckpointMetadata, directory: string): string {
  return `millrace: savepoint ${id} is in ${oneLine(directory)}: start from it with --from\n`
}

/** A savepoint that was asked for could not be made, and what becomes of the job. */
export function savepointFailedText(error: unknown, consequence: string): string {
  const { code, message } = reportError(error)
  return `millrace: no savepoint was made, ${consequence}: ${code}: ${oneLine(message)}\n`
}

function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ').replace(/\..*$/, ' UTC')
}
