/**
 * What can be said about the checkpoints of a job, and the checks of it. Pure, any thread.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { refuseUnknownOptions } from '../../runtime/known-options.ts'

/**
 * What a failure may repeat. `exactly-once`: inputs wait at a barrier for each other, so that state has seen each record once.
 * `at-least-once`: nobody waits, so that after a failure state may have seen some records twice.
 */
export type CheckpointMode = 'exactly-once' | 'at-least-once'

/** How checkpoints are made and kept. All times in milliseconds. */
export interface CheckpointOptions {
  /** Time from one trigger to the next, above 0. Default: no checkpoints but those that are asked for and the last one. */
  readonly intervalMs?: number
  /** The least time from the end of one to the trigger of the next, from 0. Those that are asked for don't wait. Default: 0. */
  readonly minPauseMs?: number
  /**
   * A checkpoint that has not been written after this time is given up; above 0. Default: 600,000, ten minutes: barriers travel behind the
   * records, so under backpressure a checkpoint is slow rather than broken, and giving up too early means that none ever completes.
   */
  readonly timeoutMs?: number
  /** How many checkpoints in a row may fail before the job does: a whole number from 0, or Infinity. Default: 0. */
  readonly tolerableFailures?: number
  /** Default: `exactly-once`. */
  readonly mode?: CheckpointMode
  /**
   * Whether barriers may overtake the records that wait, so that a checkpoint does not take as long as it takes to work those off; they become part of
   * it. Exactly once only. Savepoints, and forward and broadcast edges, stay aligned. Default: false.
   */
  readonly unaligned?: boolean
  /** With `unaligned`: for how long a checkpoint tries to do without, from 0. Default: 0, barriers overtake at once. */
  readonly alignedTimeoutMs?: number
  /**
   * Whether a checkpoint has only what has changed in keyed state since an earlier one, whose files it then refers to: with much state of which little
   * changes it writes and packs much less, and files of older checkpoints stay for as long as they are needed. Now and then all is written. Savepoints
   * always have everything. Default: false.
   */
  readonly incremental?: boolean
  /** How many completed checkpoints are kept, from 1. Default: 3: one to go on from, two in case that it is damaged. */
  readonly keep?: number
  /** What becomes of the checkpoints when the job is cancelled. Savepoints always stay. Default: `keep`. */
  readonly onCancel?: 'keep' | 'remove'
  /** The directory where they are kept. Default: in memory, which survives a failure of the job, but not the end of the process. */
  readonly directory?: string
  /**
   * Whether the directory is taken over from a process of another machine, or of another container, which cannot be asked whether it still
   * lives: only where it is certain that it does not. What a dead process of this machine has left never stands in the way. Default: false.
   */
  readonly takeOver?: boolean
}

/** The options with everything decided. */
export interface ResolvedCheckpointOptions {
  /** Undefined: none by itself. */
  readonly intervalMs: number | undefined
  readonly minPauseMs: number
  readonly timeoutMs: number
  readonly tolerableFailures: number
  readonly mode: CheckpointMode
  /** For how long barriers keep their places among the records. Infinity: for ever. */
  readonly alignedForMs: number
  readonly incremental: boolean
  readonly keep: number
  readonly onCancel: 'keep' | 'remove'
  /** Undefined: in memory. */
  readonly directory: string | undefined
  readonly takeOver: boolean
}

const KNOWN = [
  'intervalMs',
  'minPauseMs',
  'timeoutMs',
  'tolerableFailures',
  'mode',
  'unaligned',
  'alignedTimeoutMs',
  'incremental',
  'keep',
  'onCancel',
  'directory',
  'takeOver',
]
const MODES: readonly CheckpointMode[] = ['exactly-once', 'at-least-once']
const ON_CANCEL = ['keep', 'remove'] as const

/**
 * Decides what was left open. `where` begins the messages.
 * Errors: `INVALID_ARGUMENT` for what is no object or has an unknown option, `INVALID_CHECKPOINT_OPTIONS`.
 */
export function resolveCheckpointOptions(
  options: CheckpointOptions = {},
  where = 'checkpoints',
): ResolvedCheckpointOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `${where}: expected an object such as { intervalMs: 10_000 }, got ${shown(options)}`,
    )
  }
  refuseUnknownOptions(options, KNOWN, where)
  const { intervalMs, minPauseMs = 0, timeoutMs = 600_000, tolerableFailures = 0 } = options
  const { mode = 'exactly-once', keep = 3, onCancel = 'keep', directory } = options
  const { takeOver = false } = options
  const { unaligned = false, alignedTimeoutMs, incremental = false } = options
  const check = (holds: boolean, name: string, expected: string, got: unknown): void => {
    if (holds) return
    throw new MillraceError(
      'INVALID_CHECKPOINT_OPTIONS',
      `${where}: expected ${expected} as ${name}, got ${shown(got)}`,
    )
  }
  const above0 = 'a finite number of milliseconds above 0'
  check(intervalMs === undefined || isTime(intervalMs, true), 'intervalMs', above0, intervalMs)
  check(
    isTime(minPauseMs, false),
    'minPauseMs',
    'a finite number of milliseconds from 0',
    minPauseMs,
  )
  check(isTime(timeoutMs, true), 'timeoutMs', above0, timeoutMs)
  const failures = 'a whole number from 0, or Infinity,'
  const mayFail = isCount(tolerableFailures, 0) || tolerableFailures === Number.POSITIVE_INFINITY
  check(mayFail, 'tolerableFailures', failures, tolerableFailures)
  check(MODES.includes(mode), 'mode', oneOf(MODES), mode)
  check(typeof unaligned === 'boolean', 'unaligned', 'true or false', unaligned)
  check(
    !unaligned || mode === 'exactly-once',
    'mode',
    "'exactly-once' together with unaligned: true",
    mode,
  )
  const waits = alignedTimeoutMs === undefined || (unaligned && isTime(alignedTimeoutMs, false))
  const from0 = 'a finite number of milliseconds from 0, together with unaligned: true,'
  check(waits, 'alignedTimeoutMs', from0, alignedTimeoutMs)
  check(typeof incremental === 'boolean', 'incremental', 'true or false', incremental)
  check(isCount(keep, 1), 'keep', 'a whole number from 1', keep)
  check(ON_CANCEL.includes(onCancel), 'onCancel', oneOf(ON_CANCEL), onCancel)
  const isPath = typeof directory === 'string' && directory !== ''
  check(directory === undefined || isPath, 'directory', 'the path of a directory', directory)
  check(typeof takeOver === 'boolean', 'takeOver', 'true or false', takeOver)
  return {
    intervalMs,
    minPauseMs,
    timeoutMs,
    tolerableFailures,
    mode,
    alignedForMs: unaligned ? (alignedTimeoutMs ?? 0) : Number.POSITIVE_INFINITY,
    incremental,
    keep,
    onCancel,
    directory,
    takeOver,
  }
}

function isTime(value: unknown, above0: boolean): boolean {
  return typeof value === 'number' && Number.isFinite(value) && (above0 ? value > 0 : value >= 0)
}

function isCount(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least
}

function oneOf(choices: readonly string[]): string {
  return choices.map((choice) => `'${choice}'`).join(' or ')
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
