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
  }
}

/**
 * Finds a character that Latin-1 does not hold. V8 keeps most strings in one byte per character, and for those this is known to find
 * nothing without a look at the characters; joining them into one flat string, which it does first, the writing needs anyway.
 */
const BEYOND_LATIN1 = /[^\0-\xff]/

/**
 * Writes a text in one byte per character where Latin-1 holds it, otherwise in two, and returns that width.
 * `bytes` must have room for `2 * text.length` bytes from `at` on.
 */
export function writeText(bytes: Buffer, text: string, at: number): 1 | 2 {
  if (text.length === 0) return 1
  if (BEYOND_LATIN1.test(text)) {
    bytes.ucs2Write(text, at, 2 * text.length)
    return 2
  }
  bytes.latin1Write(text, at, text.length)
  return 1
}
