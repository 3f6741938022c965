/**
 * Figures as a table for people.
 */
import Table from 'cli-table3'
import pc from 'picocolors'

import type { Figure } from './figure.ts'
import { holds, smallerIsBetter } from './figure.ts'

/** One row per figure: median, spread, the bounds and whether they hold; a legend below. */
export function renderFigures(figures: readonly Figure[]): string {
  const table = new Table({
    head: ['benchmark', 'metric', 'median', 'spread', 'runs', 'reach', 'aim'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const measured of figures) {
    table.push([
      measured.name,
      measured.metric,
      formatNumber(measured.value),
      `${(measured.spread * 100).toFixed(0)} %`,
      String(measured.runs.length),
      formatBound(measured, 'reach'),
      formatBound(measured, 'aim'),
    ])
  }
  return `${table.toString()}\nspread = (largest run - smallest run) / median`
}

/** Three significant digits below 1,000; whole numbers with separators from there. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

function formatBound(measured: Figure, bound: 'reach' | 'aim'): string {
  const limit = measured[bound]
  if (limit === null) return '-'
  const text = `${smallerIsBetter(measured) ? '≤' : '≥'} ${formatNumber(limit)}`
  return holds(measured, bound) === true ? pc.green(`${text} holds`) : pc.red(`${text} missed`)
}
