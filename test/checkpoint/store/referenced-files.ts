import type { FileSystem } from '../../../checkpoint/store/file-system.ts'
import { catalogOn, ROOT } from './store-rig.ts'

/** The paths of the metadata and the parts of all complete checkpoints, sorted: all that may be there. */
export async function referencedFiles(files: FileSystem): Promise<string[]> {
  const found = new Set<string>()
  for (const listing of await catalogOn(files).list()) {
    if (listing.state !== 'complete') continue
    const { id, kind, metadata } = listing
    found.add(`${ROOT}/${kind}-${String(id).padStart(6, '0')}/metadata`)
    for (const { file } of metadata.parts) found.add(`${ROOT}/${file}`)
  }
  return [...found].sort()
}
