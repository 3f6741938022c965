/**
 * The command line of the Nexmark benchmark.
 */
import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDurationMs } from '../../cli/durations.ts'
import { whyNotWritable } from '../json-file.ts'
import { BLOCK } from './generator/nexmark-splits.ts'
import { QUERIES } from './queries/queries.ts'

/** How a query is run. */
export interface QuerySettings {
  readonly events: number
  readonly parallelism: number
  /** Events per second of the clock; undefined: as many as possible. */
  readonly rate?: number
  readonly groupSize: number
  /** A JSON Lines file. */
  readonly input?: string
  readonly output?: string
  /** Milliseconds between two checkpoints; undefined: none. */
  readonly checkpoint?: number
  /** Whether it is measured how long rows take, where they are thrown away. Default: no. */
  readonly latency?: boolean
}

/** What is run. */
export interface NexmarkOptions extends QuerySettings {
  /** Names of queries, in the order in which they run. */
  readonly query: readonly string[]
  readonly host: 'threads' | 'inline'
  readonly rounds: number
  /** Where the figures go. */
  readonly json?: string
}

/** Reads the arguments (without `node` and the script); ends the process where they are wrong, or only help is wanted. */
export function parseNexmarkOptions(args: readonly string[]): NexmarkOptions {
  const command = new Command('nexmark')
    .description('Runs queries of the Nexmark benchmark and says how fast they were.')
    .addOption(
      new Option('--query <names>', 'queries with commas between them, or all')
        .argParser(queries)
        .default(['q0'], 'q0'),
    )
    .option('--events <count>', 'events to generate', wholeFrom(1), 1_000_000)
    .option('--parallelism <n>', 'subtasks of each operator', wholeFrom(1), 2)
    .addOption(
      new Option('--host <host>', 'where it runs')
        .choices(['threads', 'inline'])
        .default('threads'),
    )
    .option('--rate <n>', 'events per second of the clock (default: any)', wholeFrom(1))
    .option(
      '--group-size <n>',
      'events that are out of order among each other; divides 1000',
      groupSize,
      1,
    )
    .option('--input <file>', 'JSON Lines file of events, instead of generated ones', path)
    .option(
      '--output <file>',
      'JSON Lines file for the rows; of one query (default: thrown away)',
      path,
    )
    .option('--checkpoint <duration>', 'time between two checkpoints, as in 10s', duration)
    .option('--rounds <n>', 'runs of each query, of which the median counts', wholeFrom(1), 1)
    .option('--json <file>', 'file for the figures', path)
    .allowExcessArguments(false)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2)
    })
    .parse(args, { from: 'user' })
  const options = command.opts<NexmarkOptions>()
  if (options.output !== undefined && options.query.length > 1)
    command.error('error: --output takes the rows of one query', { exitCode: 2 })
  const { input, output } = options
  if (input !== undefined && output !== undefined && resolve(input) === resolve(output))
    command.error('error: --output would replace the file that --input names', { exitCode: 2 })
  const problem = options.json === undefined ? undefined : whyNotWritable(options.json)
  if (problem !== undefined) command.error(`error: --json ${problem}`, { exitCode: 2 })
  return options
}

function path(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('Expected the path of a file.')
}

function queries(text: string): readonly string[] {
  if (text === 'all') return Object.keys(QUERIES)
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !Object.hasOwn(QUERIES, name))
  if (unknown === undefined) return names
  throw new InvalidArgumentError(`There is no query '${unknown}': expected q0 to q23, or all.`)
}

function wholeFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`)
  }
}

function groupSize(text: string): number {
  const value = wholeFrom(1)(text)
  if (BLOCK % value === 0) return value
  throw new InvalidArgumentError(`Expected a whole number that divides ${BLOCK}.`)
}

function duration(text: string): number {
  const milliseconds = parseDurationMs(text)
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds
  throw new InvalidArgumentError('Expected a duration, as in 500ms or 10s.')
}
