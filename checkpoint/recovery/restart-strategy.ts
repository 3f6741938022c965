/**
 * Whether a failed job is started again, and after how long: decisions only, without a clock or a job of their own.
 *
 * The rules are those of Flink's RestartBackoffTimeStrategy classes. A strategy hears of every failure, then says whether
 * to restart and how long to wait. On the coordinator's thread.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { checkOptions } from '../../runtime/known-options.ts'

const WRONG = 'INVALID_RESTART_STRATEGY'

/** What a strategy gets from its host. */
export interface RestartSurroundings {
  /** Milliseconds that never go back. */
  readonly now: () => number
  /** A number in [0, 1). */
  readonly random: () => number
}

/** The state of one job's restarts. */
export interface RestartDecisions {
  /** The job has failed. */
  failed(): void
  /** Whether it may be started again. */
  readonly canRestart: boolean
  /** How long to wait before, in whole milliseconds. Draws anew where the strategy has jitter. */
  backoffMs(): number
}

/** How a job is restarted. Plain and immutable: each job makes its own decisions from it. */
export interface RestartStrategy {
  /** Shown in plans and logs, e.g. `fixedDelay(3 × 1000 ms)`. */
  readonly name: string
  /**
   * The same failure this many times in a row, each less than five minutes after the one before, ends the job whatever the decisions
   * say: a record that always fails would be read again for ever. Default: any number.
   */
  readonly sameFailures?: number
  start(surroundings: RestartSurroundings): RestartDecisions
}

/** Never: the first failure ends the job. */
export function noRestart(): RestartStrategy {
  return {
    name: 'noRestart',
    start: () => ({ failed() {}, canRestart: false, backoffMs: () => 0 }),
  }
}

/** Options of `fixedDelay`. */
export interface FixedDelayOptions {
  /** Restarts in the life of the job: a whole number from 0, or Infinity. */
  readonly attempts: number
  readonly delayMs: number
}

/** A number of times, each after the same wait (Flink's FixedDelayRestartBackoffTimeStrategy). Errors: `INVALID_RESTART_STRATEGY`. */
export function fixedDelay(options: FixedDelayOptions): RestartStrategy {
  const where = 'fixedDelayRestart'
  checkOptions(options, ['attempts', 'delayMs'], where, WRONG)
  const { attempts, delayMs } = options
  if (attempts !== Number.POSITIVE_INFINITY) requireCount(attempts, 0, `${where}: attempts`)
  requireTime(delayMs, 0, `${where}: delayMs`)
  return {
    name: `fixedDelay(${attempts} × ${delayMs} ms)`,
    start: () => {
      let failures = 0
      return {
        failed: () => void failures++,
        get canRestart() {
          return failures <= attempts
        },
        backoffMs: () => delayMs,
      }
    },
  }
}

/** Options of `failureRate`. */
export interface FailureRateOptions {
  /** The most failures within an interval that are survived: a whole number from 1. */
  readonly failures: number
  readonly intervalMs: number
  readonly delayMs: number
}

/** As long as failures are rare enough (Flink's FailureRateRestartBackoffTimeStrategy). Errors: `INVALID_RESTART_STRATEGY`. */
export function failureRate(options: FailureRateOptions): RestartStrategy {
  const where = 'failureRateRestart'
  checkOptions(options, ['failures', 'intervalMs', 'delayMs'], where, WRONG)
  const { failures: most, intervalMs, delayMs } = options
  requireCount(most, 1, `${where}: failures`)
  requireTime(intervalMs, 1, `${where}: intervalMs`)
  requireTime(delayMs, 0, `${where}: delayMs`)
  return {
    name: `failureRate(${most} in ${intervalMs} ms)`,
    start: ({ now }) => {
      /** The newest failures, one more than are survived, oldest first. */
      const times: number[] = []
      return {
        failed() {
          if (times.length > most) times.shift()
          times.push(now())
        },
        get canRestart() {
          return times.length <= most || now() - (times[0] ?? 0) > intervalMs
        },
        backoffMs: () => delayMs,
      }
    },
  }
}

