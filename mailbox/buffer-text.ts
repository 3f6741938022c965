/**
 * Declares the methods behind `Buffer#write` and `Buffer#toString`, one per encoding. Every Node has them and msgpackr uses them,
 * too; they spare the look-up of the encoding, which shows where a call writes or reads a hundred characters.
 */
declare global {
  interface Buffer {
    /** The bytes `[start, end)` as Latin-1 text. */
    latin1Slice(start: number, end: number): string
    /** The bytes `[start, end)` as UTF-16 text, surrogates untouched. */
    ucs2Slice(start: number, end: number): string
    /** The bytes `[start, end)` as UTF-8 text. */
    utf8Slice(start: number, end: number): string
    /** Writes the low byte of each character; returns the bytes written. */
    latin1Write(text: string, offset: number, maxBytes: number): number
    /** Writes UTF-16 units, surrogates untouched; returns the bytes written. */
    ucs2Write(text: string, offset: number, maxBytes: number): number
    /** Writes whole characters as UTF-8 while they fit; returns the bytes written. */
    utf8Write(text: string, offset: number, maxBytes: number): number
  }
}

/**
 * Writes a text in one byte per character where Latin-1 holds it, otherwise in two, and returns that width.
 * `bytes` must have room for `2 * text.length + UTF8_SLACK` bytes from `at` on.
 */
export function writeText(bytes: Buffer, text: string, at: number): 1 | 2 {
  const characters = text.length
  if (characters === 0) return 1
  // Each character that is not ASCII makes UTF-8 longer than the text, and with four bytes to spare the cut cannot hide it.
  if (bytes.utf8Write(text, at, characters + UTF8_SLACK) === characters) return 1
  bytes.latin1Write(text, at, characters)
  if (bytes.latin1Slice(at, at + characters) === text) return 1
  bytes.ucs2Write(text, at, 2 * characters)
  return 2
}

/** See `writeText`. */
export const UTF8_SLACK = 4
