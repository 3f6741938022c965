/**
 * Runs queries of the Nexmark benchmark, one after the other:
 *
 *   npm run nexmark -- --query q5 --events 10000000 --parallelism 2
 *
 * Progress goes to stderr, the table to stdout. `--help` tells the options. Exit code 1: a query failed; 2: the command line is wrong;
 * 130 and the like: a signal has ended it.
 */
import { writeFileSync } from 'node:fs'
import type { JobHandle } from '../../api/index.ts'
import { codeOf, errorText, EXIT, exitCodeOf } from '../../cli/errors.ts'
import { showProgress } from '../../cli/progress.ts'
import { watchSignals } from '../../cli/signals.ts'
import { stylesFor } from '../../cli/terminal.ts'
import { circumstances } from '../machine.ts'
import { parseNexmarkOptions } from './options.ts'
import type { NexmarkOptions } from './options.ts'
import { renderReports, summarize } from './report.ts'
import { runQuery } from './run-query.ts'
import type { QueryRun } from './run-query.ts'

const options = parseNexmarkOptions(process.argv.slice(2))
let job: JobHandle | undefined
const signals = watchSignals(() => void job?.cancel())
try {
  report(await runAll(options), options)
} catch (error) {
  const stopped = signals.received !== undefined && codeOf(error) === 'JOB_CANCELLED'
  if (!stopped)
    process.stderr.write(errorText(error, stylesFor(process.stderr, process.env), process.env))
  process.exitCode = stopped ? (signals.exitCode ?? EXIT.failed) : exitCodeOf(error)
} finally {
  signals.release()
}

async function runAll({ query, rounds }: NexmarkOptions): Promise<Map<string, QueryRun[]>> {
  const runs = new Map<string, QueryRun[]>(query.map((name) => [name, []]))
  // All queries in each round, so that what slows the machine for a while falls on all of them.
  for (let round = 1; round <= rounds; round++) {
    for (const [name, measured] of runs) {
      measured.push(
        await runQuery(name, { ...options, latency: true }, (started) => watch(name, started)),
      )
      if (!process.stderr.isTTY) console.error(`${name}: round ${round} of ${rounds}`)
    }
  }
  return runs
}

function watch(name: string, started: JobHandle): { stop(): void } {
  job = started
  if (signals.received !== undefined) void started.cancel()
  if (!process.stderr.isTTY) return { stop() {} }
  const progress = { name, metrics: () => started.metrics() }
  return showProgress(progress, stylesFor(process.stderr, process.env))
}

function report(runs: ReadonlyMap<string, QueryRun[]>, { json }: NexmarkOptions): void {
  const reports = [...runs.values()].map(summarize)
  console.log(renderReports(reports, process.stdout.columns))
  if (json === undefined) return
  const figures = { ...circumstances(import.meta.dirname), options, reports }
  writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`)
}
