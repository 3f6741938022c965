/**
 * What `millrace simulate` prints when it is over.
 */
import type { SimulationFailure, SimulationReport } from '../api/testing/simulate/report.ts'
import { grouped } from './cell-text.ts'
import { manyLines, oneLine } from './terminal.ts'
import type { Styles } from './terminal.ts'

/** What was run, and what went wrong on purpose. */
export function reportText(report: SimulationReport): string {
  const { jobName, seeds, steps, processes, restarts, checkpoints, failures, durationMs } = report
  const outcome = failures.length === 0 ? 'no fault found' : 'a fault was found'
  const perSecond = grouped(Math.round((seeds * 1000) / Math.max(1, durationMs)))
  const rows = Object.entries(report.rows).map(
    ([output, count]) => `${oneLine(output)}: ${counted(count, 'row')}`,
  )
  const injected = Object.entries(report.injected).map(
    ([kind, count]) => `${kind} ${grouped(count)}`,
  )
  return [
    `${oneLine(jobName)}: ${counted(seeds, 'seed')}, ${outcome}`,
    `  ${counted(steps, 'step')}, ${counted(processes, 'process', 'processes')}, ${counted(restarts, 'restart')}, ${counted(checkpoints, 'checkpoint')}; ${perSecond} seeds/s`,
    `  faults: ${injected.join(', ') || 'none'}`,
    `  output undisturbed: ${rows.join(', ') || 'nothing, so that nothing is compared'}`,
  ].join('\n')
}

/** What is wrong, what had happened before, and how to see it again. */
export function failureText(failure: SimulationFailure, replay: string, styles: Styles): string {
  const { seed, kind, message, faults, actors } = failure
  return [
    '',
    styles.red(`seed ${seed}: ${kind}`),
    `  ${manyLines(message).replaceAll('\n', '\n  ')}`,
    ...section('what went wrong on purpose', faults),
    ...section('where everybody is', actors),
    'replay it with:',
    `  ${replay}`,
    '',
  ].join('\n')
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${oneLine(line)}`)]
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}
