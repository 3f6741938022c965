/**
 * The one base class of all errors that Millrace raises on purpose.
 *
 * Lives in the lowest folder because every folder above needs it. Nobody matches on message text:
 * `code` is stable, the message is for people.
 */

/** What an error may carry besides its code and message. */
export interface MillraceErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown
  /** Whether the same action may succeed when it is tried again. Default: false. */
  readonly retryable?: boolean
}

/**
 * Base of every error raised by Millrace.
 *
 * `code` is one of a closed list per folder (upper case, words joined by `_`) and stays the same
 * between versions. The message says what was expected, what came and where.
 */
export class MillraceError extends Error {
  override readonly name: string = 'MillraceError'
  readonly code: string
  readonly retryable: boolean

  constructor(code: string, message: string, options: MillraceErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryable = options.retryable ?? false
  }
}
