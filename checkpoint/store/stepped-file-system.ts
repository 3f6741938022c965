/**
 * A file system whose calls happen one by one, when a simulator chooses: so the process may die between any two of them, and calls that are
 * under way at the same time happen in any order.
 */
import type { OperationQueue } from '../../runtime/simulation/operation-queue.ts'
import type { FileSystem, NewFile } from './file-system.ts'

/** Puts every call of `files` into the queue. */
export function steppedFileSystem(files: FileSystem, queue: OperationQueue): FileSystem {
  return {
    entries: (folder) => queue.run(`disk: list ${folder}`, () => files.entries(folder)),
    read: (file) => queue.run(`disk: read ${file}`, () => files.read(file)),
    create: (file) =>
      queue.run(`disk: create ${file}`, async () =>
        steppedFile(await files.create(file), file, queue),
      ),
    createFolder: (folder) =>
      queue.run(`disk: create folder ${folder}`, () => files.createFolder(folder)),
    rename: (from, to) => queue.run(`disk: rename ${from} to ${to}`, () => files.rename(from, to)),
    removeFile: (file) => queue.run(`disk: remove ${file}`, () => files.removeFile(file)),
    removeFolder: (folder) =>
      queue.run(`disk: remove folder ${folder}`, () => files.removeFolder(folder)),
    syncFolder: (folder) =>
      queue.run(`disk: sync folder ${folder}`, () => files.syncFolder(folder)),
  }
}

function steppedFile(file: NewFile, path: string, queue: OperationQueue): NewFile {
  return {
    write: (bytes) =>
      queue.run(`disk: write ${bytes.length} bytes to ${path}`, () => file.write(bytes)),
    sync: () => queue.run(`disk: sync ${path}`, () => file.sync()),
    close: () => queue.run(`disk: close ${path}`, () => file.close()),
  }
}
