/**
 * One simulated run of the flights job on a slice, checked against DuckDB's answer.
 */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runJob } from '../../api/index.ts'
import { Simulator } from '../../runtime/simulator.ts'
import { rowKey } from './flights-slice.ts'
import type { FlightsSlice } from './flights-slice.ts'

type Row = Readonly<Record<string, unknown>>

const JOB = new URL('../../examples/flights.js', import.meta.url)

/** What a seed came to. */
export interface SeedResult {
  readonly seed: number
  readonly steps: number
  /** What is wrong; undefined when nothing is. */
  readonly fault: string | undefined
}

/** Runs one seed. The seed also chooses parallelism, slots and codec. */
export async function runSeed(
  seed: number,
  slice: FlightsSlice,
  folder: string,
  trace?: (line: string) => void,
): Promise<SeedResult> {
  const parallelism = 1 + (seed % 3)
  const slots = 1 + (Math.floor(seed / 3) % 3)
  const codec = seed % 2 === 0 ? 'columns' : 'msgpack'
  const output = join(folder, 'out.jsonl')
  const simulator = new Simulator({ seed, slots, ...(trace === undefined ? {} : { trace }) })
  let fault: string | undefined
  try {
    const job = runJob(JOB, {
      host: simulator,
      parallelism,
      codec,
      args: { input: slice.path, output },
    })
    const ranked: string[] = []
    for await (const row of job.collect<Row>('worst airport-hours')) ranked.push(rowKey(row))
    await job.result()
    fault = compare(slice.expected, await readRows(output)) ?? checkRanked(slice.ranked, ranked)
  } catch (error) {
    fault = error instanceof Error ? (error.stack ?? error.message) : String(error)
  } finally {
    await rm(output, { force: true })
  }
  return { seed, steps: simulator.steps, fault }
}

function checkRanked(expected: readonly string[], actual: readonly string[]): string | undefined {
  for (const [rank, row] of expected.entries()) {
    if (actual[rank] !== row) return `rank ${rank + 1} is '${actual[rank]}' and should be '${row}'`
  }
  return expected.length === actual.length ? undefined : `${actual.length} rows are ranked`
}

async function readRows(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  return lines.map((line) => rowKey(JSON.parse(line) as Record<string, unknown>)).sort()
}

function compare(expected: readonly string[], actual: readonly string[]): string | undefined {
  const missing = expected.find((row) => !actual.includes(row))
  if (missing !== undefined) return `the row '${missing}' is missing`
  const extra = actual.length - expected.length
  return extra === 0 ? undefined : `there are ${extra} rows too many`
}
