/** What was tried and found, as a table: one line per shape, and the sum. */
import type { ShapeReport } from './run-shape.ts'

const COLUMNS = ['seeds', 'steps', 'crashes', 'checkpoints', 'restores', 'findings'] as const

/** One line per shape, all of its modes together. */
export function reportTable(reports: readonly ShapeReport[]): string {
  const names = [...new Set(reports.map(({ shape }) => shape))]
  const rows = names.map((name) =>
    rowOf(
      name,
      reports.filter(({ shape }) => shape === name),
    ),
  )
  const table = [['shape', ...COLUMNS], ...rows, rowOf('all', reports)]
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
  return table
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return column === 0 ? cell.padEnd(width) : cell.padStart(width)
        })
        .join('  '),
    )
    .join('\n')
}

function rowOf(name: string, reports: readonly ShapeReport[]): string[] {
  const cells = COLUMNS.map((column) => {
    const sum = reports.reduce((total, report) => {
      const value = report[column]
      return total + (typeof value === 'number' ? value : value.length)
    }, 0)
    return sum.toLocaleString('en')
  })
  return [name, ...cells]
}
