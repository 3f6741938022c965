/**
 * Errors about a job's definition, and the argument checks that raise them. They point at the
 * user's line.
 */
import { isAsync } from '../checkpoint/async-functions.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { captureCallSite, formatCallSite } from './call-site.ts'
import type { CallSite } from './call-site.ts'

/** Codes of errors about what a job says, raised while it is defined, built or planned. */
export type BuildErrorCode =
  | 'INVALID_JOB'
  | 'INVALID_ARGUMENT'
  | 'INVALID_PARALLELISM'
  | 'DUPLICATE_UID'
  | 'DUPLICATE_COLLECT'
  | 'JOB_WITHOUT_SINK'
  | 'DANGLING_STREAM'
  | 'OUTPUT_IN_USE'
  | 'FOREIGN_STREAM'
  | 'INVALID_JOIN'
  | 'STREAM_WITHOUT_KEY'
  | 'STATE_WITHOUT_KEY'
  | 'TIMERS_WITHOUT_KEY'
  | 'DUPLICATE_STATE'
  | 'INVALID_WINDOW'
  | 'TRIGGER_CANNOT_MERGE'
  | 'AGGREGATE_CANNOT_MERGE'
  | 'WINDOW_STATE_CANNOT_MERGE'
  | 'NO_SIDE_OUTPUT'
  | 'DEAD_LETTERS_UNREAD'
  | 'HARNESS_SHAPE'
  | 'JOB_ALREADY_BUILT'
  | 'JOB_BUILD_FAILED'
  | 'FORWARD_PARALLELISM'
  | 'BAD_ARGUMENT'
  | 'UNKNOWN_ARGUMENT'
  | 'MISSING_ARGUMENT'

/**
 * An error about a job's definition. Its message ends with the user's line, where one is known.
 *
 * @param site the line to name
 */
export function buildError(
  code: BuildErrorCode,
  message: string,
  site: CallSite | undefined,
  cause?: unknown,
): MillraceError {
  const place = site === undefined ? '' : ` (at ${formatCallSite(site)})`
  return new MillraceError(code, message + place, cause === undefined ? {} : { cause })
}

/** The same, naming the user's line that led here. */
export function buildErrorHere(code: BuildErrorCode, message: string): MillraceError {
  return buildError(code, message, captureCallSite())
}

/**
 * Throws INVALID_ARGUMENT unless `value` is a function, and not an async one: its promises would pass for results, of a filter for true. `what` reads like
 * "map: the function".
 */
export function requireFunction(value: unknown, what: string): void {
  requireAnyFunction(value, what)
  if (!isAsync(value)) return
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what} must not be async, for nobody waits for it: use mapAsync or flatMapAsync before`,
  )
}

/** The same where async functions are welcome. */
export function requireAnyFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what} must be a function, got ${describeValue(value)}`,
    )
  }
}

/**
 * Throws INVALID_ARGUMENT unless `value` is an object that has all of `methods`.
 *
 * @param expected what it should have been, e.g. "a Source"
 */
export function requireMethods(
  value: unknown,
  methods: readonly string[],
  what: string,
  expected: string,
): void {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what} must be ${expected}, got ${describeValue(value)}`,
    )
  }
  const missing = methods.filter(
    (method) => typeof (value as Record<string, unknown>)[method] !== 'function',
  )
  if (missing.length > 0) {
    const list = missing.map((method) => `${method}()`).join(', ')
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what} must be ${expected}; ${describeValue(value)} has no ${list}`,
    )
  }
}

/** Throws INVALID_ARGUMENT unless `value` is text with something in it. */
export function requireText(value: unknown, what: string): void {
  if (typeof value !== 'string' || value.trim() === '') {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what} must be a text that is not empty, got ${describeValue(value)}`,
    )
  }
}

/** A value in a message: short, on one line, and of which type it is. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  switch (typeof value) {
    case 'string':
      return value.length > 60 ? `${JSON.stringify(value.slice(0, 60))}…` : JSON.stringify(value)
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'symbol':
      return `${typeof value} ${String(value)}`
    case 'function':
      return value.name === '' ? 'a function' : `function ${value.name}`
    default:
      return Array.isArray(value) ? 'an array' : `an object (${constructorName(value)})`
  }
}

function constructorName(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (typeof prototype !== 'object' || prototype === null) return 'without a class'
  const constructor: unknown = (prototype as { readonly constructor?: unknown }).constructor
  return typeof constructor === 'function' ? constructor.name : 'unknown'
}
