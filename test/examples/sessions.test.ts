/**
 * The sessions job gives DuckDB's answer, burst by burst, and every departure is either in a burst or late.
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

const JOB = new URL('../../examples/sessions.js', import.meta.url)
const ROWS = {
  airport: 'VARCHAR',
  firstDeparture: 'TIMESTAMP',
  lastDeparture: 'TIMESTAMP',
  departures: 'BIGINT',
  meanDelay: 'DOUBLE',
}
const LATE = { airport: 'VARCHAR', to: 'VARCHAR', departure: 'TIMESTAMP', delay: 'BIGINT' }

const test = suite<FlightsCut>('sessions')

test.before(async (context) => {
  Object.assign(context, await cutFlights('sessions', '2001-01-02'))
  // A burst begins where more than 15 minutes have passed since the departure before; exactly 15 still join.
  await context.duckdb.run(`
    CREATE TABLE bursts AS
    WITH gaps AS (
      SELECT origin, departure, delay,
             departure - lag(departure) OVER (PARTITION BY origin ORDER BY departure) AS gap
      FROM flights
    ), numbered AS (
      SELECT *, count(*) FILTER (gap > 15) OVER (
        PARTITION BY origin ORDER BY departure RANGE UNBOUNDED PRECEDING
      ) AS burst
      FROM gaps
    )
    SELECT origin AS airport,
           make_timestamp(min(departure) * 60_000_000) AS firstDeparture,
           make_timestamp(max(departure) * 60_000_000) AS lastDeparture,
           count(*) AS departures,
           avg(delay) AS meanDelay
    FROM numbered
    GROUP BY origin, burst`)
})

test.after(removeCut)

/** Bursts of DuckDB that the file does not have, and the other way round. */
function differences(duckdb: DuckDBConnection, file: string): Promise<number> {
  return single(
    duckdb,
    `SELECT count(*)
     FROM bursts AS e
     FULL JOIN ${jsonLines(file, ROWS)} AS o
     ON e.airport = o.airport AND e.firstDeparture = o.firstDeparture
     WHERE e.airport IS NULL OR o.airport IS NULL
       OR e.lastDeparture IS DISTINCT FROM o.lastDeparture
       OR e.departures IS DISTINCT FROM o.departures
       OR coalesce(abs(e.meanDelay - o.meanDelay) > 1e-9, true)`,
  )
}

interface Totals {
  readonly bursts: number
  readonly departures: number
  readonly late: number
}

test('the comparison with DuckDB finds a burst that lacks a field, differs or is missing', async ({
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
  // The wrong airport counts twice: as a burst too many and as one that is missing.
  assert.is(await differences(duckdb, output), 5)
})

test('a departure exactly one gap after another belongs to its burst, and the data has such', async ({
  duckdb,
}) => {
  const joined = await single(
    duckdb,
    `SELECT count(*) FROM (
       SELECT departure - lag(departure) OVER (PARTITION BY origin ORDER BY departure) AS gap FROM flights
     ) WHERE gap = 15`,
  )
  assert.ok(joined > 0)
})

for (const { name, parallelism, options } of RUNS) {
  test(`waiting long enough, all bursts equal DuckDB's and nothing is late: ${name}`, async ({
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
    assert.equal(totals, {
      bursts: await single(duckdb, 'SELECT count(*) FROM bursts'),
      departures: await single(duckdb, 'SELECT count(*) FROM flights'),
      late: 0,
    })
    assert.is(await differences(duckdb, output), 0)
  })

  test(`waiting too little, each airport's departures are in bursts or late: ${name}`, async ({
    folder,
    input,
    duckdb,
  }) => {
    const path = join(folder, `few-${name.replaceAll(/\W+/g, '-')}`)
    const [output, late] = [`${path}.jsonl`, `${path}-late.jsonl`]
    const totals = await totalsOf<Totals>(JOB, {
      ...options(),
      parallelism,
      args: { input, output, late, disorder: 30 },
    })
    // On several threads it depends on their speed how far watermarks are behind: perhaps nothing is late then.
    if (parallelism === 1) assert.ok(totals.late > 0, 'some are late')
    const unequal = await single(
      duckdb,
      `WITH told AS (
         SELECT airport, departures, departures * meanDelay AS delay FROM ${jsonLines(output, ROWS)}
         UNION ALL SELECT airport, 1, delay FROM ${jsonLines(late, LATE)}
       ), totals AS (
         SELECT airport, sum(departures) AS departures, sum(delay) AS delay FROM told GROUP BY airport
       ), expected AS (
         SELECT origin AS airport, count(*) AS departures, sum(delay) AS delay FROM flights GROUP BY origin
       )
       SELECT count(*) FROM totals FULL JOIN expected USING (airport)
       WHERE totals.departures IS DISTINCT FROM expected.departures
         OR coalesce(abs(totals.delay - expected.delay) > 1e-6, true)`,
    )
    assert.is(unequal, 0)
    const invented = await single(
      duckdb,
      `SELECT count(*) FROM (
         SELECT * FROM ${jsonLines(late, LATE)}
         EXCEPT ALL
         SELECT origin, destination, make_timestamp(departure * 60_000_000), delay FROM flights
       )`,
    )
    assert.is(invented, 0)
  })
}

test.run()
