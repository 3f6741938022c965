/**
 * Gives finished files their names, durably: what the file sinks do when a checkpoint is complete. On the coordinator, or in the
 * subtask that wrote where a host makes no checkpoints.
 */
import { open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
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
export async function commitFiles(files: readonly FileCommittable[]): Promise<void> {
  for (const file of files) await commitFile(file)
  // also for files that have their name already: the one who gave it may not have come so far
  for (const folder of new Set(files.map(({ final }) => dirname(final)))) await syncFolder(folder)
}

/** Makes the names in a folder durable, where the system can: Windows has no such call, and some mounts refuse it. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EINVAL' || code === 'ENOTSUP') return
    throw error
  }
}

async function commitFile({ temporary, final }: FileCommittable): Promise<void> {
  try {
    await rename(temporary, final)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      if (await exists(final)) return
      throw new MillraceError(
        'OUTPUT_LOST',
        `cannot commit ${final}: neither it nor ${temporary}, from which it is made, exists`,
        { cause: error },
      )
    }
    const why = error instanceof Error ? error.message : String(error)
    throw new MillraceError(
      'OUTPUT_WRITE_FAILED',
      `giving ${temporary} its name ${final} failed: ${why}`,
      { cause: error },
    )
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}
