/**
 * Takes text lines out of a range of a file, as bytes, without splitting a character. In one subtask.
 *
 * A range `[start, end)` owns the lines that begin inside it: the last of them may end behind the range, and a range
 * that does not begin at a line skips to the next one. So ranges that cover a file give each line exactly once.
 */
import { stat, type FileHandle } from 'node:fs/promises'
import { MillraceError } from '../../mailbox/errors.ts'
import type { Follower } from './follow.ts'
import { openInput, readFully } from './paths.ts'

const NEWLINE = 10
const BYTE_ORDER_MARK_BYTES = 3
const CHUNK_BYTES = 256 * 1024
/** A longer line is taken for a file that has no lines. */
export const LONGEST_LINE_BYTES = 256 * 1024 * 1024

/** Which lines are read. */
export interface LineRange {
  readonly start: number
  /** Not used for a file that is followed. */
  readonly end: number
  /** Whether `start` may be inside a line, which then belongs to another range. */
  readonly align: boolean
  /** Waits at the end of the file for more; such a range never ends by itself. */
  readonly follower?: Follower | undefined
}

/** A window over the file; the owner takes bytes from `bytes[from, to)` and moves on with `consume`. */
export class LineReader {
  readonly #path: string
  readonly #file: FileHandle
  #end: number
  readonly #follower: Follower | undefined
  #bytes = Buffer.allocUnsafe(CHUNK_BYTES)
  #from = 0
  #to = 0
  /** Offset in the file of `#from`. */
  #position: number
  #atEnd = false

  private constructor(path: string, file: FileHandle, { start, end, follower }: LineRange) {
    this.#path = path
    this.#file = file
    this.#position = start
    this.#end = follower === undefined ? end : Number.POSITIVE_INFINITY
    this.#follower = follower
  }

