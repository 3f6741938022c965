/**
 * The standard output of the command line: for what was asked for, and nothing else.
 */
import { MillraceError } from '../mailbox/errors.ts'

/** Writes to stdout. Resolves when the text has been handed over; a reader that has gone is heard of by `watchPipe`. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => {
      resolve()
    })
  })
}

/**
 * Calls `onBroken`, once, when nothing can be written to stdout any more: with an error, or without one when its reader has
 * gone (`millrace … | head`). Errors of stderr are ignored.
 */
export function watchPipe(onBroken: (error: MillraceError | undefined) => void): void {
  let heard = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (heard) return
    heard = true
    if (error.code === 'EPIPE') onBroken(undefined)
    else onBroken(new MillraceError('OUTPUT_FAILED', `stdout: ${error.message}`))
  })
  process.stderr.on('error', () => {})
}

type Write = typeof process.stdout.write

/** Lets console sinks write to stdout, whatever a run around this one has said. */
export function releaseStdout(): void {
  delete process.env['MILLRACE_STDOUT']
}

/**
 * Sends what the job itself prints to stderr, on this thread and on others, so that stdout carries one line of JSON only: what goes
 * through `process.stdout`, and, by a variable of the environment, what console sinks write. To be called before threads start. Returns
 * how to write to stdout nevertheless.
 */
export function reserveStdout(): (text: string) => Promise<void> {
  process.env['MILLRACE_STDOUT'] = 'reserved'
  const write = process.stdout.write.bind(process.stdout) as (
    text: string,
    callback: () => void,
  ) => boolean
  process.stdout.write = process.stderr.write.bind<Write>(process.stderr)
  return (text) =>
    new Promise((resolve) => {
      write(text, () => {
        resolve()
      })
    })
}
