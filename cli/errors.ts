/**
 * How an error is shown: one message with a code, the line of the user's program that it comes from, and no stack of ours.
 */
import type { BuildErrorCode } from '../api/build-error.ts'
import { firstUserFrame, formatCallSite } from '../api/call-site.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { OperatorError } from '../operators/operator-error.ts'
import { syntaxErrorPlace } from './syntax-error-place.ts'
import { manyLines } from './terminal.ts'
import type { Styles, Variables } from './terminal.ts'

/** The exit codes of the command line. A process that a signal ended has 128 and the signal's number, as in a shell. */
export const EXIT = {
  success: 0,
  /** The job has failed. */
  failed: 1,
  /** The command, an argument or the job's module is wrong: it never ran. */
  usage: 2,
  interrupted: 130,
  /** Nobody reads the output any more. */
  brokenPipe: 141,
  terminated: 143,
} as const

/** Codes of what is wrong in the text of a job. The types see to it that none is forgotten. */
const BUILD_CODES: Readonly<Record<Exclude<BuildErrorCode, 'HARNESS_SHAPE'>, true>> = {
  INVALID_JOB: true,
  INVALID_ARGUMENT: true,
  INVALID_PARALLELISM: true,
  DUPLICATE_UID: true,
  DUPLICATE_COLLECT: true,
  JOB_WITHOUT_SINK: true,
  DANGLING_STREAM: true,
  OUTPUT_IN_USE: true,
  FOREIGN_STREAM: true,
  INVALID_JOIN: true,
  STREAM_WITHOUT_KEY: true,
  STATE_WITHOUT_KEY: true,
  TIMERS_WITHOUT_KEY: true,
  DUPLICATE_STATE: true,
  INVALID_WINDOW: true,
  TRIGGER_CANNOT_MERGE: true,
  AGGREGATE_CANNOT_MERGE: true,
  WINDOW_STATE_CANNOT_MERGE: true,
  NO_SIDE_OUTPUT: true,
  DEAD_LETTERS_UNREAD: true,
  JOB_ALREADY_BUILT: true,
  JOB_BUILD_FAILED: true,
  FORWARD_PARALLELISM: true,
  BAD_ARGUMENT: true,
  UNKNOWN_ARGUMENT: true,
  MISSING_ARGUMENT: true,
}

/** Codes of errors about how the job was asked for or written, as opposed to how it went. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  ...Object.keys(BUILD_CODES),
  'USAGE',
  'INVALID_ROWS',
  'INVALID_SEED',
  'INVALID_FAULTS',
  'INVALID_SLOTS',
  'INVALID_HOST',
  'INVALID_CODEC',
  'INVALID_CHECKPOINT_OPTIONS',
  'INVALID_RESTART_STRATEGY',
  'JOB_MODULE_NOT_FOUND',
  'JOB_MODULE_FAILED',
  'NOT_A_JOB',
  'BUILDS_DIFFER',
])

/** What is wrong with one of the job's arguments. */
const ARGUMENT_CODES: ReadonlySet<string> = new Set([
  'UNKNOWN_ARGUMENT',
  'BAD_ARGUMENT',
  'MISSING_ARGUMENT',
])

const LONGEST_CAUSE_CHAIN = 16

/** An error as plain data, as `--json` writes it. */
export interface ErrorReport {
  readonly code: string
  readonly message: string
  /** Name of the operator that failed. */
  readonly operator?: string
  readonly subtask?: number
  /** The record it failed on, shortened. */
  readonly record?: string
  /** `file:line:column` in the user's program: where it was thrown, or else where the operator was declared. */
  readonly at?: string
}

/** What is known of an error. */
export function reportError(error: unknown): ErrorReport {
  const message = error instanceof Error ? error.message : String(error)
  const at = userLine(error) ?? syntaxErrorPlace(error) ?? declarationOf(error)
  return {
    code: codeOf(error),
    message: manyLines(message),
    ...operatorOf(error),
    // An error about how a job is built names the place in its message.
    ...(at === undefined || message.includes(at) ? {} : { at }),
  }
}

