/**
 * The flights job gives DuckDB's answer, row by row, on every host and at every parallelism.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../api/index.ts'
import type { RunOptions } from '../../api/index.ts'
import { Simulator } from '../../runtime/simulator.ts'

export const deadlineMs = 300_000

const JOB = new URL('../../examples/flights.js', import.meta.url)
const INPUT = fileURLToPath(
  new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')),
)

interface Context {
  folder: string
  duckdb: DuckDBConnection
}

const test = suite<Context>('flights')

test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'millrace-flights-'))
  context.duckdb = await (await DuckDBInstance.create()).connect()
  await context.duckdb.run(`
    CREATE TABLE expected AS
    SELECT origin,
           date_trunc('hour', date) AS windowStart,
           date_trunc('hour', date) + INTERVAL 1 HOUR AS windowEnd,
           count(*) AS flights,
           avg(delay) AS meanDelay,
           max(delay) AS maxDelay,
           avg(CASE WHEN delay > 15 THEN 1.0 ELSE 0.0 END) AS delayedShare
    FROM read_parquet('${INPUT}')
    GROUP BY ALL`)
})

test.after(async (context) => {
  context.duckdb.closeSync()
  await rm(context.folder, { recursive: true })
})

/** Rows of either side that the other does not have. */
async function differences(duckdb: DuckDBConnection, file: string): Promise<number> {
  const columns = `origin: 'VARCHAR', windowStart: 'TIMESTAMP', windowEnd: 'TIMESTAMP', flights: 'BIGINT',
    meanDelay: 'DOUBLE', maxDelay: 'BIGINT', delayedShare: 'DOUBLE'`
  const result = await duckdb.runAndReadAll(`
    SELECT count(*)::INTEGER AS rows
    FROM expected AS e
    FULL JOIN read_json('${file}', format = 'newline_delimited', columns = {${columns}}) AS o
    ON e.origin = o.origin AND e.windowStart = o.windowStart
    WHERE e.origin IS NULL OR o.origin IS NULL
      OR e.windowEnd IS DISTINCT FROM o.windowEnd
      OR e.flights IS DISTINCT FROM o.flights OR e.maxDelay IS DISTINCT FROM o.maxDelay
      OR coalesce(abs(e.meanDelay - o.meanDelay) > 1e-9, true)
      OR coalesce(abs(e.delayedShare - o.delayedShare) > 1e-9, true)`)
  return result.getRows()[0]?.[0] as number
}

async function worstHours(duckdb: DuckDBConnection): Promise<unknown[][]> {
  const result = await duckdb.runAndReadAll(`
    SELECT origin, strftime(windowStart, '%Y-%m-%dT%H:%M:%S.000Z') FROM expected
    WHERE flights >= 10 ORDER BY meanDelay DESC, origin, windowStart LIMIT 10`)
  return result.getRows()
}

const RUNS: readonly { name: string; options: RunOptions }[] = [1, 2, 3].flatMap((parallelism) => [
  { name: `on threads, parallelism ${parallelism}`, options: { host: 'threads', parallelism } },
  { name: `inline, parallelism ${parallelism}`, options: { host: 'inline', parallelism } },
  {
    name: `in the simulator, parallelism ${parallelism}`,
    options: { host: new Simulator({ seed: parallelism, slots: parallelism }), parallelism },
  },
])

test('the comparison with DuckDB finds a row that lacks a field, differs or is missing', async ({
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
  await writeFile(output, planted.slice(0, -1).join('\n'))
  // The wrong origin counts twice: as a row too many and as one that is missing.
  assert.is(await differences(duckdb, output), 5)
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
    assert.is(totals.recordsWritten, 424_259)
    assert.is(await differences(duckdb, output), 0)
    assert.equal(worst, await worstHours(duckdb))
  })
}

test.run()
