/**
 * Paths of input files as users give them, and what the file system says about them.
 * File access happens in subtasks and on the coordinator; nothing here keeps a file open.
 */
import { open, stat, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { MillraceError } from '../../mailbox/errors.ts'

/** One file or several; exactly one of the two is given. */
export interface InputPaths {
  /** Path of the file, relative to the working directory. */
  readonly path?: string
  /** Paths of several files, read as one input. */
  readonly paths?: readonly string[]
}

/** The paths as a list. Errors: `INVALID_ARGUMENT`. */
export function inputPaths(options: InputPaths, where: string): readonly string[] {
  const { path, paths } = options
  const list: unknown = path === undefined ? paths : paths === undefined ? [path] : undefined
  if (
    !Array.isArray(list) ||
    list.length === 0 ||
    list.some((one) => typeof one !== 'string' || one === '')
  ) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `${where}: expected either "path", the path of a file, or "paths", a list of at least one path`,
    )
  }
  return [...list] as string[]
}

/** A short name for plans: the file, or the first one and how many more. */
export function shortName(kind: string, paths: readonly string[]): string {
  const first = basename(paths[0] ?? '')
  return paths.length === 1 ? `${kind}(${first})` : `${kind}(${first} and ${paths.length - 1} more)`
}

/** The system's error code, e.g. `ENOENT`, of something thrown by `node:fs`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

/** What went wrong with an input file: `FILE_NOT_FOUND`, `FILE_NOT_READABLE` or `FILE_READ_FAILED`. */
export function inputFileError(error: unknown, path: string): MillraceError {
  if (error instanceof MillraceError) return error
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new MillraceError('FILE_NOT_FOUND', `there is no file ${path}`, { cause: error })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR') {
    const why = code === 'EISDIR' ? 'it is a folder' : 'permission denied'
    return new MillraceError('FILE_NOT_READABLE', `cannot read ${path}: ${why}`, { cause: error })
  }
  const why = error instanceof Error ? error.message : String(error)
  return new MillraceError('FILE_READ_FAILED', `reading ${path} failed: ${why}`, {
    cause: error,
    retryable: true,
  })
}

/** Opens a file for reading. Errors as in `inputFileError`. */
export async function openInput(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw inputFileError(error, path)
  }
}

/**
 * The size of a file in bytes. Errors as in `inputFileError`; a pipe or a device is `FILE_NOT_READABLE`, for it has no size and can be read only
 * once, so that splits and checkpoints would mean nothing.
 */
export async function inputBytes(path: string): Promise<number> {
  try {
    const found = await stat(path)
    if (!found.isFile()) {
      const why = found.isDirectory()
        ? 'it is a folder'
        : 'it is a pipe or a device, not a file that can be read again'
      throw new MillraceError('FILE_NOT_READABLE', `cannot read ${path}: ${why}`)
    }
    return found.size
  } catch (error) {
    throw inputFileError(error, path)
  }
}

/** A file and its size when the job was started. */
export interface FileWithBytes {
  readonly path: string
  readonly fileBytes: number
}

/** The sizes of several files. Errors as in `inputFileError`. */
export async function filesWithBytes(paths: readonly string[]): Promise<FileWithBytes[]> {
  const files: FileWithBytes[] = []
  for (const path of paths) files.push({ path, fileBytes: await inputBytes(path) })
  return files
}

/** Fills `target` from `position` on; returns the bytes read, fewer only at the end of the file. */
export async function readFully(
  file: FileHandle,
  target: Uint8Array,
  position: number,
  path: string,
): Promise<number> {
  let done = 0
  try {
    while (done < target.length) {
      const { bytesRead } = await file.read(target, done, target.length - done, position + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
  } catch (error) {
    throw inputFileError(error, path)
  }
  return done
}
