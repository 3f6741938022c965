/**
 * What a test process tells the runner: one JSON object per line on file descriptor 3, so that it never
 * mixes with what tests print. Lines come in the order of the events; `finished` comes last and once.
 */

/** The file descriptor in the test process that reports are written to. */
export const REPORT_FD = 3

/** A test that did not run, and what it lacked. */
export interface SkippedTest {
  readonly test: string
  readonly lacks: string
}

/** The counts of one file or of a whole run. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The file is loaded; `deadlineMs` is what it exports under that name. */
export interface LoadedReport {
  readonly kind: 'loaded'
  readonly deadlineMs?: number
}

/** A test begins: names the culprit of a hung or dead process. */
export interface StartedReport {
  readonly kind: 'started'
  readonly test: string
}

/** All tests of the file are through; from here on the process should end by itself. */
export interface FinishedReport extends Counts {
  readonly kind: 'finished'
  readonly skips: readonly SkippedTest[]
}

export type Report = LoadedReport | StartedReport | FinishedReport

/** Reads one line of reports. Throws `SyntaxError` for a line that is not one. */
export function parseReport(line: string): Report {
  const report: unknown = JSON.parse(line)
  const kind = typeof report === 'object' && report !== null && 'kind' in report && report.kind
  if (kind === 'loaded' || kind === 'started' || kind === 'finished') return report as Report
  throw new SyntaxError(`expected a report of a test process, got ${line.slice(0, 80)}`)
}
