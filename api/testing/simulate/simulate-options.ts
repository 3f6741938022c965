/**
 * What can be said about a simulation of a job, and the checks of it.
 */
import type { CodecName } from '../../../mailbox/codec.ts'
import { MillraceError } from '../../../mailbox/errors.ts'
import { resolveCheckpointOptions } from '../../../checkpoint/coordinator/checkpoint-options.ts'
import type { CheckpointOptions } from '../../../checkpoint/coordinator/checkpoint-options.ts'
import { refuseUnknownOptions } from '../../../runtime/known-options.ts'
import { describeValue } from '../../build-error.ts'
import { checkedFaults } from './fault-kinds.ts'
import type { FaultKind } from './fault-kinds.ts'
import type { OrderKeys, ReadFiles } from './outside-world.ts'
import type { SeedResult } from './report.ts'

/** How checkpoints are made in a simulation: where they lie is not the caller's to say. */
export type SimulatedCheckpoints = Omit<CheckpointOptions, 'directory' | 'onCancel'>

/** What a run has put out: the rows of each output, as text in which equal rows are equal, in the order in which they became visible. */
export type Outputs = Readonly<Record<string, readonly string[]>>

/** Options of `simulateJob`. */
export interface SimulateOptions {
  /** How many seeds are run, from 1. Default: 100. */
  readonly seeds?: number
  /** The first of them, 0 to 2^32 - 1. Default: 0. */
  readonly firstSeed?: number
  /** Only this seed, in the place of `seeds` and `firstSeed`. */
  readonly seed?: number
  /** What may go wrong. Default: everything. An empty list: nothing, only interleavings. */
  readonly faults?: readonly FaultKind[]
  /** The job's arguments. Default: none. */
  readonly args?: Readonly<Record<string, unknown>>
  /**
   * Parallelism of operators that say nothing else. A list: of the first process, of the one after its death, and so on; the last one stays.
   * Default: 1 to 3, chosen by the seed.
   */
  readonly parallelism?: number | readonly number[]
  /** Number of key groups. Default: 128. */
  readonly maxParallelism?: number
  /** Number of slots, 1 to 256. Default: 1 to 3, chosen by the seed. */
  readonly slots?: number
  /** Default: chosen by the seed. */
  readonly codec?: CodecName
  /**
   * Default: chosen by the seed: an interval of 5 to 100 virtual milliseconds, how many are kept, whether failed ones are tolerated, whether
   * they have only what has changed, and, unless `mode`
   * or `unaligned` is given, whether barriers overtake records at once, after a while, or not.
   */
  readonly checkpoints?: SimulatedCheckpoints
  /** Outputs whose order counts within a key: the key of a row, by the name of the output. Default: no order counts. */
  readonly order?: OrderKeys
  /**
   * Compares the outputs of a run with those of the undisturbed one: what is wrong, or undefined. Default: the same rows, each as often; where
   * `checkpoints.mode` is `at-least-once`, nothing.
   */
  readonly check?: (outputs: Outputs, undisturbed: Outputs) => string | undefined
  /**
   * Lets the sinks that write files, as `fileSink`, do so, on the simulated disk, and reads what they have written. Called whenever a process has
   * died, with what the next one finds, and when the job has ended, with what a loss of power leaves then, if `power` is among `faults`: these rows
   * are among the outputs of the run. What it throws, for a file that is not whole say, is reported as wrong output. Default: such sinks are replaced as all others.
   */
  readonly readFiles?: ReadFiles
  /** A run of more steps makes no progress. Default: 20 times the steps of the undisturbed one, and 20,000; of that one 2,000,000. */
  readonly maxSteps?: number
  /** Called with one line per step. */
  readonly trace?: (line: string) => void
  /** Called after each seed. */
  readonly onSeed?: (result: SeedResult) => void
  /** The simulation ends with this number of failed seeds. Default: 1. */
  readonly maxFailures?: number
}

/** The options with everything decided that no seed decides. */
export type CheckedOptions = Omit<SimulateOptions, 'seed' | 'seeds' | 'firstSeed'> & {
  readonly seeds: number
  readonly firstSeed: number
  readonly faults: readonly FaultKind[]
  readonly maxFailures: number
}

const KNOWN = [
  'seeds',
  'firstSeed',
  'seed',
  'faults',
  'args',
  'parallelism',
  'maxParallelism',
  'slots',
  'codec',
  'checkpoints',
  'order',
  'check',
  'readFiles',
  'maxSteps',
  'trace',
  'onSeed',
  'maxFailures',
]
const SEEDS = 2 ** 32

/** Checks what no one else does. Errors: `INVALID_ARGUMENT`, `INVALID_SEED`, `INVALID_FAULTS`, `INVALID_CHECKPOINT_OPTIONS`. */
export function checkedOptions(options: SimulateOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `simulateJob: expected an options object, got ${describeValue(options)}`,
    )
  }
  refuseUnknownOptions(options, KNOWN, 'simulateJob')
  const { seed, maxFailures = 1, maxSteps = 1, parallelism, order = {} } = options
  const { seeds = seed === undefined ? 100 : 1, firstSeed = seed ?? 0 } = options
  if (seed !== undefined && (options.seeds !== undefined || options.firstSeed !== undefined))
    throw invalid('either seed, or seeds and firstSeed', 'both')
  if (!isWhole(firstSeed, 0, SEEDS - 1)) {
    throw new MillraceError(
      'INVALID_SEED',
      `simulateJob: expected a seed from 0 to 2^32 - 1, got ${describeValue(firstSeed)}`,
    )
  }
  if (!isWhole(seeds, 1, SEEDS)) throw invalid('a whole number from 1 as seeds', seeds)
  if (!isWhole(maxSteps, 1, Number.MAX_SAFE_INTEGER))
    throw invalid('a whole number from 1 as maxSteps', maxSteps)
  if (!isWhole(maxFailures, 1, Number.MAX_SAFE_INTEGER))
    throw invalid('a whole number from 1 as maxFailures', maxFailures)
  if (Array.isArray(parallelism) && parallelism.length === 0)
    throw invalid('at least one number in the list parallelism', parallelism)
  checkCheckpoints(options.checkpoints)
  for (const name of ['check', 'readFiles', 'trace', 'onSeed'] as const) {
    const given: unknown = options[name]
    if (given !== undefined && typeof given !== 'function')
      throw invalid(`a function as ${name}`, given)
  }
  for (const [output, keyOf] of Object.entries(order)) {
    if (typeof keyOf !== 'function') throw invalid(`a function as order of '${output}'`, keyOf)
  }
  const faults = checkedFaults(options.faults, 'simulateJob: faults')
  return { ...options, seeds, firstSeed, faults, maxFailures }
}

function checkCheckpoints(checkpoints: CheckpointOptions | undefined): void {
  resolveCheckpointOptions(checkpoints, 'simulateJob: checkpoints')
  for (const name of ['directory', 'onCancel'] as const) {
    if (checkpoints?.[name] !== undefined)
      throw invalid(`checkpoints without ${name}, which the simulation chooses`, checkpoints[name])
  }
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
}

function invalid(expected: string, got: unknown): MillraceError {
  return new MillraceError(
    'INVALID_ARGUMENT',
    `simulateJob: expected ${expected}, got ${describeValue(got)}`,
  )
}
