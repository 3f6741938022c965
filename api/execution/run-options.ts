/**
 * What can be said about a run, and the checks of it.
 */
import { availableParallelism } from 'node:os'
import { describeValue } from '../build-error.ts'
import { checkJobParallelism } from '../plan-parallelism.ts'
import type { PreAggregation } from '../plan-parallelism.ts'
import type { CodecName } from '../../mailbox/codec.ts'
import { MillraceError } from '../../mailbox/errors.ts'
import { resolveCheckpointOptions } from '../../checkpoint/coordinator/checkpoint-options.ts'
import type {
  CheckpointOptions,
  ResolvedCheckpointOptions,
} from '../../checkpoint/coordinator/checkpoint-options.ts'
import { exponentialDelay } from '../../checkpoint/recovery/restart-strategy.ts'
import type { RestartStrategy } from '../../checkpoint/recovery/restart-strategy.ts'
import { refuseUnknownOptions } from '../../runtime/known-options.ts'
import { Simulator } from '../../runtime/simulator.ts'
import { checkSlots, resolveThreads, SLOT_LIMIT } from './check-slots.ts'
import type { ResolvedThreadOptions, ThreadOptions } from './check-slots.ts'
import { LocalCluster } from './local-cluster.ts'
import { REAL_SURROUNDINGS } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Who drives the slots. `threads`: one worker thread per slot, started for this job. A `LocalCluster`: the threads that it keeps. `inline`: all slots on the
 * calling thread. A `Simulator`: one thread, every interleaving chosen by its seed.
 */
export type JobHost = 'threads' | 'inline' | LocalCluster | Simulator

/** Options of `runJob`. Those about threads belong to the cluster, if there is one. */
export interface RunOptions extends ThreadOptions {
  /** The job's arguments: strings or values of the described types. Default: none. */
  readonly args?: Readonly<Record<string, unknown>>
  /** Parallelism of operators that say nothing else, 1 to `maxParallelism`. Default: the number of slots. */
  readonly parallelism?: number
  /** Number of key groups, 1 to 32,768. Default: 128. */
  readonly maxParallelism?: number
  /** Number of slots, 1 to 256, or to those of the cluster. Default: one per core, or those of the cluster, but no more than `parallelism`. */
  readonly slots?: number
  /** Default: `threads` for a module, `inline` for a job given as a value, whose functions cannot leave their thread. */
  readonly host?: JobHost
  /** How records are packed that cross slots. Default: `columns`. */
  readonly codec?: CodecName
  /**
   * Whether windows whose aggregate can merge are computed in two phases where an exchange lies before them: each sending subtask adds its records up per key
   * and window, and only accumulators cross. The results are the same, up to the last bit of a sum. `off`: every record crosses. It may change from run to run: checkpoints and savepoints do
   * not depend on it. Default: `auto`, wherever it can be done (`millrace plan` shows where).
   */
  readonly preAggregation?: PreAggregation
  /**
   * Whether and when a job that has failed is started again: `fixedDelayRestart`, `failureRateRestart`,
   * `exponentialDelayRestart` or `noRestart`. What fails
   * before the first record is not tried again. Default: the first failure ends the job; with `checkpoints`, `exponentialDelayRestart()`, until the same
   * failure has come five times, less than five minutes apart.
   */
  readonly restart?: RestartStrategy
  /**
   * Makes checkpoints, so that a restart goes on where the last one was made instead of at the beginning, and sinks in two phases
   * show each record exactly once. Default: none.
   */
  readonly checkpoints?: CheckpointOptions
  /**
   * Goes on from the newest checkpoint in the directory of `checkpoints`, if there is one: what to say where the same command shall start a
   * job for the first time and after a crash. Default: false.
   */
  readonly resume?: boolean
  /** A checkpoint or savepoint to begin with: the directory it is in (then its newest), or more exactly. Default: from nothing. */
  readonly from?: string | RestoreFrom
  /** Hears of every restart, before the wait. Default: a warning of the process. */
  readonly onRestart?: (restart: RestartNotice) => void
  /**
   * Hears with which checkpoint an attempt begins, which newer ones it passes over, and which operators begin without state. Default: warnings of
   * the process about those that are damaged, and about state that is given up.
   */
  readonly onRestore?: (restore: RestoreNotice) => void
}

