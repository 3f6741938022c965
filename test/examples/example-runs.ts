/** What the tests of the examples do alike: run a job for its totals, and spoil its rows to see that a comparison finds it. */
import { readFile, writeFile } from 'node:fs/promises'
import * as assert from 'uvu/assert'
import { runJob } from '../../api/index.ts'
import type { RunOptions } from '../../api/index.ts'

/** Runs a job to its end and gives the only record that it has collected as `totals`. */
export async function totalsOf<Totals>(url: URL, options: RunOptions): Promise<Totals> {
  const job = runJob(url, options)
  const totals: Totals[] = []
  for await (const row of job.collect<Totals>('totals')) totals.push(row)
  await job.result()
  assert.is(totals.length, 1)
  return totals[0] as Totals
}

/** Writes a file anew: the first lines with a fault each, and without its last line. */
export async function plantFaults(
  file: string,
  faults: readonly ((line: string) => string)[],
): Promise<void> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const planted = lines.map((line, index) => faults[index]?.(line) ?? line)
  await writeFile(file, planted.slice(0, -1).join('\n'))
}
