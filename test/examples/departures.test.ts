/**
 * The departures job gives DuckDB's answer, window by window, and what it leaves out as late is exactly what DuckDB then misses.
 */
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../api/index.ts'
import { plantFaults, totalsOf } from './example-runs.ts'
import { cutFlights, jsonLines, removeCut, RUNS, single } from './flights-cut.ts'
import type { FlightsCut } from './flights-cut.ts'

export const deadlineMs = 120_000

const JOB = new URL('../../examples/departures.js', import.meta.url)
const ROWS = {
  airport: 'VARCHAR',
  windowStart: 'TIMESTAMP',
  windowEnd: 'TIMESTAMP',
  departures: 'BIGINT',
  meanDelay: 'DOUBLE',
}
const LATE = { airport: 'VARCHAR', to: 'VARCHAR', departure: 'TIMESTAMP', delay: 'BIGINT' }

const test = suite<FlightsCut>('departures')

test.before(async (context) => {
  Object.assign(context, await cutFlights('departures', '2001-01-02'))
  await context.duckdb.run(`
    CREATE TABLE sliding AS
    SELECT origin AS airport,
           make_timestamp((departure // 10 - back) * 10 * 60_000_000) AS windowStart,
           make_timestamp((departure // 10 - back + 36) * 10 * 60_000_000) AS windowEnd,
           count(*) AS departures,
           avg(delay) AS meanDelay
    FROM flights, range(36) AS slides(back)
    GROUP BY ALL`)
})

test.after(removeCut)

/** Rows of `expected`, a table or query, that the file does not have, and the other way round. */
function differences(duckdb: DuckDBConnection, file: string, expected: string): Promise<number> {
  return single(
    duckdb,
    `SELECT count(*)
     FROM (FROM ${expected}) AS e
     FULL JOIN ${jsonLines(file, ROWS)} AS o ON e.airport = o.airport AND e.windowStart = o.windowStart
     WHERE e.airport IS NULL OR o.airport IS NULL
       OR e.windowEnd IS DISTINCT FROM o.windowEnd
       OR e.departures IS DISTINCT FROM o.departures
       OR coalesce(abs(e.meanDelay - o.meanDelay) > 1e-9, true)`,
  )
}

interface Totals {
  readonly results: number
  readonly late: number
}

test('the comparison with DuckDB finds a row that lacks a field, differs or is missing', async ({
  folder,
  input,
  duckdb,
}) => {
  const output = join(folder, 'planted.jsonl')
  await runJob(JOB, { host: 'inline', parallelism: 1, args: { input, output } }).result()
  await plantFaults(output, [
    (line) => line.replace(/,"meanDelay":[^,}]+/, ''),
    (line) => line.replace(/"departures":/, '"departures":1'),
    (line) => line.replace(/"airport":"/, '"airport":"X'),
  ])
  // The wrong airport counts twice: as a row too many and as one that is missing.
  assert.is(await differences(duckdb, output, 'sliding'), 5)
})

for (const { name, parallelism, options } of RUNS) {
  test(`waiting long enough, all windows equal DuckDB's and nothing is late: ${name}`, async ({
    folder,
    input,
    duckdb,
  }) => {
    const output = join(folder, `all-${name.replaceAll(/\W+/g, '-')}.jsonl`)
    const totals = await totalsOf<Totals>(JOB, {
      ...options(),
      parallelism,
      args: { input, output },
    })
    assert.is(totals.late, 0)
    assert.is(totals.results, await single(duckdb, 'SELECT count(*) FROM sliding'))
    assert.is(await differences(duckdb, output, 'sliding'), 0)
  })

  test(`waiting too little, DuckDB's answer without the late departures comes out: ${name}`, async ({
    folder,
    input,
    duckdb,
  }) => {
    const path = join(folder, `few-${name.replaceAll(/\W+/g, '-')}`)
    const [output, late] = [`${path}.jsonl`, `${path}-late.jsonl`]
    // Each departure is in one window only, so that it is either counted or late.
    const args = { input, output, late, size: 60, slide: 60, disorder: 60, lateness: 20 }
    const totals = await totalsOf<Totals>(JOB, { ...options(), parallelism, args })
    // On several threads it depends on their speed how far watermarks are behind: perhaps nothing is late then.
    if (parallelism === 1) assert.ok(totals.late > 0, 'some are late')
    await duckdb.run(`
      CREATE OR REPLACE TABLE onTime AS
      SELECT origin AS airport, destination AS "to", make_timestamp(departure * 60_000_000) AS departure, delay
      FROM flights
      EXCEPT ALL FROM ${jsonLines(late, LATE)}`)
    const [all, counted] = [
      await single(duckdb, 'SELECT count(*) FROM flights'),
      await single(duckdb, 'SELECT count(*) FROM onTime'),
    ]
    assert.is(counted + totals.late, all)
    const expected = `(
      SELECT airport, date_trunc('hour', departure) AS windowStart,
             date_trunc('hour', departure) + INTERVAL 1 HOUR AS windowEnd,
             count(*) AS departures, avg(delay) AS meanDelay
      FROM onTime GROUP BY ALL)`
    assert.is(await differences(duckdb, output, expected), 0)
  })
}

test.run()
