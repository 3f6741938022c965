/**
 * Cuts bytes that come in pieces into lines, and never keeps more of a line than it may have. Used by one reader, in one subtask.
 */
const NEWLINE = 10
const CARRIAGE_RETURN = 13
const NOTHING = Buffer.alloc(0)

/** See the head of this file. */
export class LineSplitter {
  /** Whether the line that `next` returned last is only the beginning of one that is too long; the rest of it is passed over. */
  tooLong = false
  readonly #maxLineBytes: number
  #piece: Buffer = NOTHING
  /** Where in the piece the next line begins. */
  #from = 0
  /** The beginning of a line whose end has not come. */
  #begun: Buffer[] = []
  #begunBytes = 0
  /** The line under way was too long. */
  #skipping = false

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  /** Takes the next piece. Only when `next` has returned undefined. */
  push(piece: Buffer): void {
    this.#piece = piece
    this.#from = 0
  }

  /** The next line without its `\n` or `\r\n`; undefined: more bytes are needed. Valid for as long as the pieces are. */
  next(): Buffer | undefined {
    this.tooLong = false
    while (this.#from < this.#piece.length) {
      const found = this.#piece.indexOf(NEWLINE, this.#from)
      const end = found === -1 ? this.#piece.length : found
      const part = this.#piece.subarray(this.#from, end)
      this.#from = end + 1
      if (this.#skipping) {
        this.#skipping = found === -1
        continue
      }
      if (this.#begunBytes + part.length > this.#maxLineBytes) {
        this.#skipping = found === -1
        this.tooLong = true
        return this.#whole(part).subarray(0, this.#maxLineBytes)
      }
      if (found !== -1) return withoutReturn(this.#whole(part))
      this.#begun.push(part)
      this.#begunBytes += part.length
    }
    return undefined
  }

  /** The last line, which no newline ends; undefined if there is none. Then it begins anew. */
  end(): Buffer | undefined {
    const last = this.#begunBytes === 0 ? undefined : withoutReturn(this.#whole(NOTHING))
    this.#piece = NOTHING
    this.#from = 0
    this.#skipping = false
    this.tooLong = false
    return last
  }

  #whole(part: Buffer): Buffer {
    if (this.#begun.length === 0) return part
    const line = Buffer.concat([...this.#begun, part])
    this.#begun = []
    this.#begunBytes = 0
    return line
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}
