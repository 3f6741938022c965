/**
 * The flights job gives DuckDB's answer, row by row, on every host and at every parallelism.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../api/index.ts'
import type { RunOptions } from '../../api/index.ts'
import { Simulator } from '../../runtime/simulator.ts'
import { ALL_AIRPORT_HOURS, differences, flightsAnswer, worstHours } from './flights-answer.ts'

export const deadlineMs = 300_000

const JOB = new URL('../../examples/flights.js', import.meta.url)

interface Context {
  folder: string
  duckdb: DuckDBConnection
}

const test = suite<Context>('flights')

test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'millrace-flights-'))
  context.duckdb = await flightsAnswer()
})

test.after(async (context) => {
  context.duckdb.closeSync()
  await rm(context.folder, { recursive: true })
})

const RUNS: readonly { name: string; options: RunOptions }[] = [1, 2, 3].flatMap((parallelism) => [
  { name: `on threads, parallelism ${parallelism}`, options: { host: 'threads', parallelism } },
  { name: `inline, parallelism ${parallelism}`, options: { host: 'inline', parallelism } },
  {
    name: `in the simulator, parallelism ${parallelism}`,
    options: { host: new Simulator({ seed: parallelism, slots: parallelism }), parallelism },
  },
])

test('the comparison with DuckDB finds a row that lacks a field, differs, is missing or is there twice', async ({
  folder,
  duckdb,
}) => {
  const output = join(folder, 'planted.jsonl')
  await runJob(JOB, { host: 'inline', parallelism: 1, args: { output } }).result()
  const lines = (await readFile(output, 'utf8')).trimEnd().split('\n')
  const faults: readonly ((line: string) => string)[] = [
    (line) => line.replace(/"meanDelay":[^,]+,/, ''),
    (line) => line.replace(/"maxDelay":/, '"maxDelay":1'),
    (line) => line.replace(/"origin":"/, '"origin":"X'),
  ]
  const planted = lines.map((line, index) => faults[index]?.(line) ?? line)
  await writeFile(output, [...planted.slice(0, -1), planted.at(9)].join('\n'))
  // The wrong origin counts twice: as a row too many and as one that is missing. One row is there twice.
  assert.is(await differences(duckdb, output), 6)
})

for (const { name, options } of RUNS) {
  test(`all rows equal DuckDB's: ${name}`, async ({ folder, duckdb }) => {
    const output = join(folder, `${name.replaceAll(/\W+/g, '-')}.jsonl`)
    const job = runJob(JOB, { ...options, args: { output } })
    const worst: unknown[][] = []
    for await (const row of job.collect<{ origin: string; windowStart: string }>(
      'worst airport-hours',
    )) {
      worst.push([row.origin, row.windowStart])
    }
    const { totals } = await job.result()
    assert.is(totals.recordsRead, 3_000_000)
    assert.is(totals.recordsWritten, ALL_AIRPORT_HOURS)
    assert.is(await differences(duckdb, output), 0)
    assert.equal(worst, await worstHours(duckdb))
  })
}

test.run()
