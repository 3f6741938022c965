/**
 * What the commands about checkpoints print for people.
 */
import { damageText } from '../checkpoint/store/store-errors.ts'
import { folderName } from '../checkpoint/store/layout.ts'
import type {
  CheckpointKind,
  CheckpointListing,
  CheckpointMetadata,
  Damage,
} from '../checkpoint/store/snapshot-store.ts'
import { grouped } from './cell-text.ts'
import type { CheckpointContents } from './checkpoint-contents.ts'
import { bytesText } from './report.ts'
import { tableText } from './table.ts'
import type { TableOptions } from './table.ts'
import { oneLine } from './terminal.ts'

/** What reading all of a checkpoint has shown. `incomplete`: it has no metadata. `unsupported`: a later version has written it. */
export type Verdict = { readonly id: number; readonly kind: CheckpointKind } & (
  | { readonly state: 'whole'; readonly parts: number; readonly bytes: number }
  | { readonly state: 'damaged'; readonly damages: readonly Damage[] }
  | { readonly state: 'unsupported'; readonly reason: string }
  | { readonly state: 'incomplete' }
)

/** A line per checkpoint, oldest first, and what is wrong with any below. */
export function listText(listings: readonly CheckpointListing[], how: TableOptions): string {
  if (listings.length === 0) return how.styles.dim('(no checkpoints)')
  const rows = listings.map((listing) => {
    const { id, kind, state } = listing
    if (state !== 'complete') return { id, kind, state }
    const { triggeredAt, completedAt, parts } = listing.metadata
    const own = parts.filter(({ file }) => file.startsWith(`${folderName(kind, id)}/`))
    return {
      id,
      kind,
      state,
      completed: timeText(completedAt),
      ms: completedAt - triggeredAt,
      parts: parts.length,
      bytes: bytesText(bytesOf(parts)),
      written: bytesText(bytesOf(own)),
    }
  })
  const notes = listings.flatMap((listing) => {
    if (listing.state === 'damaged') return [damageText(listing.damage)]
    return listing.state === 'unsupported' ? [listing.reason] : []
  })
  return [tableText(rows, how), ...notes].join('\n')
}

/** Facts, operators and parts of one checkpoint. */
export function showText(
  metadata: CheckpointMetadata,
  { operators, recordsInFlight, otherParts }: CheckpointContents,
  how: TableOptions,
): string {
  const { id, kind, jobName, jobId, fingerprint, triggeredAt, completedAt, parts } = metadata
  const rows = operators.map(({ uid, name, parallelism, maxParallelism, ...counts }) => ({
    uid,
    ...(name === uid ? {} : { name }),
    parallelism: `${parallelism} of ${maxParallelism}`,
    entries: counts.entries,
    bytes: bytesText(counts.bytes),
    splits: counts.openSplits,
    committables: counts.committables,
    states: counts.states.join(', '),
  }))
  const lines = [
    how.styles.bold(`${kind} ${id}`),
    `job          ${oneLine(jobName)} (${oneLine(jobId)})`,
    `fingerprint  ${oneLine(fingerprint)}`,
    `completed    ${timeText(completedAt)}, ${grouped(completedAt - triggeredAt)} ms after it was triggered`,
    `size         ${bytesText(bytesOf(parts))} in ${grouped(parts.length)} parts, ${grouped(recordsInFlight)} records in flight`,
    '',
    tableText(rows, how),
    '',
    tableText(
      parts.map(({ name, file, bytes }) => ({ part: name, bytes, file })),
      how,
    ),
  ]
  if (otherParts.length > 0) {
    lines.push(how.styles.dim(`not of a subtask: ${otherParts.map(oneLine).join(', ')}`))
  }
  return lines.join('\n')
}

/** A line per checkpoint, and one per damage. */
export function verifyText(verdicts: readonly Verdict[], { styles }: TableOptions): string {
  if (verdicts.length === 0) return styles.dim('(no checkpoints)')
  return verdicts
    .flatMap((verdict) => {
      const head = `${verdict.kind} ${verdict.id}:`
      switch (verdict.state) {
        case 'whole':
          return [
            `${head} ${styles.green('whole')}, ${bytesText(verdict.bytes)} in ${grouped(verdict.parts)} parts`,
          ]
        case 'incomplete':
          return [`${head} incomplete: it has no metadata, so nothing is restored from it`]
        case 'unsupported':
          return [`${head} ${styles.red('unsupported')}: ${verdict.reason}`]
        case 'damaged': {
          const lines = verdict.damages.map(
            ({ file, expected, found }) => `  ${file}: expected ${expected}, found ${found}`,
          )
          return [`${head} ${styles.red('damaged')}`, ...lines]
        }
      }
    })
    .join('\n')
}

function bytesOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** ISO 8601; a number that is no time stays a number. */
function timeText(milliseconds: number): string {
  const time = new Date(milliseconds)
  return Number.isNaN(time.getTime()) ? String(milliseconds) : time.toISOString()
}
