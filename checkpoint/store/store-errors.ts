/**
 * The errors of the snapshot store, and how those of a file system become ours.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Damage } from './snapshot-store.ts'

/** A file of a checkpoint is not what was written. Code `DAMAGED_CHECKPOINT`; `damage` names the file, what was expected and found. */
export class DamagedCheckpointError extends MillraceError {
  override readonly name: string = 'DamagedCheckpointError'
  readonly damage: Damage

  constructor(damage: Damage, location: string) {
    super('DAMAGED_CHECKPOINT', `${location}: ${damageText(damage)}`)
    this.damage = damage
  }
}

/** One sentence about a damage. */
export function damageText({ checkpointId, file, expected, found }: Damage): string {
  return `checkpoint ${checkpointId} is damaged: ${file}: expected ${expected}, found ${found}`
}

/** The system's error code, e.g. `ENOENT`; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

/**
 * What went wrong while doing `what` (e.g. `writing checkpoints/lock`): `STORE_FULL`, `STORE_NOT_PERMITTED`,
 * `STORE_NOT_FOUND`, `STORE_NOT_A_DIRECTORY` or `STORE_FAILED`. An error of ours stays as it is.
 */
export function storeError(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new MillraceError('STORE_FULL', `${what} failed: no space is left`, {
        cause: error,
        retryable: true,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new MillraceError('STORE_NOT_PERMITTED', `${what} failed: permission denied`, {
        cause: error,
      })
    case 'ENOENT':
      return new MillraceError('STORE_NOT_FOUND', `${what} failed: it does not exist`, {
        cause: error,
      })
    case 'ENOTDIR':
    case 'EEXIST':
      return new MillraceError(
        'STORE_NOT_A_DIRECTORY',
        `${what} failed: expected a directory, found a file`,
        { cause: error },
      )
    default:
      return new MillraceError(
        'STORE_FAILED',
        `${what} failed: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error, retryable: true },
      )
  }
}
