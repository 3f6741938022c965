/**
 * `millrace simulate`: runs a job through simulated interleavings and faults, and shows the first seed whose output is wrong.
 */
import { simulateJob } from '../api/testing/simulate/simulate-job.ts'
import type { FaultKind } from '../api/testing/simulate/fault-kinds.ts'
import type {
  SimulatedCheckpoints,
  SimulateOptions,
} from '../api/testing/simulate/simulate-options.ts'
import type { SimulationFailure } from '../api/testing/simulate/report.ts'
import { MillraceError } from '../mailbox/errors.ts'
import { EXIT } from './errors.ts'
import { print } from './output.ts'
import { failureText, reportText } from './simulate-report.ts'
import { stylesFor } from './terminal.ts'

/** Where barriers of checkpoints go. */
export type SimulatedMode = 'aligned' | 'unaligned' | 'at-least-once'

/** Options of `millrace simulate`. */
export interface SimulateCommandOptions {
  readonly arg: Readonly<Record<string, string>>
  readonly parallelism?: readonly number[]
  readonly maxParallelism?: number
  readonly slots?: number
  readonly seeds?: number
  readonly firstSeed?: number
  readonly seed?: number
  readonly faults?: readonly FaultKind[]
  readonly mode?: SimulatedMode
  readonly maxSteps?: number
  readonly trace?: boolean
  readonly json?: boolean
}

/** Seeds between two lines of progress. */
const PROGRESS_EVERY = 1_000

/** Simulates the job of a module. Resolves with the exit code: 1 where a seed has failed. Rejects with what `simulateJob` raises. */
export async function simulateCommand(
  file: string,
  options: SimulateCommandOptions,
): Promise<number> {
  const { arg, parallelism, maxParallelism, slots, seeds, firstSeed, seed, faults, maxSteps } =
    options
  if (seed !== undefined && (seeds !== undefined || firstSeed !== undefined)) {
    throw new MillraceError(
      'USAGE',
      'expected either --seed, or --seeds and --first-seed, got both; see millrace --help',
    )
  }
  const checkpoints = checkpointsOf(options.mode)
  let done = 0
  const asked: SimulateOptions = {
    args: arg,
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(maxParallelism === undefined ? {} : { maxParallelism }),
    ...(slots === undefined ? {} : { slots }),
    ...(seed === undefined ? { seeds: seeds ?? 100, firstSeed: firstSeed ?? 0 } : { seed }),
    ...(faults === undefined ? {} : { faults }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
    ...(checkpoints === undefined ? {} : { checkpoints }),
    ...(options.trace === true ? { trace: writeLine } : {}),
    onSeed: () => {
      if (++done % PROGRESS_EVERY === 0) process.stderr.write(`${done} seeds\n`)
    },
  }
  const report = await simulateJob(file, asked)
  const [failure] = report.failures
  if (options.json === true) {
    const replay = failure === undefined ? {} : { replay: replayCommand(file, options, failure) }
    await print(`${JSON.stringify({ ...report, ...replay })}\n`)
  } else {
    const styles = stylesFor(process.stdout, process.env)
    await print(`${reportText(report)}\n`)
    if (failure !== undefined)
      await print(failureText(failure, replayCommand(file, options, failure), styles))
  }
  return failure === undefined ? EXIT.success : EXIT.failed
}

/** The command that runs one seed again, with a trace: words with anything but plain characters are quoted for a POSIX shell. */
export function replayCommand(
  file: string,
  options: SimulateCommandOptions,
  { seed }: Pick<SimulationFailure, 'seed'>,
): string {
  const { arg, parallelism, maxParallelism, slots, faults, mode, maxSteps } = options
  const words = ['millrace', 'simulate', file, '--seed', String(seed), '--trace']
  const add = (flag: string, value: string | number | undefined): void => {
    if (value !== undefined) words.push(flag, String(value))
  }
  add('--parallelism', parallelism?.join(','))
  add('--max-parallelism', maxParallelism)
  add('--slots', slots)
  add('--faults', faults?.length === 0 ? 'none' : faults?.join(','))
  add('--mode', mode)
  add('--max-steps', maxSteps)
  for (const [name, value] of Object.entries(arg)) add('--arg', `${name}=${value}`)
  return words.map(quoted).join(' ')
}

function checkpointsOf(mode: SimulatedMode | undefined): SimulatedCheckpoints | undefined {
  switch (mode) {
    case undefined:
      return undefined
    case 'aligned':
      return { unaligned: false }
    case 'unaligned':
      return { unaligned: true }
    case 'at-least-once':
      return { mode }
  }
}

function quoted(word: string): string {
  return /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`)
}
