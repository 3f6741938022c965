/**
 * Finds where CSV records end, so that whole records can be handed to the parser and a byte offset is a position.
 * A line break inside quotes does not end a record; a quote only opens a field at the field's first byte (RFC 4180).
 */

const NEWLINE = 10
const RETURN = 13
const QUOTE = 34

/** Records at the start of some bytes. */
export interface ScannedRecords {
  /** Offset of each record. */
  readonly starts: readonly number[]
  /** Where the text of the last record ends, its line break not included. */
  readonly textEnd: number
  /** How many bytes have been used up: records, their line breaks, and empty lines before and behind them. */
  readonly used: number
  /** Whether a record was ended by a line break of the other kind than `newline`. */
  readonly otherNewline: boolean
}

/**
 * Takes up to `limit` records that begin before `own`. Empty lines are skipped; one behind a record ends the run.
 * `atEnd`: the bytes are the last of the file, so the last record may end without a line break.
 */
export function scanRecords(
  bytes: Uint8Array,
  options: {
    readonly own: number
    readonly limit: number
    readonly atEnd: boolean
    readonly delimiter: number
    readonly newline: '\n' | '\r\n' | undefined
  },
): ScannedRecords {
  const { own, limit, atEnd, delimiter, newline } = options
  const starts: number[] = []
  let otherNewline = false
  let textEnd = 0
  let used = 0
  while (starts.length < limit && used < own) {
    const end = recordEnd(bytes, used, delimiter, atEnd)
    if (end < 0) break
    const next = Math.min(end + 1, bytes.length)
    const returned = end > used && bytes[end - 1] === RETURN && end < bytes.length
    const stop = returned ? end - 1 : end
    if (stop === used) {
      if (starts.length > 0) break
      used = next
      continue
    }
    if (newline !== undefined && end < bytes.length && returned !== (newline === '\r\n')) {
      otherNewline = true
    }
    starts.push(used)
    textEnd = stop
    used = next
  }
  return { starts, textEnd, used, otherNewline }
}

/** Offset of the `\n` that ends the record at `start`, the length of the bytes at the end of a file, or -1. */
function recordEnd(bytes: Uint8Array, start: number, delimiter: number, atEnd: boolean): number {
  let fieldStart = true
  let at = start
  while (at < bytes.length) {
    const byte = bytes[at] as number
    if (byte === NEWLINE) return at
    if (fieldStart && byte === QUOTE) {
      const closing = closingQuote(bytes, at + 1)
      if (closing < 0) return atEnd ? bytes.length : -1
      at = closing + 1
      fieldStart = false
      continue
    }
    fieldStart = byte === delimiter
    at++
  }
  return atEnd && start < bytes.length ? bytes.length : -1
}

/** Offset of the quote that closes a field, two in a row being one of its characters; -1 when it is not there. */
function closingQuote(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(QUOTE, from); at >= 0; at = bytes.indexOf(QUOTE, at + 2)) {
    if (bytes[at + 1] !== QUOTE) return at
  }
  return -1
}
