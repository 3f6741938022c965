/**
 * What can be said about every operator besides what it does, and the checks of it.
 */
import { buildErrorHere, describeValue, requireFunction, requireText } from './build-error.ts'
import { MAX_PARALLELISM_LIMIT } from '../checkpoint/key-groups.ts'
import { unknownOption } from '../runtime/known-options.ts'
import { ERROR_POLICIES } from '../operators/bad-records.ts'
import type { ErrorPolicy } from '../operators/bad-records.ts'

/**
 * Options of one operator.
 *
 * @example
 * flights.filter((flight) => flight.delay > 15, { name: 'late flights', uid: 'late', parallelism: 2 })
 */
export interface OperatorOptions {
  /** Shown in plans, metrics and errors. Default: what the operator does. */
  readonly name?: string
  /**
   * Identifies the operator's state across versions of the job; unique in the job. Default: kind
   * and position.
   */
  readonly uid?: string
  /** Number of subtasks, 1 to `maxParallelism`. Default: the job's parallelism. */
  readonly parallelism?: number
  /**
   * Number of key groups, 1 to 32,768: an upper bound for every later parallelism, fixed once there
   * is state to keep. Default: the job's, 128.
   */
  readonly maxParallelism?: number
  /** False: never chained, so that its subtasks are actors of their own. Default: true. */
  readonly chain?: boolean
  /**
   * What happens when the user's function throws for a record: `fail` ends the job, `skip` drops the record and counts it
   * (`recordsSkipped`), `deadLetter` counts it too and hands it, with the error, to `stream.deadLetters()`, which must be read.
   * Default: `fail`.
   */
  readonly onError?: ErrorPolicy
}

const KNOWN_OPTIONS = ['name', 'uid', 'parallelism', 'maxParallelism', 'chain', 'onError']

/**
 * Throws INVALID_ARGUMENT or INVALID_PARALLELISM unless `options` are well-formed. `what` names the
 * operator.
 */
export function checkOperatorOptions(
  options: OperatorOptions,
  what: string,
  moreOptions: readonly string[] = [],
): void {
  if (typeof options !== 'object' || options === null) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what}: the options must be an object, got ${describeValue(options)}`,
    )
  }
  const known = [...KNOWN_OPTIONS, ...moreOptions]
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown !== undefined) {
    throw buildErrorHere('INVALID_ARGUMENT', `${what}: ${unknownOption(unknown, known)}`)
  }
  if (options.name !== undefined) requireText(options.name, `${what}: the name`)
  if (options.uid !== undefined) requireText(options.uid, `${what}: the uid`)
  if (options.chain !== undefined && typeof options.chain !== 'boolean') {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what}: chain must be a boolean, got ${describeValue(options.chain)}`,
    )
  }
  if (options.onError !== undefined && !ERROR_POLICIES.includes(options.onError)) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what}: onError must be one of ${ERROR_POLICIES.join(', ')}, got ${describeValue(options.onError)}`,
    )
  }
  if (options.maxParallelism !== undefined) {
    requireParallelism(options.maxParallelism, `${what}: maxParallelism`)
  }
  if (options.parallelism !== undefined) {
    requireParallelism(options.parallelism, `${what}: parallelism`, options.maxParallelism)
  }
}

/** Whether `value` is a whole number from 1 to `max`, by default 32,768. */
export function isParallelism(
  value: unknown,
  max: number = MAX_PARALLELISM_LIMIT,
): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max
}

function requireParallelism(
  value: unknown,
  what: string,
  max: number = MAX_PARALLELISM_LIMIT,
): void {
  if (isParallelism(value, max)) return
  throw buildErrorHere(
    'INVALID_PARALLELISM',
    `${what} must be a whole number from 1 to ${max}, got ${describeValue(value)}`,
  )
}

/**
 * Tells `(fn, result, options)` from `(fn, options)`: the result function is the argument that may
 * be left out.
 */
export function splitResultAndOptions<Fn extends (...args: never[]) => unknown>(
  resultOrOptions: Fn | OperatorOptions | undefined,
  moreOptions: OperatorOptions | undefined,
  what: string,
): { readonly result: Fn | undefined; readonly options: OperatorOptions } {
  if (typeof resultOrOptions === 'function') {
    requireFunction(resultOrOptions, `${what}: the function for the result`)
    return { result: resultOrOptions, options: moreOptions ?? {} }
  }
  if (resultOrOptions !== undefined && moreOptions !== undefined) {
    throw buildErrorHere(
      'INVALID_ARGUMENT',
      `${what}: the result must be a function, got ${describeValue(resultOrOptions)}`,
    )
  }
  return { result: undefined, options: resultOrOptions ?? moreOptions ?? {} }
}
