/**
 * What has become slower since the baseline: measures its ratios again, with the benchmark `loops`, and fails when one lies outside its
 * tolerance.
 *
 *   npm run bench -- compare                                       against benchmarks/baseline.json
 *   npm run bench -- compare --query q0,q5 --events 2000000        only these queries, in longer runs
 *   npm run bench -- baseline                                      measures and writes that file
 *
 * Only ratios are compared, because figures per second depend on the machine.
 */
import { existsSync, readFileSync } from 'node:fs'
import { baselineFile, compareWithBaseline, parseBaseline } from './compare/baseline.ts'
import { figure, Refusal } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { run as runLoops } from './loops.ts'

/** Measures, see the head of this file. Throws where something has become slower. */
export async function run(options: BenchmarkOptions): Promise<readonly Figure[]> {
  const { log } = options
  const file = baselineFile()
  if (!existsSync(file))
    throw new Refusal('failure', `no baseline in ${file}: npm run bench -- baseline makes one`)
  const baseline = parseBaseline(JSON.parse(readFileSync(file, 'utf8')))
  const found = compareWithBaseline(baseline, await runLoops(options))
  if (found.length === 0) throw new Refusal('failure', 'the baseline has none of these queries')
  for (const { metric, verdict, now, before, tolerance } of found) {
    const percent = (100 * tolerance).toFixed(0)
    log(
      `${verdict}: ${metric}: ${now.toFixed(3)}, was ${before.toFixed(3)}, tolerance ${percent} %`,
    )
  }
  const slower = found.filter(({ verdict }) => verdict === 'slower')
  if (slower.length > 0)
    throw new Refusal('failure', `became slower: ${slower.map(({ metric }) => metric).join('; ')}`)
  return found.map(({ metric, now, before }) =>
    figure('compare', `${metric}: now / baseline`, [now / before]),
  )
}