/** The error as text for a terminal, with a line break at its end. `MILLRACE_DEBUG=1` adds all stacks. */
export function errorText(error: unknown, styles: Styles, variables: Variables): string {
  const { code, message, at } = reportError(error)
  const lines = [`${styles.red('millrace:')} ${styles.bold(code)}: ${message}`]
  if (at !== undefined) lines.push(`    at ${styles.cyan(at)}`)
  const hint = hintFor(error)
  if (hint !== undefined) lines.push(`    ${styles.dim(hint)}`)
  if (isDebugging(variables)) lines.push(styles.dim(stacks(error)))
  return `${lines.join('\n')}\n`
}

/** The exit code that stands for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof OperatorError) return EXIT.failed
  return USAGE_CODES.has(codeOf(error)) ? EXIT.usage : EXIT.failed
}

/** Whether a directory is not there, or is none: where it was given as an argument, that argument is wrong. */
export function lacksDirectory(error: unknown): boolean {
  return ['STORE_NOT_FOUND', 'STORE_NOT_A_DIRECTORY'].includes(codeOf(error))
}

/** Whether the job's own arguments should be listed behind the error. */
export function isArgumentError(error: unknown): boolean {
  return ARGUMENT_CODES.has(codeOf(error)) && exitCodeOf(error) === EXIT.usage
}

/** The stable code of an error of ours; `UNEXPECTED` for all others. */
export function codeOf(error: unknown): string {
  return error instanceof MillraceError ? error.code : 'UNEXPECTED'
}

function isDebugging(variables: Variables): boolean {
  const value = variables['MILLRACE_DEBUG'] ?? ''
  return value !== '' && value !== '0'
}

function operatorOf(error: unknown): Pick<ErrorReport, 'operator' | 'subtask' | 'record'> {
  if (!(error instanceof OperatorError)) return {}
  const { operatorName, subtaskIndex, record } = error
  return {
    operator: operatorName,
    ...(subtaskIndex === undefined ? {} : { subtask: subtaskIndex }),
    ...(record === undefined ? {} : { record }),
  }
}

/** The user's line nearest to where it began, in the innermost cause that has one. */
function userLine(error: unknown): string | undefined {
  for (const { stack } of causeChain(error).reverse()) {
    const site = firstUserFrame(withoutPackages(stack))
    if (site !== undefined) return formatCallSite(site)
  }
  return undefined
}

/** Where the failed operator stands in the user's program: all that is known when none of its lines was running. */
function declarationOf(error: unknown): string | undefined {
  return error instanceof OperatorError ? error.declaredAt : undefined
}

/** The lines of packages, the user's and ours, are nobody's own. */
function withoutPackages(stack: string | undefined): string {
  const lines = (stack ?? '').split('\n')
  return lines.filter((line) => !/[\\/]node_modules[\\/]/.test(line)).join('\n')
}

function hintFor(error: unknown): string | undefined {
  const isTypeScript = causeChain(error).some(
    (cause) =>
      (cause as { code?: unknown }).code === 'ERR_UNKNOWN_FILE_EXTENSION' &&
      /\.[cm]?tsx?$/.test(cause.message),
  )
  return isTypeScript
    ? 'compile TypeScript to JavaScript first, or use Node.js 22.18 or later, which runs it as it is'
    : undefined
}

function stacks(error: unknown): string {
  return causeChain(error)
    .map(({ stack, message }, i) => (i === 0 ? '' : 'caused by: ') + manyLines(stack ?? message))
    .join('\n')
}

function causeChain(error: unknown): Error[] {
  const chain: Error[] = []
  let next = error
  while (next instanceof Error && chain.length < LONGEST_CAUSE_CHAIN) {
    chain.push(next)
    next = next.cause
  }
  return chain
}
