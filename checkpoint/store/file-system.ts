/**
 * The few calls by which the directory store touches a disk, so that tests and the simulator can put a faulty one below it.
 *
 * Paths have `/` between folders. Errors carry the codes of the system (`ENOENT`, `EEXIST`, `ENOSPC`, …) as `code`. What has not been
 * synced may be lost in a crash, wholly or in part: the content of a file by its `sync`, its name by `syncFolder` of its folder.
 */

/** What a name in a folder stands for. */
export interface FolderEntry {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'other'
}

/** A file that is being written. */
export interface NewFile {
  /** Appends all of the bytes. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** See the head of this file. */
export interface FileSystem {
  /** In any order. Fails with `ENOENT`, `ENOTDIR`. */
  entries(folder: string): Promise<FolderEntry[]>
  /** All bytes of a file. Fails with `ENOENT`. */
  read(file: string): Promise<Uint8Array>
  /** Makes an empty file. Fails with `EEXIST`: of several that try at the same time one succeeds. */
  create(file: string): Promise<NewFile>
  /** Makes a folder, and those above it that are missing; nothing where it is there. Resolves when their names are on disk. */
  createFolder(folder: string): Promise<void>
  /** Gives a file another name in one step, in the place of what had that name. */
  rename(from: string, to: string): Promise<void>
  /** Fails with `ENOENT`. */
  removeFile(file: string): Promise<void>
  /** Fails with `ENOTEMPTY` when there is anything in it. */
  removeFolder(folder: string): Promise<void>
  /** Resolves when the names in a folder, and that they are gone, are on disk. */
  syncFolder(folder: string): Promise<void>
}
