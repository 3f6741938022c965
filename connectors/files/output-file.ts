/**
 * A file that is written under a temporary name beside its final one and appears there only when all of it is on disk.
 * Used by one sink writer, in one subtask.
 */
import { dirname } from 'node:path'
import type { NewFile } from '../../checkpoint/store/file-system.ts'
import type { FileFacts, OutputDisk } from '../../checkpoint/store/output-disk.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import type { FileCommittable } from './commit-files.ts'
import { systemCode } from './paths.ts'
import type { Target } from './output-names.ts'
import { TextBuffer } from './text-buffer.ts'

/**
 * From this many characters on, a buffer is sent to the disk as soon as that is free. Each time costs a way to another thread and back: 64 MB in pieces of 75 KB
 * took 95 ms of processor time, four of them at a time 60.
 */
const WRITE_CHARACTERS = 256 * 1024
/** The same for pipes and devices, whose readers wait for it. */
const PIPE_CHARACTERS = 64 * 1024
/** From this many characters on, the caller has to wait. */
const FULL_CHARACTERS = 1024 * 1024

/** How far a file had been written at a barrier: enough to go on behind it. Plain data, part of checkpoints. */
export interface FileState extends FileCommittable {
  /** Bytes that count; what lies behind them was written later. */
  readonly length: number
  /** Tells this file from another one of the same name: inode and time of birth. */
  readonly identity: string
}

/** The path of an output file as an option. Errors: `INVALID_ARGUMENT`. */
export function outputPath(path: unknown, where: string): string {
  if (typeof path === 'string' && path !== '') return path
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `${where}: "path" must be the path of a file, got ${String(path)}`,
  )
}

/** What went wrong while writing: `OUTPUT_CLOSED` when the reader of a pipe has gone, else `OUTPUT_WRITE_FAILED`. */
export function outputError(error: unknown, target: string): MillraceError {
  if (error instanceof MillraceError) return error
  if (systemCode(error) === 'EPIPE') {
    return new MillraceError('OUTPUT_CLOSED', `${target} was closed by its reader`, {
      cause: error,
    })
  }
  const why = error instanceof Error ? error.message : String(error)
  return new MillraceError('OUTPUT_WRITE_FAILED', `writing ${target} failed: ${why}`, {
    cause: error,
  })
}

/** Why a file cannot be created: `OUTPUT_NOT_WRITABLE`. */
export function notWritable(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: `the folder ${dirname(path)} does not exist`,
    ENOTDIR: `${dirname(path)} is not a folder`,
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    EISDIR: 'it is a folder',
  }
  const code = systemCode(error) ?? ''
  const why = reasons[code] ?? (error instanceof Error ? error.message : String(error))
  return new MillraceError('OUTPUT_NOT_WRITABLE', `cannot write ${path}: ${why}`, { cause: error })
}

/** See the head of this file. */
export class OutputFile {
  readonly #target: Target
  readonly #disk: OutputDisk
  readonly #file: NewFile
  readonly #buffer: TextBuffer
  #closed = false
  /** Whether the folder has the temporary name on disk. */
  #named = false

  private constructor(target: Target, disk: OutputDisk, file: NewFile) {
    this.#target = target
    this.#disk = disk
    this.#file = file
    this.#buffer = new TextBuffer({
      send: (bytes) => file.write(bytes),
      failure: (error) => outputError(error, target.final),
      sendFrom: this.regular ? WRITE_CHARACTERS : PIPE_CHARACTERS,
      fullFrom: FULL_CHARACTERS,
    })
  }

  /** Creates the temporary file; an old one of its name is emptied. Rejects as `node:fs` does. */
  static async create(target: Target, disk: OutputDisk): Promise<OutputFile> {
    return new OutputFile(target, disk, await disk.open(target.temporary))
  }

  /**
   * Goes on behind what the state counts; what was written later is cut off. A file that has got its final name since, because the
   * job had gone on from a later checkpoint, is copied back.
   *
   * Errors: `OUTPUT_LOST` when the file is gone or too short.
   */
  static async resume(state: FileState, disk: OutputDisk): Promise<OutputFile> {
    try {
      await bringBack(state, disk)
      return new OutputFile(state, disk, await disk.reopen(state.temporary, state.length))
    } catch (error) {
      throw outputError(error, state.final)
    }
  }

  /** Whether it is written under a temporary name; false for pipes and devices, where what is written is seen at once. */
  get regular(): boolean {
    return this.#target.temporary !== this.#target.final
  }

  /**
   * Takes text, as it is or as UTF-8. A promise means that more than a mebibyte waits: write no more until it has settled.
   * Errors of earlier writes are thrown here: `OUTPUT_WRITE_FAILED`, `OUTPUT_CLOSED`.
   */
  write(text: string | Uint8Array): void | Promise<void> {
    return this.#buffer.write(text)
  }

  /** Takes bytes; resolves when they have been handed to the operating system. Errors as in `write`. */
  async writeBytes(bytes: Uint8Array): Promise<void> {
    await this.#buffer.flush()
    try {
      await this.#file.write(bytes)
    } catch (error) {
      throw outputError(error, this.#target.final)
    }
  }

  /** Resolves when everything taken has been handed to the operating system. */
  flush(): Promise<void> {
    return this.#buffer.flush()
  }

  /** Resolves when everything taken is on disk and says how far that is. Not for pipes and devices. */
  async sync(): Promise<FileState> {
    const { temporary, final } = this.#target
    await this.#buffer.flush()
    try {
      await this.#file.sync()
      if (!this.#named) await this.#disk.syncFolder(dirname(temporary))
      this.#named = true
      const { bytes, identity } = await this.#disk.facts(temporary)
      return { temporary, final, length: bytes, identity }
    } catch (error) {
      throw outputError(error, final)
    }
  }

  /** Writes the rest, waits for the disk and closes the file, which keeps its temporary name. */
  async finish(): Promise<FileState | undefined> {
    if (!this.regular) await this.#buffer.flush()
    const state = this.regular ? await this.sync() : undefined
    this.#closed = true
    try {
      await this.#file.close()
    } catch (error) {
      throw outputError(error, this.#target.final)
    }
    return state
  }

  /**
   * Drops what waits and removes the temporary file, or leaves it with `keep`. Never throws; safe to call twice, and after
   * `finish`, behind which it does nothing.
   */
  async abort(keep = false): Promise<void> {
    await this.#buffer.drop()
    if (this.#closed) return
    if (keep) await this.#release()
    else await this.#drop()
  }

  async #release(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close().catch(() => undefined)
  }

  async #drop(): Promise<void> {
    await this.#release()
    if (this.regular) await this.#disk.removeFile(this.#target.temporary).catch(() => undefined)
  }
}

/** Sees to it that the temporary file of a state is there and long enough. */
async function bringBack(
  { temporary, final, length, identity }: FileState,
  disk: OutputDisk,
): Promise<void> {
  const written = await found(temporary, disk)
  if (written !== undefined) {
    if (written.bytes >= length) return
    const has = `${temporary} has ${written.bytes} bytes`
    throw lost(final, `${has}, but ${length} had been written when the checkpoint was made`)
  }
  const named = await found(final, disk)
  if (named?.identity !== identity) {
    throw lost(final, `${temporary}, which the checkpoint counts on, is gone`)
  }
  await disk.copy(final, temporary)
}

async function found(path: string, disk: OutputDisk): Promise<FileFacts | undefined> {
  try {
    return await disk.facts(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function lost(final: string, why: string): MillraceError {
  return new MillraceError('OUTPUT_LOST', `cannot go on writing ${final}: ${why}`)
}
