/**
 * Text on its way out: while one piece is being written the next one gathers, and only when that is large too does
 * the caller have to wait. Used by one sink writer, in one subtask.
 */
import type { MillraceError } from '../../mailbox/errors.ts'

/** Where a buffer sends its text and when. */
export interface TextBufferOptions {
  /** Writes bytes completely. Not called again before it has settled. */
  readonly send: (bytes: Buffer) => Promise<void>
  /** What a failure of `send` is called. */
  readonly failure: (error: unknown) => MillraceError
  /** From this many characters or bytes on, text is sent as soon as nothing else is being sent. */
  readonly sendFrom: number
  /** From so many on, the caller has to wait. */
  readonly fullFrom: number
}

/** See the head of this file. */
export class TextBuffer {
  readonly #options: TextBufferOptions
  #parts: (string | Uint8Array)[] = []
  /** In strings characters, in bytes bytes. */
  #length = 0
  #sending: Promise<void> | undefined
  #failure: MillraceError | undefined

  constructor(options: TextBufferOptions) {
    this.#options = options
  }

  /** Takes text, as it is or as UTF-8. A promise means: no more until it has settled. Throws the failure of earlier text. */
  write(text: string | Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#parts.push(text)
    this.#length += text.length
    if (this.#sending === undefined) {
      if (this.#length >= this.#options.sendFrom) this.#start()
    } else if (this.#length >= this.#options.fullFrom) {
      return this.#settled()
    }
  }

  /** Resolves when all text has been sent. */
  async flush(): Promise<void> {
    while (this.#failure === undefined && (this.#sending !== undefined || this.#length > 0)) {
      if (this.#sending === undefined) this.#start()
      await this.#sending
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Drops what has not been sent yet; resolves when nothing is being sent any more. Never rejects. */
  async drop(): Promise<void> {
    this.#parts = []
    this.#length = 0
    await this.#sending
  }

  async #settled(): Promise<void> {
    await this.#sending
    if (this.#failure !== undefined) throw this.#failure
  }

  /** The promise kept in `#sending` never rejects: a failure waits for the next call. */
  #start(): void {
    const bytes = joined(this.#parts)
    this.#parts = []
    this.#length = 0
    this.#sending = this.#options
      .send(bytes)
      .catch((error: unknown) => {
        this.#failure = this.#options.failure(error)
      })
      .then(() => {
        this.#sending = undefined
        if (this.#failure === undefined && this.#length >= this.#options.sendFrom) this.#start()
      })
  }
}

function joined(parts: readonly (string | Uint8Array)[]): Buffer {
  if (parts.every((part) => typeof part === 'string')) return Buffer.from(parts.join(''))
  const chunks: Uint8Array[] = []
  let text = ''
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    if (text !== '') chunks.push(Buffer.from(text))
    text = ''
    chunks.push(part)
  }
  if (text !== '') chunks.push(Buffer.from(text))
  return Buffer.concat(chunks)
}
