/**
 * Runs queries of the Nexmark benchmark, one after the other:
 *
 *   npm run nexmark -- --query q5 --events 10000000 --parallelism 2
 *
 * Progress goes to stderr, the table to stdout. `--help` tells the options. Exit code 1: a query failed; 2: the command line is wrong.
 */
import { writeFileSync } from 'node:fs'
import { showProgress } from '../../cli/progress.ts'
import { stylesFor } from '../../cli/terminal.ts'
import { circumstances } from '../machine.ts'
import { parseNexmarkOptions } from './options.ts'
import { renderReports, summarize } from './report.ts'
import { runQuery } from './run-query.ts'
import type { QueryRun } from './run-query.ts'

const options = parseNexmarkOptions(process.argv.slice(2))
const runs = new Map<string, QueryRun[]>(options.query.map((query) => [query, []]))

// All queries in each round, so that what slows the machine for a while falls on all of them.
for (let round = 1; round <= options.rounds; round++) {
  for (const [query, measured] of runs) {
    measured.push(
      await runQuery(query, options, (job) =>
        process.stderr.isTTY
          ? showProgress(
              { name: query, metrics: () => job.metrics() },
              stylesFor(process.stderr, process.env),
            )
          : { stop() {} },
      ),
    )
    if (!process.stderr.isTTY) console.error(`${query}: round ${round} of ${options.rounds}`)
  }
}

const reports = [...runs.values()].map(summarize)
console.log(renderReports(reports))
if (options.json !== undefined) {
  const report = { ...circumstances(import.meta.dirname), options, reports }
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
}
