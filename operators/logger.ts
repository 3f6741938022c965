/**
 * What operators and user functions log to.
 */

/** Levels, least important first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Takes lines of text; the host decides where they go. `fields` is plain data. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void
}
