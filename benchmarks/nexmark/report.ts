/**
 * What runs of queries have shown, as a table for people and as figures for programs.
 */
import Table from 'cli-table3'
import { QUERIES } from './queries/queries.ts'
import type { QueryRun } from './run-query.ts'

const MIB = 1024 * 1024
/** The table with the titles of all queries has about as many. */
const TITLED_COLUMNS = 130

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

/** One line per query; with what it asks, where `columns` characters have room for that. */
export function renderReports(
  reports: readonly QueryReport[],
  columns = Number.POSITIVE_INFINITY,
): string {
  const titled = columns >= TITLED_COLUMNS ? ['what'] : []
  const table = new Table({
    head: ['query', 'events/s', 'per core', 'CPU s', 'MiB', 'rows', '50% ms', '99% ms', ...titled],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
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
      milliseconds(report.latency?.medianMs),
      milliseconds(report.latency?.p99Ms),
      ...titled.map(() => QUERIES[report.query]?.title ?? ''),
    ])
  }
  return table.toString()
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '-'
  return value < 10 ? value.toFixed(1) : grouped(value)
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
