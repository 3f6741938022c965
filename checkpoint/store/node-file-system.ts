/**
 * The file system of the machine. Any thread; no state.
 */
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  unlink,
  type FileHandle,
} from 'node:fs/promises'
import type { FileSystem, FolderEntry, NewFile } from './file-system.ts'
import { makeFolder } from './make-folder.ts'
import type { FileFacts } from './output-disk.ts'
import { systemCode } from './store-errors.ts'

/** What a system answers that cannot sync folders, as Windows: it keeps their names in order by itself. */
const NO_FOLDER_SYNC: readonly (string | undefined)[] = ['EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP']

/** See the head of this file. */
export const nodeFileSystem: FileSystem = {
  async entries(folder) {
    const found = await readdir(folder, { withFileTypes: true })
    return found.map((entry): FolderEntry => {
      const { name } = entry
      if (entry.isFile()) return { name, kind: 'file' }
      return { name, kind: entry.isDirectory() ? 'folder' : 'other' }
    })
  },
  read: (file) => readFile(file),
  async create(file) {
    return new OpenFile(await open(file, 'wx'))
  },
  async createFolder(folder) {
    await makeFolder(folder, {
      facts: nodeFacts,
      makeFolder: (path) => mkdir(path),
      syncFolder: (path) => nodeFileSystem.syncFolder(path),
    })
  },
  rename,
  removeFile: unlink,
  removeFolder: rmdir,
  async syncFolder(folder) {
    if (process.platform === 'win32') return
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } catch (error) {
      if (!NO_FOLDER_SYNC.includes(systemCode(error))) throw error
    } finally {
      await handle.close()
    }
  },
}

/** What the system knows of a path. Rejects as `stat` does. */
export async function nodeFacts(path: string): Promise<FileFacts> {
  const found = await stat(path)
  return {
    kind: found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other',
    bytes: found.size,
    identity: `${found.ino}-${found.birthtimeMs}`,
    writtenMs: found.mtimeMs,
  }
}

/** A file that is open for writing: each write goes on where the handle stands. */
export class OpenFile implements NewFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(bytes: Uint8Array): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done)
      done += bytesWritten
    }
  }

  sync(): Promise<void> {
    return this.#handle.sync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
