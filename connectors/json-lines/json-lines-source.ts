/**
 * The JSON Lines source: a split is a range of bytes of a file, so that one big file is read in parallel.
 */
import { isUtf8 } from 'node:buffer'
import { MillraceError } from '../../mailbox/errors.ts'
import type { PlainData, ReaderContext, Source, SplitReader } from '../../operators/source.ts'
import { lineNumberAt, LineReader } from '../files/line-reader.ts'
import { Follower, followOptions, type FollowOptions } from '../files/follow.ts'
import {
  filesWithBytes,
  inputPaths,
  shortName,
  type FileWithBytes,
  type InputPaths,
} from '../files/paths.ts'
import { listEnumerator, restoredList } from '../files/split-list.ts'
import { checkOptions } from '../../runtime/known-options.ts'

const NEWLINE = 10
const DEFAULT_SPLIT_BYTES = 8 * 1024 * 1024
const SHOWN_CHARACTERS = 80

/** How to read JSON Lines. Exactly one of `path` and `paths` is given. */
export interface JsonLinesSourceOptions<T> extends InputPaths {
  /**
   * Turns the parsed value of a line into a record, and types it; an error thrown here names file and line. Default: the
   * value as it is.
   */
  readonly parse?: (value: PlainData) => T
  /** Size of a split in bytes, at least 1. Default: 8 MiB. */
  readonly splitBytes?: number
  /**
   * Reads on when the files grow, and ends only when the job is cancelled. Each file is one split; a line counts when its
   * newline is there. Files are looked at every 200 ms. One that is cut, or
   * replaced under its name, can't be followed (`FILE_CHANGED`). Default: false.
   */
  readonly follow?: boolean | FollowOptions
}

/** Bytes `[start, end)` of a file: the lines that begin there. */
export interface JsonLinesSplit {
  readonly path: string
  readonly start: number
  readonly end: number
}

/**
 * Reads files with one JSON value per line, in UTF-8. Empty lines are skipped; a byte order mark and `\r\n` are accepted.
 *
 * Position: the offset in bytes of the next line, so a reader goes on exactly where another one stood.
 *
 * Errors: `INVALID_ARGUMENT` at once; `FILE_NOT_FOUND`, `FILE_NOT_READABLE` before the first record; `BAD_JSON_LINE` (file, line,
 * the beginning of the line), `LINE_TOO_LONG`, `FILE_CHANGED`, `FILE_READ_FAILED` later.
 *
 * @example
 * const orders = jsonLinesSource({ path: 'orders.jsonl', parse: (value) => value as { price: number } })
 *
 * @example
 * const log = jsonLinesSource({ path: 'app.log', follow: true })
 */
export function jsonLinesSource<T = PlainData>(
  options: JsonLinesSourceOptions<T>,
): Source<T, JsonLinesSplit, number> {
  checkOptions(options, ['path', 'paths', 'parse', 'splitBytes', 'follow'], 'jsonLinesSource')
  const paths = inputPaths(options, 'jsonLinesSource')
  const follow = followOptions(options.follow, 'jsonLinesSource')
  const kind = follow === undefined ? 'jsonLinesSource' : 'jsonLinesSource with follow'
  const { parse, splitBytes = DEFAULT_SPLIT_BYTES } = options
  if (!Number.isSafeInteger(splitBytes) || splitBytes < 1) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `jsonLinesSource: "splitBytes" must be a whole number of at least 1, got ${splitBytes}`,
    )
  }
  if (parse !== undefined && typeof parse !== 'function') {
    throw new MillraceError('INVALID_ARGUMENT', 'jsonLinesSource: "parse" must be a function')
  }
  return {
    name: shortName('jsonLines', paths),
    ...(follow === undefined ? {} : { maxParallelism: paths.length, splitsAtOnce: paths.length }),
    async enumerate({ restored }) {
      const progress = restoredList<ByteRanges>(restored, kind) ?? {
        kind,
        facts: await byteRanges(paths, follow === undefined ? splitBytes : undefined),
        given: 0,
      }
      return listEnumerator(splitsOf(progress.facts), { progress })
    },
    async open(split, context, position) {
      const lines = await LineReader.open(split.path, {
        start: position ?? split.start,
        end: split.end,
        align: position === undefined,
        follower: follow && new Follower(follow, context.signal),
      })
      return new JsonLinesReader<T>(split.path, lines, context, parse)
    },
  }
}

/** From what the splits follow. */
interface ByteRanges {
  readonly splitBytes: number
  readonly files: readonly FileWithBytes[]
}

/** Without `splitBytes` the files grow, and each is one range without an end. */
async function byteRanges(
  paths: readonly string[],
  splitBytes: number | undefined,
): Promise<ByteRanges> {
  const files = await filesWithBytes(paths)
  if (splitBytes !== undefined) return { splitBytes, files }
  const endless = Number.POSITIVE_INFINITY
  return { splitBytes: endless, files: paths.map((path) => ({ path, fileBytes: endless })) }
}

