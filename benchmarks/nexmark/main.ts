/**
 * Runs queries of the Nexmark benchmark, one after the other:
 *
 *   npm run nexmark -- --query q5 --events 10000000 --parallelism 2
 *
 * Progress goes to stderr, the table to stdout. `--help` tells the options. Exit code 1: a query failed; 2: the command line is wrong;
 * 130 and the like: a signal has ended it. The table then has the queries that were run before.
 */
import { writeFileSync } from 'node:fs'
import type { JobHandle } from '../../api/index.ts'
import { codeOf, errorText, EXIT, exitCodeOf } from '../../cli/errors.ts'
import { print, watchPipe } from '../../cli/output.ts'
import { showProgress } from '../../cli/progress.ts'
import { watchSignals } from '../../cli/signals.ts'
import { stylesFor } from '../../cli/terminal.ts'
import { circumstances } from '../machine.ts'
import { parseNexmarkOptions } from './options.ts'
import type { NexmarkOptions } from './options.ts'
import { renderReports, summarize } from './report.ts'
import type { QueryReport } from './report.ts'
import { runQuery } from './run-query.ts'
import type { QueryRun } from './run-query.ts'

/** A process that is ended by force leaves half a file of rows; a second Ctrl-C does not wait. */
const PATIENCE_MS = 10_000

const options = parseNexmarkOptions(process.argv.slice(2))
/** By the names of queries, in the order in which they run. */
const runs = new Map<string, QueryRun[]>(options.query.map((name) => [name, []]))
let job: JobHandle | undefined
const signals = watchSignals(() => void job?.cancel(), PATIENCE_MS)
watchPipe((error) => {
  if (error !== undefined) fail(error)
  else process.exitCode ??= EXIT.brokenPipe
})
const failure = await runAll(options).then(
  () => undefined,
  (error: unknown) => ({ error }),
)
// What was measured before something went wrong is worth a table, but no file: whoever reads that expects all of it.
await printTable()
if (failure === undefined) writeFigures(options)
else if (signals.received !== undefined && codeOf(failure.error) === 'JOB_CANCELLED')
  process.exitCode = signals.exitCode ?? EXIT.failed
else fail(failure.error)
signals.release()

async function runAll({ rounds }: NexmarkOptions): Promise<void> {
  // All queries in each round, so that what slows the machine for a while falls on all of them.
  for (let round = 1; round <= rounds; round++) {
    for (const [name, measured] of runs) {
      measured.push(
        await runQuery(name, { ...options, latency: true }, (started) => watch(name, started)),
      )
      if (!process.stderr.isTTY) console.error(`${name}: round ${round} of ${rounds}`)
    }
  }
}

function watch(name: string, started: JobHandle): { stop(): void } {
  job = started
  if (signals.received !== undefined) void started.cancel()
  if (!process.stderr.isTTY) return { stop() {} }
  const progress = { name, metrics: () => started.metrics() }
  return showProgress(progress, stylesFor(process.stderr, process.env))
}

function reports(): readonly QueryReport[] {
  return [...runs.values()].filter((measured) => measured.length > 0).map(summarize)
}

async function printTable(): Promise<void> {
  if (reports().length > 0) await print(`${renderReports(reports(), process.stdout.columns)}\n`)
}

function writeFigures({ json }: NexmarkOptions): void {
  if (json === undefined) return
  const figures = { ...circumstances(import.meta.dirname), options, reports: reports() }
  try {
    writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`)
  } catch (error) {
    fail(error)
  }
}

function fail(error: unknown): void {
  process.stderr.write(errorText(error, stylesFor(process.stderr, process.env), process.env))
  process.exitCode = exitCodeOf(error)
}
