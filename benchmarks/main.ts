/**
 * The benchmark harness.
 *
 *   npm run bench                                lists the benchmarks
 *   npm run bench -- NAME [NAME…] [--json FILE]  runs them, one after the other, in this process
 *   npm run bench -- flink --query q0,q5         only these queries, of a benchmark that has queries
 *   npm run bench -- loops --events 2000000 --rounds 5   longer than usual, of a benchmark that has events and rounds
 *   npm run bench -- --help                      lists the options
 *
 * A benchmark is a file of this folder that exports `run` (see `figure.ts`); `--folder DIR` looks into another.
 * Progress goes to stderr, the table to stdout. A missed bound is a figure, not a failure. Exit code 1: a benchmark
 * failed (the others still run); 2: the command line is wrong; 130 and the like: a signal has ended it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

import { parseDurationMs } from '../cli/durations.ts'
import { Refusal } from './figure.ts'
import type { Benchmark, BenchmarkOptions, Figure } from './figure.ts'
import { whyNotWritable } from './json-file.ts'
import { circumstances } from './machine.ts'
import { renderFigures } from './table.ts'
import { exitOnSignals } from './temporary-folder.ts'

const USAGE = `Run them with: npm run bench -- NAME [NAME…] [OPTION…]

  --json FILE          file for the figures
  --query q0,q5        queries, of a benchmark that has queries (default: all)
  --events N           events per run, of a benchmark over events
  --rounds N           rounds that count, of a benchmark whose competitors take turns
  --checkpoint 10s     time between two checkpoints, of a benchmark about them
  --folder DIR         folder with other benchmarks
  --help               this text`

interface Settings {
  readonly help: boolean
  readonly names: readonly string[]
  readonly jsonFile: string | undefined
  readonly folder: string
  readonly options: Omit<BenchmarkOptions, 'log'>
}

class UsageError extends Error {}

exitOnSignals()
try {
  await main(readSettings())
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}

function readSettings(): Settings {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'string' },
        folder: { type: 'string' },
        query: { type: 'string' },
        events: { type: 'string' },
        rounds: { type: 'string' },
        checkpoint: { type: 'string' },
      },
    })
    const beside = fileURLToPath(new URL('.', import.meta.url))
    const folder = values.folder === undefined ? beside : resolve(values.folder)
    const options = {
      queries: values.query?.split(','),
      events: wholeNumber('events', values.events),
      rounds: wholeNumber('rounds', values.rounds),
      checkpointMs: duration('checkpoint', values.checkpoint),
    }
    const { help = false, json } = values
    const problem = json === undefined ? undefined : whyNotWritable(json)
    if (problem !== undefined) throw new UsageError(problem)
    return { help, names: positionals, jsonFile: json, folder, options }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d*$/.test(text)) return text === undefined ? text : Number(text)
  throw new UsageError(`expected a whole number above 0 for --${name}, got '${text}'`)
}

function duration(name: string, text: string | undefined): number | undefined {
  const milliseconds = text === undefined ? undefined : parseDurationMs(text)
  if (text === undefined || (milliseconds !== undefined && milliseconds > 0)) return milliseconds
  throw new UsageError(`expected a duration for --${name}, as in 10s, got '${text}'`)
}

async function main({ help, names, jsonFile, folder, options }: Settings): Promise<void> {
  const available = listBenchmarks(folder)
  const list = available.length === 0 ? 'there are none yet' : available.join(', ')
  if (help || names.length === 0) {
    console.log(`Benchmarks: ${list}\n${USAGE}`)
    return
  }
  const unknown = names.filter((name) => !available.includes(name))
  if (unknown.length > 0) {
    throw new UsageError(`expected names of benchmarks (${list}), got ${unknown.join(', ')}`)
  }
  const where = circumstances(folder)
  console.log(`${where.machine}\nNode ${where.node}, commit ${where.commit}`)
  const figures: Figure[] = []
  for (const name of new Set(names)) figures.push(...(await runBenchmark(folder, name, options)))
  if (figures.length > 0) console.log(renderFigures(figures))
  if (jsonFile !== undefined) {
    const entries = figures.map((measured) => ({ ...measured, ...where }))
    writeFileSync(jsonFile, `${JSON.stringify(entries, undefined, 2)}\n`)
  }
}

/** The names of the compiled modules that export `run`, found without loading them. */
function listBenchmarks(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    .filter((file) => {
      const source = readFileSync(join(folder, file), 'utf8')
      return /^export (?:async function|function|const) run\b/m.test(source)
    })
    .map((file) => file.slice(0, -'.js'.length))
    .sort()
}

async function runBenchmark(
  folder: string,
  name: string,
  options: Settings['options'],
): Promise<readonly Figure[]> {
  const log = (line: string): void => console.error(`${name}: ${line}`)
  const start = performance.now()
  try {
    const module = (await import(pathToFileURL(join(folder, `${name}.js`)).href)) as Benchmark
    const figures = await module.run({ log, ...options })
    log(`took ${((performance.now() - start) / 1000).toFixed(1)} s`)
    return figures
  } catch (error) {
    console.error(`${name} failed:`, error instanceof Refusal ? error.message : error)
    process.exitCode = error instanceof Refusal && error.kind === 'usage' ? 2 : 1
    return []
  }
}