function splitsOf({ splitBytes, files }: ByteRanges): JsonLinesSplit[] {
  const splits: JsonLinesSplit[] = []
  for (const { path, fileBytes } of files) {
    for (let start = 0; start < fileBytes; start += splitBytes) {
      splits.push({ path, start, end: Math.min(start + splitBytes, fileBytes) })
    }
  }
  return splits
}

class JsonLinesReader<T> implements SplitReader<T, number> {
  readonly #path: string
  readonly #lines: LineReader
  readonly #batchSize: number
  readonly #badRecord: ReaderContext['badRecord']
  readonly #parse: ((value: PlainData) => T) | undefined

  constructor(
    path: string,
    lines: LineReader,
    context: ReaderContext,
    parse: ((value: PlainData) => T) | undefined,
  ) {
    this.#path = path
    this.#lines = lines
    this.#batchSize = context.batchSize
    this.#badRecord = context.badRecord
    this.#parse = parse
  }

  get position(): number {
    return this.#lines.position
  }

  read(): readonly T[] | undefined | Promise<readonly T[] | undefined> {
    const batch = this.#take()
    if (batch instanceof BadLine) return this.#skipAndRead(batch)
    if (batch.length > 0) return batch
    return this.#lines.done ? undefined : this.#fillAndRead()
  }

  close(): Promise<void> {
    return this.#lines.close()
  }

  async #fillAndRead(): Promise<readonly T[] | undefined> {
    for (;;) {
      await this.#lines.fill()
      const batch = this.#take()
      if (batch instanceof BadLine) return this.#skipAndRead(batch)
      if (batch.length > 0) return batch
      if (this.#lines.done) return undefined
    }
  }

  /** Reports a bad line and goes on behind it; throws where the first one ends the job. */
  async #skipAndRead(bad: BadLine): Promise<readonly T[] | undefined> {
    const line = await lineNumberAt(this.#path, this.#lines.position)
    const error = this.#errorOf(bad, line)
    if (this.#badRecord === undefined) throw error
    this.#badRecord(bad.text.trimEnd(), error, `${this.#path}, line ${line}`)
    this.#lines.consume(bad.byteLength)
    return this.#lines.done ? undefined : this.read()
  }

  /**
   * The records of the complete lines in hand. A bad line ends the batch before it, and is reported when it comes first:
   * what was good until then has been handed out.
   */
  #take(own = this.#lines.ownBytes): T[] | BadLine {
    const records: T[] = []
    const window = this.#lines.window
    const parse = this.#parse
    let start = 0
    let end = 0
    while (start < own) {
      try {
        while (start < own && records.length < this.#batchSize) {
          end = window.indexOf(NEWLINE, start)
          if (end < 0) {
            if (!this.#lines.atEnd) break
            end = window.length
          }
          const value = JSON.parse(window.toString('utf8', start, end)) as PlainData
          // without `parse` the record is what the file says, which is what T stands for then
          records.push(parse === undefined ? (value as T) : parse(value))
          start = end + 1
        }
        break
      } catch (error) {
        const text = window.toString('utf8', start, end)
        if (text.trim() === '') {
          start = end + 1
          continue
        }
        if (start === 0) return new BadLine(text, error, Math.min(end + 1, window.length))
        break
      }
    }
    const taken = Math.min(start, window.length)
    if (!isUtf8(window.subarray(0, taken))) return this.#notUtf8(window.subarray(0, taken))
    this.#lines.consume(taken)
    return records
  }

  /** The records before the first line that is not UTF-8, or that line where it comes first. Rare, so it parses again. */
  #notUtf8(bytes: Buffer): T[] | BadLine {
    let start = 0
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start)
      const line = bytes.subarray(start, newline < 0 ? bytes.length : newline)
      if (newline < 0 || !isUtf8(line)) {
        if (start > 0) return this.#take(start)
        const byteLength = newline < 0 ? line.length : line.length + 1
        return new BadLine(line.toString('utf8'), new Error('it is not valid UTF-8'), byteLength)
      }
      start = newline + 1
    }
  }

  #errorOf({ text, reason }: BadLine, line: number): MillraceError {
    const shown =
      text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text.trimEnd()
    const why = reason instanceof Error ? reason.message : String(reason)
    return new MillraceError(
      'BAD_JSON_LINE',
      `${this.#path}, line ${line}: ${why}; the line is ${shown}`,
      {
        cause: reason,
      },
    )
  }
}

/** The line at the reader's position, and what is wrong with it. */
class BadLine {
  readonly text: string
  readonly reason: unknown
  /** With its end of line. */
  readonly byteLength: number

  constructor(text: string, reason: unknown, byteLength: number) {
    this.text = text
    this.reason = reason
    this.byteLength = byteLength
  }
}
