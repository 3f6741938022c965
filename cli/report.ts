/**
 * What a run prints when it is over: a line of totals, or everything as one line of JSON. Collected streams are in `collected.ts`.
 */
import type { JobMetrics } from '../api/execution/job-metrics.ts'
import { cellText, grouped } from './cell-text.ts'
import type { ErrorReport } from './errors.ts'
import { oneLine } from './terminal.ts'

/** The records of a collected stream, or the first of them. */
export interface CollectedRows {
  readonly name: string
  readonly rows: readonly unknown[]
  /** How many there were; more than `rows` where not all are kept. */
  readonly count: number
}

/** The facts of a run that `--json` prints. */
export interface RunFacts {
  readonly job: string
  readonly state: string
  readonly parallelism: number
  readonly slots: number
  readonly metrics: JobMetrics | undefined
  readonly collected: readonly CollectedRows[]
  readonly error?: ErrorReport
}

/** Records read per second of the run, a whole number. */
export function recordsPerSecond({ durationMs, totals }: JobMetrics): number {
  return durationMs > 0 ? Math.round((totals.recordsRead * 1000) / durationMs) : 0
}

/** One line: how many records, in what time, how fast, how many bytes crossed between slots, and what recovery had to do. */
export function totalsText(metrics: JobMetrics): string {
  const { jobName, durationMs, totals } = metrics
  const facts = [
    `${counted(totals.recordsRead, 'record')} in ${secondsText(durationMs)}`,
    `${grouped(recordsPerSecond(metrics))} records/s`,
  ]
  if (totals.bytesExchanged > 0) facts.push(`${bytesText(totals.bytesExchanged)} between slots`)
  if (totals.recordsWritten > 0) facts.push(`${counted(totals.recordsWritten, 'record')} written`)
  facts.push(...recoveryFacts(metrics))
  return `${oneLine(jobName)}: ${facts.join(', ')}`
}

function recoveryFacts({ checkpoints, restarts }: JobMetrics): string[] {
  const { completed, failed } = checkpoints
  const facts: string[] = []
  if (completed > 0) facts.push(counted(completed, 'checkpoint'))
  if (failed > 0) facts.push(`${counted(failed, 'checkpoint')} failed`)
  if (restarts > 0) facts.push(counted(restarts, 'restart'))
  return facts
}

/** The run as one line of JSON, without a line break at its end. Numbers that JSON lacks become null, bigints and others texts. */
export function jsonText(facts: RunFacts): string {
  const { metrics } = facts
  const line = {
    job: facts.job,
    state: facts.state,
    ...(facts.error === undefined ? {} : { error: facts.error }),
    parallelism: facts.parallelism,
    slots: facts.slots,
    durationMs: metrics === undefined ? null : Math.round(metrics.durationMs * 10) / 10,
    recordsPerSecond: metrics === undefined ? null : recordsPerSecond(metrics),
    totals: metrics?.totals ?? null,
    restarts: metrics?.restarts ?? null,
    checkpoints: metrics === undefined ? null : checkpointFacts(metrics),
    collected: Object.fromEntries(facts.collected.map(({ name, rows }) => [name, rows])),
  }
  return JSON.stringify(line, plainValue)
}

function checkpointFacts({ checkpoints: { completed, failed, recent } }: JobMetrics) {
  const newest = recent.findLast(({ state }) => state === 'completed')
  return { completed, failed, newest: newest?.id ?? null }
}

function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  if (value instanceof Map || value instanceof Set) return [...value]
  if (value instanceof RegExp || value instanceof Error || typeof value === 'function') {
    return cellText(value)
  }
  return value
}

function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}

function secondsText(milliseconds: number): string {
  return milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toFixed(2)} s`
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** A number of bytes in a unit that fits: `28.4 MB`. */
export function bytesText(bytes: number): string {
  let amount = bytes
  let unit = 0
  while (amount >= 999.5 && unit < BYTE_UNITS.length - 1) {
    amount /= 1000
    unit++
  }
  const digits = unit === 0 || amount >= 100 ? 0 : 1
  return `${amount.toFixed(digits)} ${BYTE_UNITS[unit] ?? ''}`
}
