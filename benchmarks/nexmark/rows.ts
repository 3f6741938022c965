/**
 * The rows of queries, so that they can be compared before anything is measured.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runJob } from '../../api/index.ts'
import { inTemporaryFolder } from '../temporary-folder.ts'
import { EventGenerator } from './generator/events.ts'
import type { Loop } from './loops/loop.ts'
import { QUERIES } from './queries/queries.ts'

const JOB = new URL('./job.js', import.meta.url)

/** Which events. */
export interface RowsRequest {
  readonly events: number
  /** Events out of order among each other. */
  readonly groupSize: number
}

/** The rows that the stream query gives at parallelism 1, as `finalRows` has them. */
export async function streamRows(
  query: string,
  { events, groupSize }: RowsRequest,
): Promise<readonly string[]> {
  return inTemporaryFolder('rows', async (folder) => {
    const output = join(folder, 'rows.jsonl')
    const args = { query, events, groupSize, output }
    await runJob(JOB, { host: 'inline', parallelism: 1, args }).result()
    return finalRows(query, await readLines(output))
  })
}

/** The rows that a loop gives for the query, as `finalRows` has them. */
export function loopRows(
  query: string,
  loop: Loop,
  { events, groupSize }: RowsRequest,
): readonly string[] {
  const lines: string[] = []
  const generator = new EventGenerator({ groupSize })
  loop({ generator, events, now: Date.now }, (row) => {
    lines.push(JSON.stringify(row))
  })
  return finalRows(query, lines)
}

/** The lines of a JSON Lines file. */
export async function readLines(file: string): Promise<readonly string[]> {
  return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
}

/** Rows as JSON texts, sorted; of rows that are updated the last. */
export function finalRows(query: string, lines: readonly string[]): readonly string[] {
  const updatedBy = QUERIES[query]?.updatedBy
  if (updatedBy === undefined) return lines.toSorted()
  const last = new Map<string, string>()
  for (const line of lines) {
    const row = JSON.parse(line) as unknown[]
    last.set(JSON.stringify(updatedBy.map((at) => row[at])), line)
  }
  return [...last.values()].toSorted()
}

/** Throws where two engines do not give the same rows, or none at all. Both are as `finalRows` has them. */
export function requireSameRows(
  what: string,
  found: readonly string[],
  expected: readonly string[],
): void {
  if (found.length > 0 && found.join() === expected.join()) return
  const known = new Set(found)
  const missing = expected.filter((row) => !known.has(row)).slice(0, 3)
  throw new Error(
    `${what}: expected the ${expected.length} rows of the other, got ${found.length}; missing: ${missing.join(' ') || 'none'}`,
  )
}
