/**
 * A sink onto the terminal, or whatever stdout and stderr are.
 *
 * It writes to the file descriptor and not through `process.stdout`: in a worker thread that is a detour over the main
 * thread, on which a reader that has gone (EPIPE) would raise an error event that nobody can attribute to this sink.
 */
import { write } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify, inspect } from 'node:util'

import { MillraceError } from '../../mailbox/errors.ts'
import type { Sink, SinkWriter, WriterContext } from '../../operators/sink.ts'
import { outputError } from '../files/output-file.ts'
import { systemCode } from '../files/paths.ts'
import { TextBuffer } from '../files/text-buffer.ts'
import { checkOptions } from '../../runtime/known-options.ts'

const writeBytes = promisify(write)

/** Lines of several subtasks do not mix as long as each write fits into what a pipe takes at once (POSIX: `PIPE_BUF`). */
const PIPE_BYTES = 4096
/** How long to wait for a pipe that is full and does not block. */
const FULL_PIPE_WAIT_MS = 5
const FULL_CHARACTERS = 64 * 1024

/** What is printed before each record, and where to. */
export interface ConsoleSinkOptions {
  /** Stands before each line: `prefix> `, and `prefix:2> ` for the second of several subtasks. Default: none. */
  readonly prefix?: string
  /** Default: `'stdout'`. */
  readonly to?: 'stdout' | 'stderr'
  /** Turns a record into a line. Default: a string as it is, anything else as `util.inspect` shows it on one line. */
  readonly format?: (value: unknown) => string
}

/**
 * Prints records, one line each. Under `millrace run --json`, whose stdout is for the report, `stdout` means stderr.
 *
 * Errors: `INVALID_ARGUMENT` at once; `OUTPUT_CLOSED` when the reader of a pipe has gone, as after `| head`: the end of the job,
 * but nothing to complain about; `OUTPUT_WRITE_FAILED`.
 *
 * @example
 * stream.to(consoleSink({ prefix: 'worst' }))
 */
export function consoleSink(options: ConsoleSinkOptions = {}): Sink<unknown> {
  checkOptions(options, ['prefix', 'to', 'format'], 'consoleSink')
  const { prefix, to = 'stdout', format = onOneLine } = options
  if (to !== 'stdout' && to !== 'stderr') {
    throw invalid(`"to" must be 'stdout' or 'stderr', got ${JSON.stringify(to)}`)
  }
  if (prefix !== undefined && typeof prefix !== 'string') throw invalid('"prefix" must be a string')
  if (typeof format !== 'function') throw invalid('"format" must be a function')
  return {
    name: 'console',
    open: (context) => {
      const target = to === 'stdout' && stdoutIsReserved() ? 'stderr' : to
      const descriptor = target === 'stdout' ? 1 : 2
      return new ConsoleWriter(descriptor, target, prefixOf(prefix, context), format)
    },
  }
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `consoleSink: ${message}`)
}

/** `millrace run --json` keeps stdout to itself; threads inherit the variable. */
function stdoutIsReserved(): boolean {
  return process.env['MILLRACE_STDOUT'] === 'reserved'
}

function prefixOf(
  prefix: string | undefined,
  { subtaskIndex, parallelism }: WriterContext,
): string {
  if (parallelism === 1) return prefix === undefined ? '' : `${prefix}> `
  const number = subtaskIndex + 1
  return prefix === undefined ? `${number}> ` : `${prefix}:${number}> `
}

function onOneLine(value: unknown): string {
  return typeof value === 'string'
    ? value
    : inspect(value, { breakLength: Infinity, compact: true, depth: 6 })
}

class ConsoleWriter implements SinkWriter<unknown> {
  readonly #prefix: string
  readonly #format: (value: unknown) => string
  readonly #buffer: TextBuffer

  constructor(descriptor: number, to: string, prefix: string, format: (value: unknown) => string) {
    this.#prefix = prefix
    this.#format = format
    this.#buffer = new TextBuffer({
      send: (bytes) => sendLines(descriptor, bytes),
      failure: (error) => outputError(error, to),
      sendFrom: 1,
      fullFrom: FULL_CHARACTERS,
    })
  }

  write(values: readonly unknown[]): void | Promise<void> {
    let lines = ''
    for (const value of values) lines += this.#prefix + this.#format(value) + '\n'
    if (lines !== '') return this.#buffer.write(lines)
  }

  flush(): Promise<void> {
    return this.#buffer.flush()
  }

  close(): Promise<void> {
    return this.#buffer.flush()
  }

  abort(): Promise<void> {
    return this.#buffer.drop()
  }
}

/** Writes whole lines, as many at a time as a pipe takes at once. */
async function sendLines(descriptor: number, bytes: Buffer): Promise<void> {
  let start = 0
  while (start < bytes.length) {
    // the last line break that still fits; a line that is longer goes alone
    let end = bytes.lastIndexOf('\n', Math.min(start + PIPE_BYTES, bytes.length) - 1) + 1
    if (end <= start) end = bytes.indexOf('\n', start) + 1 || bytes.length
    start += await writeSome(descriptor, bytes.subarray(start, end))
  }
}

async function writeSome(descriptor: number, bytes: Buffer): Promise<number> {
  for (;;) {
    try {
      const { bytesWritten } = await writeBytes(descriptor, bytes)
      return bytesWritten
    } catch (error) {
      // a pipe shared with somebody who made it non-blocking tells that it is full; there is nothing else to wait for
      if (systemCode(error) !== 'EAGAIN') throw error
      await delay(FULL_PIPE_WAIT_MS)
    }
  }
}
