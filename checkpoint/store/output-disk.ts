/**
 * The calls by which sinks touch a disk, so that the simulator can put one below them that forgets, tears, runs full and fails.
 *
 * As in `file-system.ts`: errors carry the codes of the system as `code`, and what has not been synced may be lost in a crash, wholly or in
 * part: the content of a file by its `sync`, a name, and that it is gone, by `syncFolder` of its folder.
 */
import type { FileSystem, NewFile } from './file-system.ts'

/** What a system knows of a path. */
export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'other'
  readonly bytes: number
  /** Tells a file from another one that has had its name. */
  readonly identity: string
  /** When it was written last, in milliseconds since 1970. */
  readonly writtenMs: number
}

/** The process that writes, among others on the same machine. */
export interface WritingProcess {
  readonly id: number
  /** When it began, in milliseconds since 1970. */
  readonly begunMs: number
  /** Whether another process with this id runs. It may have got the id from one that has ended. */
  isRunning(other: number): boolean
}

/** See the head of this file. */
export interface OutputDisk extends Pick<
  FileSystem,
  'entries' | 'rename' | 'removeFile' | 'syncFolder'
> {
  readonly process: WritingProcess
  /** Eight hexadecimal digits that nobody has had before. */
  newMark(): string
  /** Follows links. Fails with `ENOENT`, `ENOTDIR`. */
  facts(path: string): Promise<FileFacts>
  /** The path without links on it. Fails with `ENOENT`. */
  realPath(path: string): Promise<string>
  /** Opens a file to write it from its beginning; one that is there is emptied. Fails with `ENOENT` where there is no such folder. */
  open(file: string): Promise<NewFile>
  /** Opens a file to write behind so many bytes of it; the others are cut off. Fails with `ENOENT`. */
  reopen(file: string, bytes: number): Promise<NewFile>
  /** Writes the bytes of a file into another one, in the place of what is there. Fails with `ENOENT`. */
  copy(from: string, to: string): Promise<void>
  /** Makes one folder, whose name is not on disk yet. Fails with `EEXIST`, and with `ENOENT` without the one above it. */
  makeFolder(folder: string): Promise<void>
}