/** With what an attempt begins where checkpoints were looked for. */
export interface RestoreNotice {
  /** Where they are kept: the directory, or `memory`. */
  readonly location: string
  /** Which one it is; undefined: there is none that is whole, and the job starts from nothing. */
  readonly checkpointId: number | undefined
  /** When it was triggered, in milliseconds since 1970. */
  readonly triggeredAt: number | undefined
  /** One sentence about each damage of newer ones, newest first: what was done since then is done again. */
  readonly damaged: readonly string[]
  /** The uids of operators that begin empty, because there is nothing of them in it: those that keep no state, and those that are new. */
  readonly withoutState: readonly string[]
  /** The uids of operators that the job no longer has, whose state was given up (`allowNonRestoredState`). */
  readonly givenUp: readonly string[]
  /** Newer ones without metadata, newest first: a crash has interrupted them, or somebody has removed that file. */
  readonly incomplete: readonly number[]
}

/** Which checkpoint or savepoint a job begins with. */
export interface RestoreFrom {
  /** Where it is kept, as in `CheckpointOptions.directory`. */
  readonly directory: string
  /** Its number. Default: the newest that is whole. */
  readonly checkpointId?: number
  /** Whether state of operators that the job no longer has is given up. Default: false, such state is an error. */
  readonly allowNonRestoredState?: boolean
}

/** A job has failed and will be started again. */
export interface RestartNotice {
  /** What ended the attempt. */
  readonly error: unknown
  /** How often the job has been started again, this time included. */
  readonly restarts: number
  /** Milliseconds until it begins. */
  readonly delayMs: number
  /** The names of the tasks that start again; what is not joined with them goes on. Undefined: all of the job. */
  readonly tasks: readonly string[] | undefined
}

/** The options with everything decided. */
export interface ResolvedOptions extends ResolvedThreadOptions {
  readonly args: Readonly<Record<string, unknown>>
  readonly parallelism: number
  readonly maxParallelism: number | undefined
  readonly slots: number
  readonly host: JobHost
  readonly codec: CodecName
  readonly preAggregation: PreAggregation
  /** Undefined: none. */
  readonly restart: RestartStrategy | undefined
  /** Undefined: none are made. */
  readonly checkpoints: ResolvedCheckpointOptions | undefined
  readonly resume: boolean
  readonly from: RestoreFrom | undefined
  readonly onRestart: (restart: RestartNotice) => void
  readonly onRestore: (restore: RestoreNotice) => void
  readonly surroundings: Surroundings
}

const KNOWN = [
  'args',
  'parallelism',
  'maxParallelism',
  'slots',
  'host',
  'codec',
  'preAggregation',
  'heartbeatTimeoutMs',
  'resourceLimits',
  'restart',
  'onRestart',
  'onRestore',
  'checkpoints',
  'resume',
  'from',
]

/** Decides what was left open. Throws `INVALID_ARGUMENT`, `INVALID_SLOTS`, `INVALID_PARALLELISM`, `INVALID_HOST` or `INVALID_CODEC`. */
export function resolveOptions(options: RunOptions, isModule: boolean): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `runJob: expected an options object, got ${describeValue(options)}`,
    )
  }
  refuseUnknownOptions(options, KNOWN, 'runJob')
  const host = resolveHost(options.host, isModule)
  checkJobParallelism(options.parallelism ?? 1, options.maxParallelism)
  const slots = resolveSlots(options, host)
  return {
    args: resolveArgs(options.args),
    parallelism: options.parallelism ?? slots,
    maxParallelism: options.maxParallelism,
    slots,
    host,
    codec: resolveCodec(options.codec),
    preAggregation: resolvePreAggregation(options.preAggregation),
    ...resolveThreads(options, 'runJob'),
    ...resolveRecovery(options),
    onRestart: resolveListener(options.onRestart, 'onRestart') ?? warnOfRestart,
    onRestore: resolveListener(options.onRestore, 'onRestore') ?? warnOfDamage,
    surroundings: REAL_SURROUNDINGS,
  }
}

type Recovery = Pick<ResolvedOptions, 'restart' | 'checkpoints' | 'resume' | 'from'>

function resolveRecovery({ checkpoints, restart, resume = false, from }: RunOptions): Recovery {
  const resolved =
    checkpoints === undefined
      ? undefined
      : resolveCheckpointOptions(checkpoints, 'runJob: checkpoints')
  if (typeof resume !== 'boolean') {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `runJob: expected true or false as resume, got ${describeValue(resume)}`,
    )
  }
  if (resume && resolved?.directory === undefined) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      'runJob: resume expects checkpoints with a directory, to go on from what is kept there',
    )
  }
  const byDefault = restart === undefined && resolved !== undefined
  return {
    restart: byDefault ? exponentialDelay() : resolveRestart(restart),
    checkpoints: resolved,
    resume,
    from: resolveFrom(from),
  }
}

