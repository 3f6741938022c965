/**
 * Where the log lines of user functions go: to stderr, so that a job's output on stdout stays clean.
 */
import { inspect } from 'node:util'
import type { Logger } from '../../operators/logger.ts'

/** The logger of one subtask. `debug` is written only where the environment variable `MILLRACE_DEBUG` is set. */
export function consoleLogger(taskName: string, subtaskIndex: number): Logger {
  const debug = process.env['MILLRACE_DEBUG'] !== undefined
  return {
    log(level, message, fields) {
      if (level === 'debug' && !debug) return
      const rest =
        fields === undefined ? '' : ` ${inspect(fields, { breakLength: Number.POSITIVE_INFINITY })}`
      process.stderr.write(`${level} ${taskName}[${subtaskIndex}] ${message}${rest}\n`)
    },
  }
}
