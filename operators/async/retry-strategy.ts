/**
 * When an asynchronous operator asks again, and how long it waits before that.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/**
 * Retries of an asynchronous operator, as `fixedDelay` and `exponentialDelay` make them. A strategy of your own is a plain object;
 * it holds no state, because all records and subtasks share it.
 */
export interface AsyncRetryStrategy<R = unknown> {
  /** The most calls per record, the first one included: 1 never asks again. */
  readonly attempts: number
  /**
   * Milliseconds between the end of one attempt and the next.
   *
   * @param attempt the number of the attempt that has just ended, from 1
   * @param random a number in [0, 1) at each call
   */
  readonly delayMs: (attempt: number, random: () => number) => number
  /** Whether an error is worth another attempt. Default: every error. */
  readonly when?: ((error: unknown) => boolean) | undefined
  /** Whether a result is so poor that it is worth another attempt; the last one counts whatever it is. Default: never. */
  readonly whenResult?: ((result: R) => boolean) | undefined
}

/** What every strategy can say. */
export interface RetryConditions<R> {
  /** The most calls per record, the first one included. A whole number from 1. */
  readonly attempts: number
  /** Whether an error is worth another attempt. Default: every error. */
  readonly when?: (error: unknown) => boolean
  /** Whether a result is worth another attempt; from `flatMapAsync` it is an array. Default: never. */
  readonly whenResult?: (result: R) => boolean
}

/** Options of `fixedDelay`. */
export interface FixedDelayOptions<R> extends RetryConditions<R> {
  /** Milliseconds between two attempts, from 0. */
  readonly delayMs: number
}

/** Options of `exponentialDelay`. */
export interface ExponentialDelayOptions<R> extends RetryConditions<R> {
  /** Milliseconds before the second attempt, from 0. */
  readonly initialMs: number
  /** The longest delay, in milliseconds. At least `initialMs`. */
  readonly maxMs: number
  /** How much longer each delay is than the one before; from 1. Default: 2. */
  readonly multiplier?: number
  /** Shortens each delay by a random part, at most this share of it: 0 to 1. Default: 0. */
  readonly jitter?: number
}

/**
 * Asks again after the same time, as Flink's FixedDelayRetryStrategy; but `attempts` counts the first one too, so that
 * Flink's `maxAttempts` of 3 is 4 here.
 *
 * Throws INVALID_ARGUMENT.
 *
 * @example
 * const retry = fixedDelay({ attempts: 3, delayMs: 200, when: (error) => error instanceof TypeError })
 */
export function fixedDelay<R = unknown>(options: FixedDelayOptions<R>): AsyncRetryStrategy<R> {
  checkOptions(options, [...CONDITIONS, 'delayMs'], 'fixedDelay')
  checkConditions(options, 'fixedDelay')
  const { attempts, delayMs, when, whenResult } = options
  requireNumber(delayMs, 0, Infinity, 'fixedDelay: delayMs')
  return labelled({ fixedMs: delayMs }, { attempts, delayMs: () => delayMs, when, whenResult })
}

/**
 * Asks again after a time that grows with every attempt: `initialMs`, then `multiplier` times the last delay, at most `maxMs`.
 * Flink's ExponentialBackoffDelayRetryStrategy, with jitter, and with delays that depend on the attempts of the record alone.
 *
 * Throws INVALID_ARGUMENT.
 *
 * @example
 * const retry = exponentialDelay({ attempts: 5, initialMs: 100, maxMs: 5_000, jitter: 0.2 })
 */
export function exponentialDelay<R = unknown>(
  options: ExponentialDelayOptions<R>,
): AsyncRetryStrategy<R> {
  const known = [...CONDITIONS, 'initialMs', 'maxMs', 'multiplier', 'jitter']
  checkOptions(options, known, 'exponentialDelay')
  checkConditions(options, 'exponentialDelay')
  const { attempts, initialMs, maxMs, multiplier = 2, jitter = 0, when, whenResult } = options
  requireNumber(initialMs, 0, Infinity, 'exponentialDelay: initialMs')
  requireNumber(maxMs, initialMs, Infinity, 'exponentialDelay: maxMs')
  requireNumber(multiplier, 1, Infinity, 'exponentialDelay: multiplier')
  requireNumber(jitter, 0, 1, 'exponentialDelay: jitter')
  const delayMs = (attempt: number, random: () => number): number => {
    const full = Math.min(maxMs, initialMs * multiplier ** (attempt - 1))
    return jitter === 0 ? full : full * (1 - jitter * random())
  }
  const label = { initialMs, maxMs, multiplier, jitter }
  return labelled(label, { attempts, delayMs, when, whenResult })
}

/** Adds the numbers that the functions have captured, where the job's fingerprint sees them. */
function labelled<R>(
  numbers: Readonly<Record<string, number>>,
  strategy: AsyncRetryStrategy<R>,
): AsyncRetryStrategy<R> {
  return { ...numbers, ...strategy }
}

const CONDITIONS = ['attempts', 'when', 'whenResult']

function checkConditions(options: RetryConditions<never>, what: string): void {
  const { attempts, when, whenResult } = options
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw invalid(
      `${what}: attempts must be a whole number from 1, the first attempt included, got ${String(attempts)}`,
    )
  }
  for (const [name, fn] of Object.entries({ when, whenResult })) {
    if (fn !== undefined && typeof fn !== 'function')
      throw invalid(`${what}: ${name} must be a function, got ${typeof fn}`)
  }
}

function requireNumber(value: unknown, least: number, most: number, what: string): void {
  const fits = typeof value === 'number' && value >= least && value <= most
  if (fits && value !== Infinity) return
  const range = most === Infinity ? `a finite number from ${least}` : `from ${least} to ${most}`
  throw invalid(`${what} must be ${range}, got ${String(value)}`)
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', message)
}
