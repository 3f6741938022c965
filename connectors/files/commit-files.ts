/**
 * Gives finished files their names, durably: what the file sinks do when a checkpoint is complete. On the coordinator, or in the
 * subtask that wrote where a host makes no checkpoints.
 */
import { dirname } from 'node:path'
import type { OutputDisk } from '../../checkpoint/store/output-disk.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { systemCode } from './paths.ts'

/** A finished file that waits for its name. Plain data, part of checkpoints. Both paths are absolute. */
export interface FileCommittable {
  /** Where it lies, complete and synced. */
  readonly temporary: string
  /** What it will be called; a file of that name is replaced. */
  readonly final: string
}

/**
 * Renames each file to its final name and waits until the folders have that on disk. What has its name already, because it
 * was committed before, stays as it is.
 *
 * Errors: `OUTPUT_LOST` when a file has vanished under both names; `OUTPUT_WRITE_FAILED`.
 */
export async function commitFiles(
  files: readonly FileCommittable[],
  disk: OutputDisk,
): Promise<void> {
  for (const file of files) await commitFile(file, disk)
  // also for files that have their name already: the one who gave it may not have come so far
  for (const folder of new Set(files.map(({ final }) => dirname(final)))) {
    await syncFolder(folder, disk)
  }
}

async function syncFolder(folder: string, disk: OutputDisk): Promise<void> {
  try {
    await disk.syncFolder(folder)
  } catch (error) {
    throw new MillraceError(
      'OUTPUT_WRITE_FAILED',
      `waiting for the names in ${folder} to be on disk failed: ${reasonOf(error)}`,
      { cause: error },
    )
  }
}

async function commitFile({ temporary, final }: FileCommittable, disk: OutputDisk): Promise<void> {
  try {
    await disk.rename(temporary, final)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      if (await exists(final, disk)) return
      throw new MillraceError(
        'OUTPUT_LOST',
        `cannot commit ${final}: neither it nor ${temporary}, from which it is made, exists`,
        { cause: error },
      )
    }
    throw new MillraceError(
      'OUTPUT_WRITE_FAILED',
      `giving ${temporary} its name ${final} failed: ${reasonOf(error)}`,
      { cause: error },
    )
  }
}

/** Whether there is something of this name. Rejects as the disk does. */
export async function exists(path: string, disk: OutputDisk): Promise<boolean> {
  try {
    await disk.facts(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
