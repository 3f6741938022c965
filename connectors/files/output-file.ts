/**
 * A file that is written under a temporary name beside its final one and appears there only when all of it is on disk.
 * Used by one sink writer, in one subtask.
 */
import { open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { MillraceError } from '../../mailbox/errors.ts'
import type { WriterContext } from '../../operators/sink.ts'
import { systemCode } from './paths.ts'
import { TextBuffer } from './text-buffer.ts'

/** From this many characters on, a buffer is sent to the disk as soon as that is free. */
const WRITE_CHARACTERS = 64 * 1024
/** From this many characters on, the caller has to wait. */
const FULL_CHARACTERS = 1024 * 1024

/**
 * The file of one subtask: `path` itself at parallelism 1, otherwise `out-00001.csv`, `out-00002.csv` … for
 * `out.csv`.
 */
export function partPath(path: string, { subtaskIndex, parallelism }: WriterContext): string {
  if (parallelism === 1) return path
  const extension = extname(path)
  const part = String(subtaskIndex + 1).padStart(5, '0')
  return join(dirname(path), `${basename(path, extension)}-${part}${extension}`)
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

function notWritable(path: string, error: unknown): MillraceError {
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

/** Where the bytes go: beside the final name, or straight into something that is no regular file (a pipe, a device). */
async function targetOf(
  path: string,
  tag: string,
): Promise<{ readonly final: string; readonly temporary: string }> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
    // a rename would replace a device or pipe, which may not even have a path of its own
    if (!found.isFile()) return { final: path, temporary: path }
    // and it would replace a link instead of the file behind it
    const final = await realpath(path)
    return { final, temporary: `${final}.${tag}.tmp` }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    return { final: path, temporary: `${path}.${tag}.tmp` }
  }
}

/** See the head of this file. */
export class OutputFile {
  readonly #final: string
  readonly #temporary: string
  readonly #file: FileHandle
  readonly #buffer: TextBuffer
  #closed = false

  private constructor(final: string, temporary: string, file: FileHandle) {
    this.#final = final
    this.#temporary = temporary
    this.#file = file
    this.#buffer = new TextBuffer({
      send: (text) => file.writeFile(text),
      failure: (error) => outputError(error, final),
      sendFrom: WRITE_CHARACTERS,
      fullFrom: FULL_CHARACTERS,
    })
  }

  /** Creates the temporary file. Errors: `OUTPUT_NOT_WRITABLE`. */
  static async open(path: string, context: WriterContext): Promise<OutputFile> {
    const own = partPath(path, context)
    try {
      const { final, temporary } = await targetOf(own, `${process.pid}-${context.subtaskIndex}`)
      return new OutputFile(final, temporary, await open(temporary, 'w'))
    } catch (error) {
      throw notWritable(own, error)
    }
  }

  /**
   * Takes text. A promise means that more than a mebibyte waits: write no more until it has settled.
   * Errors of earlier writes are thrown here: `OUTPUT_WRITE_FAILED`, `OUTPUT_CLOSED`.
   */
  write(text: string): void | Promise<void> {
    return this.#buffer.write(text)
  }

  /** Resolves when everything taken has been handed to the operating system. */
  flush(): Promise<void> {
    return this.#buffer.flush()
  }

  /** Writes the rest, waits for the disk, and gives the file its final name. */
  async close(): Promise<void> {
    await this.#buffer.flush()
    this.#closed = true
    try {
      const regular = this.#temporary !== this.#final
      if (regular) await this.#file.sync()
      await this.#file.close()
      if (regular) await rename(this.#temporary, this.#final)
    } catch (error) {
      await this.#remove()
      throw outputError(error, this.#final)
    }
  }

  /** Drops what waits and removes the temporary file. Never throws; safe to call twice, and after `close`. */
  async abort(): Promise<void> {
    await this.#buffer.drop()
    if (this.#closed) return
    this.#closed = true
    await this.#file.close().catch(() => undefined)
    await this.#remove()
  }

  async #remove(): Promise<void> {
    if (this.#temporary !== this.#final) await unlink(this.#temporary).catch(() => undefined)
  }
}
