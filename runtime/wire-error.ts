/**
 * Errors as plain data, so that they cross threads with name, code, message, stack and cause.
 *
 * The structured clone of an Error drops its own fields (such as `code`) and turns subclasses into plain Errors.
 */
import { MillraceError } from '../mailbox/errors.ts'

/** An error as plain data. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly retryable?: boolean
  readonly cause?: WireError
  /** Further own fields that are plain (strings, numbers, booleans). */
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}

const LONGEST_CAUSE_CHAIN = 16
const KNOWN_FIELDS = new Set(['name', 'message', 'code', 'stack', 'retryable', 'cause'])

/** An error that came from another thread. Keeps the name it had there. */
export class RemoteError extends MillraceError {
  override readonly name: string

  constructor(name: string, code: string, message: string, cause: unknown, retryable: boolean) {
    super(code, message, cause === undefined ? { retryable } : { cause, retryable })
    this.name = name
  }
}

/** Turns whatever was thrown into plain data. Never throws, whatever getters the error of a user has. */
export function toWireError(thrown: unknown): WireError {
  try {
    return wireError(thrown, 0)
  } catch {
    return { name: 'Error', message: textOf(thrown) }
  }
}

function wireError(thrown: unknown, depth: number): WireError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: textOf(thrown) }
  const own = thrown as Error & { code?: unknown; retryable?: unknown }
  const fields = plainFields(thrown)
  return {
    name: textOf(thrown.name),
    message: textOf(thrown.message),
    ...(typeof own.code === 'string' || typeof own.code === 'number'
      ? { code: String(own.code) }
      : {}),
    ...(typeof thrown.stack === 'string' ? { stack: thrown.stack } : {}),
    ...(own.retryable === true ? { retryable: true } : {}),
    ...(thrown.cause === undefined || depth >= LONGEST_CAUSE_CHAIN
      ? {}
      : { cause: wireError(thrown.cause, depth + 1) }),
    ...(fields === undefined ? {} : { fields }),
  }
}

/** Turns it back: a `RemoteError` with the name, code, message, stack, cause and plain fields of the original. */
export function fromWireError(wire: WireError): RemoteError {
  const cause = wire.cause === undefined ? undefined : fromWireError(wire.cause)
  const error = new RemoteError(
    wire.name,
    wire.code ?? 'ERROR',
    wire.message,
    cause,
    wire.retryable ?? false,
  )
  if (wire.stack !== undefined) error.stack = wire.stack
  if (wire.fields !== undefined) Object.assign(error, wire.fields)
  return error
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new MillraceError('ERROR', textOf(thrown))
}

/** Any value as text: user code may throw an object that refuses to become one. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return String(value)
  } catch {
    return `a thrown ${typeof value}`
  }
}

function plainFields(error: Error): Record<string, string | number | boolean> | undefined {
  const fields: Record<string, string | number | boolean> = {}
  for (const [key, value] of Object.entries(error)) {
    if (KNOWN_FIELDS.has(key)) continue
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      fields[key] = value
    }
  }
  return Object.keys(fields).length === 0 ? undefined : fields
}
