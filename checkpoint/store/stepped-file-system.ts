/**
 * A file system whose calls happen one by one, when a simulator chooses: so the process may die between any two of them, and calls that are
 * under way at the same time happen in any order.
 */
import type { OperationQueue } from '../../runtime/simulation/operation-queue.ts'
import type { FileSystem, NewFile } from './file-system.ts'
import type { OutputDisk } from './output-disk.ts'

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

/**
 * The same for sinks. `isAlive`: whether the thread of a writer still runs; a call that has not happened when it dies never does, and nobody hears
 * of it.
 */
export function steppedOutputDisk(
  disk: OutputDisk,
  queue: OperationQueue,
  isAlive: () => boolean,
): OutputDisk {
  const run = <T>(label: string, act: () => Promise<T>): Promise<T> =>
    queue.run(label, () => (isAlive() ? act() : new Promise<T>(() => {})))
  return {
    process: disk.process,
    newMark: () => disk.newMark(),
    entries: (folder) => run(`disk: list ${folder}`, () => disk.entries(folder)),
    facts: (path) => run(`disk: look at ${path}`, () => disk.facts(path)),
    realPath: (path) => run(`disk: follow links to ${path}`, () => disk.realPath(path)),
    open: (file) =>
      run(`disk: open ${file}`, async () => steppedFile(await disk.open(file), file, { run })),
    reopen: (file, bytes) =>
      run(`disk: open ${file} behind ${bytes} bytes`, async () =>
        steppedFile(await disk.reopen(file, bytes), file, { run }),
      ),
    copy: (from, to) => run(`disk: copy ${from} to ${to}`, () => disk.copy(from, to)),
    makeFolder: (folder) => run(`disk: make folder ${folder}`, () => disk.makeFolder(folder)),
    rename: (from, to) => run(`disk: rename ${from} to ${to}`, () => disk.rename(from, to)),
    removeFile: (file) => run(`disk: remove ${file}`, () => disk.removeFile(file)),
    syncFolder: (folder) => run(`disk: sync folder ${folder}`, () => disk.syncFolder(folder)),
  }
}

/** What makes calls happen one by one. */
type Steps = Pick<OperationQueue, 'run'>

function steppedFile(file: NewFile, path: string, steps: Steps): NewFile {
  return {
    write: (bytes) =>
      steps.run(`disk: write ${bytes.length} bytes to ${path}`, () => file.write(bytes)),
    sync: () => steps.run(`disk: sync ${path}`, () => file.sync()),
    close: () => steps.run(`disk: close ${path}`, () => file.close()),
  }
}
