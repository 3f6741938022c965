/**
 * What becomes of an actor that failed: pure decisions, no clock, no randomness of their own.
 *
 * Runs in the slot of the failed actor, or, when that slot was lost with its thread, in the slot of its parent.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { refuseUnknownOptions } from '../known-options.ts'

/**
 * What to do with an actor whose code threw.
 *
 * - `restart`: a new instance from the same arguments takes over reference and mailbox; children are stopped.
 * - `resume`: the instance goes on with the next message, its state untouched.
 * - `stop`: it is stopped; its mail becomes dead letters.
 * - `escalate`: its parent fails with the same error, and the parent's supervision decides.
 */
export type Directive = 'restart' | 'resume' | 'stop' | 'escalate'

/** How long an actor stays down before a restart. It grows with every restart that still counts. */
export interface Backoff {
  /** Before the first restart, in milliseconds. Default: 10. */
  readonly firstMs?: number
  /** By how much each further wait is longer. At least 1. Default: 2. */
  readonly factor?: number
  /** The longest wait, in milliseconds. Default: 10,000. */
  readonly maxMs?: number
  /** Share of the wait that is left to chance, 0 to 1, so that many actors do not come back at once. Default: 0.2. */
  readonly jitter?: number
}

/** How failures of an actor are handled. Plain data: it travels with the actor. */
export interface Supervision {
  /** Default: `restart`. */
  readonly onFailure?: Directive
  /** Exceptions by the `code` of the error. */
  readonly byCode?: Readonly<Record<string, Directive>>
  /** Restarts that are allowed within `withinMs`. Default: 10. */
  readonly maxRestarts?: number
  /** The length of the window, in milliseconds. Default: 60,000. */
  readonly withinMs?: number
  /** What to do instead of one restart more. Default: `stop`. */
  readonly whenExceeded?: 'stop' | 'escalate'
  readonly backoff?: Backoff
}

/** A `Supervision` with every default filled in. */
export interface SupervisionPolicy {
  readonly onFailure: Directive
  readonly byCode: Readonly<Record<string, Directive>>
  readonly maxRestarts: number
  readonly withinMs: number
  readonly whenExceeded: 'stop' | 'escalate'
  readonly firstMs: number
  readonly factor: number
  readonly maxMs: number
  readonly jitter: number
}

/** What is to happen. `restarts`: the times of the restarts that count, this one included, oldest first. */
export type Decision =
  | { readonly action: 'resume' }
  | { readonly action: 'restart'; readonly delayMs: number; readonly restarts: readonly number[] }
  | { readonly action: 'stop' }
  | { readonly action: 'escalate' }

const DIRECTIVES: readonly unknown[] = ['restart', 'resume', 'stop', 'escalate']

const KNOWN = ['onFailure', 'byCode', 'maxRestarts', 'withinMs', 'whenExceeded', 'backoff']
const KNOWN_IN_BACKOFF = ['firstMs', 'factor', 'maxMs', 'jitter']

const DEFAULT_POLICY: SupervisionPolicy = {
  onFailure: 'restart',
  byCode: {},
  maxRestarts: 10,
  withinMs: 60_000,
  whenExceeded: 'stop',
  firstMs: 10,
  factor: 2,
  maxMs: 10_000,
  jitter: 0.2,
}

/** Fills in the defaults. Throws `INVALID_SUPERVISION` for a value out of range, `INVALID_ARGUMENT` for an unknown option. */
export function resolveSupervision(options: Supervision | undefined): SupervisionPolicy {
  // Most actors have none: they share one policy.
  if (options === undefined) return DEFAULT_POLICY
  expectObject(options, 'supervision')
  refuseUnknownOptions(options, KNOWN, 'supervision')
  const backoff = options.backoff ?? {}
  expectObject(backoff, 'supervision.backoff')
  refuseUnknownOptions(backoff, KNOWN_IN_BACKOFF, 'supervision.backoff')
  const policy: SupervisionPolicy = {
    onFailure: options.onFailure ?? DEFAULT_POLICY.onFailure,
    byCode: options.byCode ?? DEFAULT_POLICY.byCode,
    maxRestarts: options.maxRestarts ?? DEFAULT_POLICY.maxRestarts,
    withinMs: options.withinMs ?? DEFAULT_POLICY.withinMs,
    whenExceeded: options.whenExceeded ?? DEFAULT_POLICY.whenExceeded,
    firstMs: backoff.firstMs ?? DEFAULT_POLICY.firstMs,
    factor: backoff.factor ?? DEFAULT_POLICY.factor,
    maxMs: backoff.maxMs ?? DEFAULT_POLICY.maxMs,
    jitter: backoff.jitter ?? DEFAULT_POLICY.jitter,
  }
  checkPolicy(policy)
  return policy
}

