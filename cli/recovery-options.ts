/**
 * The options of `millrace run` about checkpoints and restarts, checked: texts in, what the engine takes or a `MillraceError` out.
 */
import { basename, dirname, resolve } from 'node:path'
import type { RestoreFrom, RunOptions } from '../api/execution/run-options.ts'
import { parseFolderName } from '../checkpoint/store/layout.ts'
import {
  exponentialDelay,
  failureRate,
  fixedDelay,
  noRestart,
} from '../checkpoint/recovery/restart-strategy.ts'
import type { RestartStrategy } from '../checkpoint/recovery/restart-strategy.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { parseDurationMs } from './durations.ts'

/** Time from one checkpoint to the next where nothing else is said. */
export const DEFAULT_INTERVAL = '10s'
const DEFAULT_INTERVAL_MS = 10_000

/** Options of `millrace run` about recovery. */
export interface RecoveryCommandOptions {
  /** The directory of the checkpoints; undefined: none are made. */
  readonly checkpoints?: string
  readonly checkpointInterval?: number
  readonly checkpointMode?: 'exactly-once' | 'at-least-once'
  /** Milliseconds after which barriers may overtake records; undefined: never. */
  readonly unalignedAfter?: number
  readonly incremental?: boolean
  readonly resume?: boolean
  /** A directory of checkpoints, or the folder of one. */
  readonly from?: string
  readonly allowNonRestoredState?: boolean
  readonly restarts?: RestartStrategy
  /** Where savepoints go that a signal asks for. */
  readonly savepoint?: string
}

/** Parses `--checkpoint-interval`: milliseconds above 0. Throws `USAGE`. */
export function parseInterval(text: string): number {
  const intervalMs = parseDurationMs(text)
  if (intervalMs !== undefined && intervalMs > 0) return intervalMs
  throw usage(`--checkpoint-interval: expected a time such as 500ms, 10s or 5m, got '${text}'`)
}

/** Parses `--unaligned-after`: milliseconds from 0. Throws `USAGE`. */
export function parseUnalignedAfter(text: string): number {
  const timeoutMs = parseDurationMs(text)
  if (timeoutMs !== undefined) return timeoutMs
  throw usage(`--unaligned-after: expected a time such as 0s, 500ms or 10s, got '${text}'`)
}

/** Parses `--checkpoints`, `--from` and `--savepoint`. Throws `USAGE`. */
export function parseDirectory(text: string): string {
  if (text !== '') return text
  throw usage("expected the path of a directory, got ''")
}

/** Parses `--restarts`. Throws `USAGE`. */
export function parseRestarts(text: string): RestartStrategy {
  const [kind, ...values] = text.split(':')
  const strategy = restartStrategy(kind, values)
  if (strategy !== undefined) return strategy
  throw usage(
    '--restarts: expected none, fixed:TIMES:DELAY such as fixed:3:1s, rate:FAILURES:INTERVAL:DELAY such as rate:5:10m:1s, ' +
      `or exponential, exponential:FIRST:LONGEST such as exponential:1s:1m, got '${text}'`,
  )
}

function restartStrategy(
  kind: string | undefined,
  values: readonly string[],
): RestartStrategy | undefined {
  const count = /^\d{1,9}$/.test(values[0] ?? '') ? Number(values[0]) : undefined
  const [first, second, third] = values.map(parseDurationMs)
  switch (`${kind} ${values.length}`) {
    case 'none 0':
      return noRestart()
    case 'fixed 2':
      if (count === undefined || second === undefined) return undefined
      return fixedDelay({ attempts: count, delayMs: second })
    case 'rate 3':
      if (!count || !second || third === undefined) return undefined
      return failureRate({ failures: count, intervalMs: second, delayMs: third })
    case 'exponential 0':
      return exponentialDelay()
    case 'exponential 2':
      if (!first || !second || second < first) return undefined
      return exponentialDelay({ initialMs: first, maxMs: second })
    default:
      return undefined
  }
}

/** What of them goes to the engine. Throws `USAGE` where one lacks another that it needs. */
export function recoveryRunOptions(options: RecoveryCommandOptions): RunOptions {
  const { checkpoints: directory, checkpointInterval, checkpointMode, from, restarts } = options
  const {
    unalignedAfter,
    incremental = false,
    resume = false,
    allowNonRestoredState = false,
  } = options
  const needs = (given: boolean, option: string, other: string, holds: boolean): void => {
    if (given && !holds) throw usage(`${option} expects ${other} too`)
  }
  const makes = directory !== undefined
  needs(checkpointInterval !== undefined, '--checkpoint-interval', '--checkpoints', makes)
  needs(checkpointMode !== undefined, '--checkpoint-mode', '--checkpoints', makes)
  needs(unalignedAfter !== undefined, '--unaligned-after', '--checkpoints', makes)
  needs(incremental, '--incremental', '--checkpoints', makes)
  needs(resume, '--resume', '--checkpoints', makes)
  needs(allowNonRestoredState, '--allow-non-restored-state', '--from', from !== undefined)
  return {
    ...(makes && {
      checkpoints: {
        directory,
        intervalMs: checkpointInterval ?? DEFAULT_INTERVAL_MS,
        ...(checkpointMode !== undefined && { mode: checkpointMode }),
        ...(incremental && { incremental }),
        ...(unalignedAfter !== undefined && { unaligned: true, alignedTimeoutMs: unalignedAfter }),
      },
      resume,
    }),
    ...(from !== undefined && { from: { ...checkpointAt(from), allowNonRestoredState } }),
    ...(restarts !== undefined && { restart: restarts }),
  }
}

/** A directory of checkpoints means its newest one, the folder of a checkpoint this one. */
function checkpointAt(path: string): RestoreFrom {
  const folder = parseFolderName(basename(resolve(path)))
  if (folder === undefined) return { directory: path }
  return { directory: dirname(resolve(path)), checkpointId: folder.id }
}

function usage(message: string): MillraceError {
  return new MillraceError('USAGE', message)
}
