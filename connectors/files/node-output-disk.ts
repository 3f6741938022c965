/**
 * The disk of the machine, for sinks. Any thread; no state.
 */
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, open, realpath, stat } from 'node:fs/promises'
import { nodeFacts, nodeFileSystem, OpenFile } from '../../checkpoint/store/node-file-system.ts'
import type { OutputDisk } from '../../checkpoint/store/output-disk.ts'
import { systemCode } from './paths.ts'

/** See the head of this file. */
export const nodeOutputDisk: OutputDisk = {
  process: {
    id: process.pid,
    get begunMs() {
      return performance.timeOrigin + performance.now() - process.uptime() * 1000
    },
    isRunning: isOtherProcess,
  },
  newMark: () => randomBytes(4).toString('hex'),
  entries: (folder) => nodeFileSystem.entries(folder),
  rename: (from, to) => nodeFileSystem.rename(from, to),
  removeFile: (file) => nodeFileSystem.removeFile(file),
  syncFolder: (folder) => nodeFileSystem.syncFolder(folder),
  copy: (from, to) => copyFile(from, to),
  facts: (path) => nodeFacts(path),
  realPath: (path) => realpath(path),
  async open(file) {
    return new OpenFile(await open(file, 'w'))
  },
  async reopen(file, bytes) {
    // append mode: a handle opened otherwise would begin to write at the start of the file; it would also create a missing one
    await stat(file)
    const handle = await open(file, 'a')
    try {
      await handle.truncate(bytes)
    } catch (error) {
      await handle.close()
      throw error
    }
    return new OpenFile(handle)
  },
  async makeFolder(folder) {
    await mkdir(folder)
  },
}

function isOtherProcess(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}