  /**
   * Opens at `start`; when `align`, moves on to the first line that begins at `start` or behind it. Errors: `FILE_CHANGED` where no line begins at
   * `start` though one should; those of `openInput`.
   */
  static async open(path: string, range: LineRange): Promise<LineReader> {
    const { start, align } = range
    const file = await openInput(path)
    const mustAlign = align && start > 0
    const from = mustAlign ? { ...range, start: start - 1 } : range
    const reader = new LineReader(path, file, from)
    try {
      if (mustAlign) await reader.#skipLine()
      else await reader.#checkStart()
      return reader
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Offset in the file of the next byte to be taken. */
  get position(): number {
    return this.#position
  }

  /** Whether the next line belongs to a later range or there is none; for a followed file, whether the job is over. */
  get done(): boolean {
    return this.#follower === undefined ? this.#position >= this.#end : this.#follower.stopped
  }

  /** The bytes in hand. Valid until `fill` or `consume`. */
  get window(): Buffer {
    return this.#bytes.subarray(this.#from, this.#to)
  }

  /** Whether the window reaches to the end of the file, so that its last line needs no newline. */
  get atEnd(): boolean {
    return this.#atEnd
  }

  /** How much of the window, counted from its start, is inside the range; lines beginning behind belong to another. */
  get ownBytes(): number {
    return Math.min(this.#to - this.#from, this.#end - this.#position)
  }

  consume(bytes: number): void {
    this.#from += bytes
    this.#position += bytes
  }

  /** Reads more behind the window; waits for it in a followed file, until the job is over. Errors: `FILE_READ_FAILED`, `FILE_CHANGED`, `LINE_TOO_LONG`. */
  async fill(): Promise<void> {
    const kept = this.#to - this.#from
    if (kept >= LONGEST_LINE_BYTES) {
      throw new MillraceError(
        'LINE_TOO_LONG',
        `${this.#path}: the line at byte ${this.#position} is longer than ${LONGEST_LINE_BYTES} bytes`,
      )
    }
    // a new buffer only when a line is longer than the old one
    const target =
      kept * 2 > this.#bytes.length ? Buffer.allocUnsafe(this.#bytes.length * 2) : this.#bytes
    this.#bytes.copy(target, 0, this.#from, this.#to)
    this.#bytes = target
    this.#from = 0
    const free = target.subarray(kept)
    this.#to = kept
    if (this.#follower === undefined) await this.#readOnce(free)
    else await this.#readWhenGrown(free, this.#follower)
    this.#skipByteOrderMark()
  }

  async #readOnce(free: Buffer): Promise<void> {
    const read = await readFully(this.#file, free, this.#position + this.#to, this.#path)
    this.#to += read
    this.#atEnd = read < free.length
    const fileBytes = this.#position + this.#to
    if (this.#atEnd && fileBytes < this.#end) {
      throw new MillraceError(
        'FILE_CHANGED',
        `${this.#path} had at least ${this.#end} bytes when the job started and has ${fileBytes} now`,
      )
    }
  }

  /** The last line of a file that grows ends with its newline only: `atEnd` stays false. */
  async #readWhenGrown(free: Buffer, follower: Follower): Promise<void> {
    const seen = this.#position + this.#to
    let replaced = false
    while (!follower.stopped) {
      const read = await readFully(this.#file, free, seen, this.#path)
      this.#to += read
      if (read > 0) return
      const { size, dev, ino } = await this.#file.stat({ bigint: true })
      if (size < seen) {
        throw new MillraceError(
          'FILE_CHANGED',
          `${this.#path} is being followed and has been cut, from at least ${seen} bytes to ${size}`,
        )
      }
      if (size > seen) continue
      if (replaced) {
        throw new MillraceError(
          'FILE_CHANGED',
          `${this.#path} is being followed and has been replaced; the file of before was read to its end, at ${seen} bytes`,
        )
      }
      // Whoever writes may go on in the old file for a moment. Where there is no file, one may still come.
      const named = await stat(this.#path, { bigint: true }).catch(() => undefined)
      replaced = named !== undefined && (named.ino !== ino || named.dev !== dev)
      await follower.pause()
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /** A job that goes on may find another file under the name, in which its position would be anywhere. */
  async #checkStart(): Promise<void> {
    const start = this.#position
    if (start <= BYTE_ORDER_MARK_BYTES || start >= this.#end) return
    const before = Buffer.alloc(1)
    const read = await readFully(this.#file, before, start - 1, this.#path)
    if (read === 1 && before[0] !== NEWLINE) {
      throw new MillraceError(
        'FILE_CHANGED',
        `${this.#path} is not the file that was read until byte ${start}: no line begins there`,
      )
    }
  }

  async #skipLine(): Promise<void> {
    for (;;) {
      const newline = this.window.indexOf(NEWLINE)
      if (newline >= 0) return this.consume(newline + 1)
      if (this.#atEnd) return this.consume(this.window.length)
      // nothing of a line that belongs to an earlier range has to be kept
      this.consume(this.window.length)
      await this.fill()
    }
  }

  #skipByteOrderMark(): void {
    if (this.#position > 0) return
    const window = this.window
    if (window[0] !== 0xef || window[1] !== 0xbb || window[2] !== 0xbf) return
    this.consume(BYTE_ORDER_MARK_BYTES)
    // The first line begins with the mark as far as ranges are concerned: one that ends inside of the mark owns it all the same.
    if (window.length > BYTE_ORDER_MARK_BYTES) {
      this.#end = Math.max(this.#end, BYTE_ORDER_MARK_BYTES + 1)
    }
  }
}

/** The number of the line, counted from 1, that begins at or around a byte of a file. Reads the file up to there: for errors only. */
export async function lineNumberAt(path: string, position: number): Promise<number> {
  const file = await openInput(path)
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    let line = 1
    for (let at = 0; at < position; at += chunk.length) {
      const read = await readFully(
        file,
        chunk.subarray(0, Math.min(chunk.length, position - at)),
        at,
        path,
      )
      for (
        let index = chunk.indexOf(NEWLINE);
        index >= 0 && index < read;
        index = chunk.indexOf(NEWLINE, index + 1)
      ) {
        line++
      }
      if (read === 0) break
    }
    return line
  } finally {
    await file.close()
  }
}