function resolveFrom(from: unknown): RestoreFrom | undefined {
  if (from === undefined) return undefined
  const named: unknown = typeof from === 'string' ? { directory: from } : from
  if (typeof named === 'object' && named !== null) {
    refuseUnknownOptions(
      named,
      ['directory', 'checkpointId', 'allowNonRestoredState'],
      'runJob: from',
    )
    const { directory, checkpointId, allowNonRestoredState = false } = named as RestoreFrom
    const isId = checkpointId === undefined || Number.isSafeInteger(checkpointId)
    const isPath = typeof directory === 'string' && directory !== ''
    if (isPath && isId && typeof allowNonRestoredState === 'boolean') return named as RestoreFrom
  }
  throw new MillraceError(
    'INVALID_ARGUMENT',
    'runJob: expected as from the path of a directory, or { directory: a path, checkpointId: a whole number, ' +
      `allowNonRestoredState: true or false }, got ${describeValue(from)}`,
  )
}

function resolveRestart(restart: unknown): RestartStrategy | undefined {
  if (restart === undefined) return undefined
  const { start, name } = (restart ?? {}) as Partial<RestartStrategy>
  if (typeof start === 'function' && typeof name === 'string') return restart as RestartStrategy
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `runJob: expected a restart strategy, e.g. fixedDelayRestart({ attempts: 3, delayMs: 1000 }), got ${describeValue(restart)}`,
  )
}

function resolveListener<Notice>(
  listener: ((notice: Notice) => void) | undefined,
  name: string,
): ((notice: Notice) => void) | undefined {
  if (listener === undefined || typeof listener === 'function') return listener
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `runJob: expected a function as ${name}, got ${describeValue(listener)}`,
  )
}

function warnOfRestart({ error, restarts, delayMs }: RestartNotice): void {
  const reason = error instanceof Error ? error.message : String(error)
  process.emitWarning(
    `The job failed and starts again in ${delayMs} ms (restart ${restarts}): ${reason}`,
  )
}

function warnOfDamage({ damaged, givenUp }: RestoreNotice): void {
  if (givenUp.length > 0) {
    const uids = givenUp.map((uid) => `'${uid}'`).join(', ')
    process.emitWarning(`The state of operators that the job no longer has is given up: ${uids}`)
  }
  for (const sentence of damaged)
    process.emitWarning(`A damaged checkpoint is passed over: ${sentence}`)
}

function resolveSlots(options: RunOptions, host: JobHost): number {
  if (host instanceof Simulator) return host.count
  const { slots, parallelism = SLOT_LIMIT } = options
  const most = host instanceof LocalCluster ? clusterSlots(host, options) : SLOT_LIMIT
  if (slots !== undefined) return checkSlots(slots, most)
  const there = host instanceof LocalCluster ? most : availableParallelism()
  return Math.min(there, parallelism, most)
}

function clusterSlots(cluster: LocalCluster, options: RunOptions): number {
  for (const name of ['heartbeatTimeoutMs', 'resourceLimits'] as const) {
    if (options[name] === undefined) continue
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `runJob: ${name} belongs to the threads, which the cluster has started: give it to startCluster`,
    )
  }
  return cluster.slots
}

function resolveHost(host: unknown, isModule: boolean): JobHost {
  if (host === undefined) return isModule ? 'threads' : 'inline'
  const onThreads = host === 'threads' || host instanceof LocalCluster
  if (onThreads && !isModule) {
    throw new MillraceError(
      'INVALID_HOST',
      "A job given as a value can't run on threads, because its functions can't leave this one: " +
        "give runJob the URL of a module whose default export it is, or host: 'inline'",
    )
  }
  if (onThreads || host === 'inline' || host instanceof Simulator) return host
  const got = describeValue(host)
  throw new MillraceError(
    'INVALID_HOST',
    `Expected 'threads', 'inline', a LocalCluster or a Simulator as host, got ${got}`,
  )
}

function resolveCodec(codec: unknown): CodecName {
  if (codec === undefined) return 'columns'
  if (codec === 'columns' || codec === 'msgpack') return codec
  throw new MillraceError(
    'INVALID_CODEC',
    `Expected 'columns' or 'msgpack' as codec, got ${describeValue(codec)}`,
  )
}

function resolvePreAggregation(value: unknown): PreAggregation {
  if (value === undefined) return 'auto'
  if (value === 'auto' || value === 'off') return value
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `runJob: expected 'auto' or 'off' as preAggregation, got ${describeValue(value)}`,
  )
}

function resolveArgs(args: unknown): Readonly<Record<string, unknown>> {
  if (args === undefined) return {}
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) {
    return args as Readonly<Record<string, unknown>>
  }
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `runJob: expected args as an object, got ${describeValue(args)}`,
  )
}
