/**
 * Makes folders that survive the machine, for the store and for sinks. Any thread; several may make the same one at the same time.
 *
 * A folder is made only when the names of all above it are on disk. So of folders that are there, only the lowest one may have a name that
 * is not: the one that made it has died, or is about to wait for the disk. Whoever finds it waits too, and need not look further up:
 *
 *   1. A process makes `out` and dies before its name is on disk.
 *   2. The next one finds `out`. It must not take it for safe: with the power its name would go, and all files in it.
 */
import { dirname } from 'node:path'
import type { FileFacts, OutputDisk } from './output-disk.ts'
import { systemCode } from './store-errors.ts'

/** Systems that say so let nobody wait for the names in a folder which they let enter. */
const NOT_OURS: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EROFS']

/** What is needed of a disk. */
export type FolderDisk = Pick<OutputDisk, 'facts' | 'makeFolder' | 'syncFolder'>

/** Makes a folder and those above it that are missing. Resolves when all their names are on disk. Rejects as the disk does. */
export async function makeFolder(path: string, disk: FolderDisk): Promise<void> {
  const above = dirname(path)
  const kind = await kindOf(path, disk)
  if (kind === 'folder') {
    if (above !== path) await syncIfAllowed(above, disk)
    return
  }
  if (kind !== undefined) {
    throw Object.assign(new Error(`${path} is not a folder`), { code: 'EEXIST' })
  }
  if (above !== path) await makeFolder(above, disk)
  try {
    await disk.makeFolder(path)
  } catch (error) {
    // Somebody else was faster.
    if (systemCode(error) !== 'EEXIST') throw error
  }
  await disk.syncFolder(above)
}

async function kindOf(path: string, disk: FolderDisk): Promise<FileFacts['kind'] | undefined> {
  try {
    return (await disk.facts(path)).kind
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function syncIfAllowed(folder: string, disk: FolderDisk): Promise<void> {
  try {
    await disk.syncFolder(folder)
  } catch (error) {
    if (!NOT_OURS.includes(systemCode(error))) throw error
  }
}