/** Options of `exponentialDelay`. */
export interface ExponentialDelayOptions {
  /** The first wait. Default: 1,000. */
  readonly initialMs?: number
  /** The longest wait. Default: 60,000. */
  readonly maxMs?: number
  /** Each wait is this many times the one before. Above 1. Default: 1.5. */
  readonly multiplier?: number
  /** A job that ran this long after its last wait begins again with the first. Default: 3,600,000. */
  readonly resetAfterMs?: number
  /** Largest part of a wait by which it may be longer or shorter, 0 to 1. Default: 0.1. */
  readonly jitter?: number
  /**
   * The same failure (the same error of the same operator on the same record) this many times in a row, each less than five minutes after
   * the one before, ends the job: a whole number from 1, or Infinity. Default: 5.
   */
  readonly sameFailures?: number
}

const EXPONENTIAL = [
  'initialMs',
  'maxMs',
  'multiplier',
  'resetAfterMs',
  'jitter',
  'sameFailures',
] satisfies (keyof ExponentialDelayOptions)[]

/**
 * For ever, after waits that grow until the job has run well for a while (Flink's ExponentialDelayRestartBackoffTimeStrategy), unless the
 * same failure comes again and again (`sameFailures`).
 * Errors: `INVALID_RESTART_STRATEGY`.
 *
 * @example
 * exponentialDelay({ initialMs: 500, maxMs: 30_000 })
 */
export function exponentialDelay(options: ExponentialDelayOptions = {}): RestartStrategy {
  const where = 'exponentialDelayRestart'
  checkOptions(options, EXPONENTIAL, where, WRONG)
  const { initialMs = 1_000, maxMs = 60_000, multiplier = 1.5 } = options
  const { resetAfterMs = 3_600_000, jitter = 0.1, sameFailures = 5 } = options
  requireTime(initialMs, 1, `${where}: initialMs`)
  requireTime(maxMs, initialMs, `${where}: maxMs`)
  if (sameFailures !== Number.POSITIVE_INFINITY)
    requireCount(sameFailures, 1, `${where}: sameFailures`)
  requireTime(resetAfterMs, 1, `${where}: resetAfterMs`)
  requireThat(Number.isFinite(multiplier) && multiplier > 1, `${where}: multiplier`, {
    expected: 'a number above 1',
    got: multiplier,
  })
  requireThat(Number.isFinite(jitter) && jitter >= 0 && jitter <= 1, `${where}: jitter`, {
    expected: 'a number from 0 to 1',
    got: jitter,
  })
  return {
    name: `exponentialDelay(${initialMs} to ${maxMs} ms)`,
    sameFailures,
    start: ({ now, random }) => {
      let current = initialMs
      let lastFailure = now()
      return {
        failed() {
          const time = now()
          const ranWell = time - lastFailure >= resetAfterMs + current
          current = ranWell ? initialMs : Math.min(maxMs, Math.trunc(current * multiplier))
          lastFailure = time
        },
        canRestart: true,
        backoffMs() {
          const reach = Math.trunc(current * jitter)
          const shift = Math.floor(random() * (2 * reach + 1)) - reach
          return Math.min(maxMs, current + shift)
        },
      }
    },
  }
}

function requireCount(value: number, least: number, what: string): void {
  requireThat(Number.isSafeInteger(value) && value >= least, what, {
    expected: `a whole number from ${least}`,
    got: value,
  })
}

function requireTime(value: number, least: number, what: string): void {
  requireThat(Number.isFinite(value) && value >= least, what, {
    expected: `milliseconds, at least ${least}`,
    got: value,
  })
}

function requireThat(
  holds: boolean,
  what: string,
  { expected, got }: { readonly expected: string; readonly got: unknown },
): void {
  if (holds) return
  throw new MillraceError(WRONG, `${what} must be ${expected}, got ${String(got)}`)
}
