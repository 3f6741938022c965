/**
 * What the command line knows of the streams it writes to: whether a person looks at them, how wide they are, and colours.
 */
import { writeSync } from 'node:fs'
import picocolors from 'picocolors'

/** Functions that wrap a text in the control sequences of a style, or return it unchanged. */
export type Styles = ReturnType<typeof picocolors.createColors>

/** Columns of an output that is no terminal, or does not say. */
const DEFAULT_COLUMNS = 80
const FEWEST_COLUMNS = 40

/** What is needed of a stream. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Environment variables. */
export type Variables = Readonly<Record<string, string | undefined>>

/**
 * Styles for a stream: none unless it is a terminal, and none where `NO_COLOR` is set to anything (no-color.org) or the
 * terminal is `dumb`.
 */
export function stylesFor(stream: OutputStream, variables: Variables): Styles {
  const forbidden = (variables['NO_COLOR'] ?? '') !== '' || variables['TERM'] === 'dumb'
  return picocolors.createColors(stream.isTTY === true && !forbidden)
}

/** Columns of a stream, 40 or more; 80 where it is no terminal. */
export function columnsOf(stream: OutputStream): number {
  return Math.max(FEWEST_COLUMNS, stream.columns ?? DEFAULT_COLUMNS)
}

/** Names and texts are the user's: none may break the layout or reach the terminal as a control sequence. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
}

/** The same for a text of several lines. */
export function manyLines(text: string): string {
  return text.split(/\r?\n/).map(oneLine).join('\n')
}

/** Writes to stderr at once, also right before the process is ended by force. A reader that has gone is no error. */
export function writeErrorNow(text: string): void {
  try {
    writeSync(2, text)
  } catch {
    // Nobody reads it.
  }
}
