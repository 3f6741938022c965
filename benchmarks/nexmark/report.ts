/**
 * What runs of queries have shown, as a table for people and as figures for programs.
 */
import Table from 'cli-table3'
import { QUERIES } from './queries/queries.ts'
import type { QueryRun } from './run-query.ts'

const MIB = 1024 * 1024

/** The median run of a query, and how far its runs lie apart. */
export interface QueryReport extends QueryRun {
  /** Events per second of all runs, in the order of the runs. */
  readonly perSecond: readonly number[]
}

/** Sums up the runs of one query; there is at least one. */
export function summarize(runs: readonly QueryRun[]): QueryReport {
  const perSecond = runs.map(speed)
  const ordered = runs.toSorted((a, b) => speed(a) - speed(b))
  return { ...(ordered[Math.floor((ordered.length - 1) / 2)] as QueryRun), perSecond }
}

/** Events per second. */
export function speed({ events, seconds }: QueryRun): number {
  return events / seconds
}

/** One line per query. */
export function renderReports(reports: readonly QueryReport[]): string {
  const table = new Table({
    head: ['query', 'events/s', '/s, CPU', 'CPU s', 'MiB', 'rows', 'what'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const report of reports) {
    table.push([
      report.query,
      grouped(speed(report)),
      grouped(report.events / report.cpuSeconds),
      report.cpuSeconds.toFixed(1),
      grouped(report.peakBytes / MIB),
      grouped(report.rows),
      QUERIES[report.query]?.title ?? '',
    ])
  }
  return table.toString()
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