/**
 * Decides about one failure.
 *
 * @param policy the supervision of the failed actor
 * @param earlier times of its earlier restarts, oldest first, in milliseconds of the same clock as `nowMs`
 * @param code the `code` of the error, if it has one
 * @param random a number in [0, 1)
 */
export function decide(
  policy: SupervisionPolicy,
  earlier: readonly number[],
  code: string | undefined,
  nowMs: number,
  random: number,
): Decision {
  const directive = directiveFor(policy, code)
  if (directive !== 'restart') return { action: directive }
  const counting = earlier.filter((atMs) => nowMs - atMs < policy.withinMs)
  if (counting.length >= policy.maxRestarts) return { action: policy.whenExceeded }
  const delayMs = backoffMs(policy, counting.length, random)
  return { action: 'restart', delayMs, restarts: [...counting, nowMs] }
}

/** The wait before a restart when `earlierRestarts` still count. `random` is in [0, 1). */
export function backoffMs(
  policy: SupervisionPolicy,
  earlierRestarts: number,
  random: number,
): number {
  const fullMs = Math.min(policy.maxMs, policy.firstMs * policy.factor ** earlierRestarts)
  return fullMs * (1 - policy.jitter * random)
}

function directiveFor(policy: SupervisionPolicy, code: string | undefined): Directive {
  if (code === undefined || !Object.hasOwn(policy.byCode, code)) return policy.onFailure
  return policy.byCode[code] ?? policy.onFailure
}

function checkPolicy(policy: SupervisionPolicy): void {
  expect(DIRECTIVES.includes(policy.onFailure), 'onFailure', directiveNames, policy.onFailure)
  const exceeded = policy.whenExceeded === 'stop' || policy.whenExceeded === 'escalate'
  expect(exceeded, 'whenExceeded', 'stop or escalate', policy.whenExceeded)
  const isCount = Number.isInteger(policy.maxRestarts) && policy.maxRestarts >= 0
  expect(
    isCount || policy.maxRestarts === Number.POSITIVE_INFINITY,
    'maxRestarts',
    'a count or Infinity',
    policy.maxRestarts,
  )
  expect(policy.withinMs > 0, 'withinMs', 'a number above 0', policy.withinMs)
  expect(policy.firstMs >= 0, 'backoff.firstMs', 'a number from 0', policy.firstMs)
  expect(policy.factor >= 1, 'backoff.factor', 'a number from 1', policy.factor)
  expect(
    policy.maxMs >= 0 && Number.isFinite(policy.maxMs),
    'backoff.maxMs',
    'a finite number from 0',
    policy.maxMs,
  )
  expect(policy.jitter >= 0 && policy.jitter <= 1, 'backoff.jitter', '0 to 1', policy.jitter)
  for (const [code, directive] of Object.entries(policy.byCode)) {
    expect(DIRECTIVES.includes(directive), `byCode.${code}`, directiveNames, directive)
  }
}

const directiveNames = DIRECTIVES.join(', ')

function expect(holds: boolean, field: string, expected: string, got: unknown): void {
  if (!holds) throw refused(expected, `supervision.${field}`, got)
}

function expectObject(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null) throw refused('an object', name, value)
}

function refused(expected: string, name: string, got: unknown): MillraceError {
  return new MillraceError(
    'INVALID_SUPERVISION',
    `Expected ${expected} as ${name}, got ${String(got)}`,
  )
}

/** The `code` of whatever was thrown, if it has one. Never throws, whatever getters the error of a user has. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined
  try {
    const { code } = thrown as { code?: unknown }
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}
