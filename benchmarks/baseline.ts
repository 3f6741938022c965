/**
 * Measures the ratios of the benchmark `loops` and writes those of the queries that were measured into benchmarks/baseline.json, for
 * `compare`. Run it on a quiet machine, and when a change of the ratios is meant.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { baselineFile, baselineOf, parseBaseline } from './compare/baseline.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { run as runLoops } from './loops.ts'

/** Measures and writes, see the head of this file. */
export async function run(options: BenchmarkOptions): Promise<readonly Figure[]> {
  const figures = await runLoops(options)
  const file = baselineFile()
  const before = existsSync(file) ? parseBaseline(JSON.parse(readFileSync(file, 'utf8'))) : []
  const entries = new Map(
    [...before, ...baselineOf(figures)].map((entry) => [`${entry.name}: ${entry.metric}`, entry]),
  )
  writeFileSync(file, `${JSON.stringify([...entries.values()], undefined, 2)}\n`)
  options.log(`wrote ${file}`)
  return figures
}
