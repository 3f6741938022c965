/**
 * The turnarounds job gives DuckDB's answer, pair by pair; where it waits too little, the pairs of all that was not late.
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

const JOB = new URL('../../examples/turnarounds.js', import.meta.url)
/** Two large airports, written as somebody may who types them: all together would make a million pairs in a day. */
const AIRPORTS = 'ATL, lax'
const ROWS = {
  airport: 'VARCHAR',
  from: 'VARCHAR',
  arrival: 'TIMESTAMP',
  departure: 'TIMESTAMP',
  to: 'VARCHAR',
  minutes: 'BIGINT',
}
const LATE_ARRIVAL = { airport: 'VARCHAR', from: 'VARCHAR', arrival: 'TIMESTAMP' }
const LATE_DEPARTURE = {
  airport: 'VARCHAR',
  to: 'VARCHAR',
  departure: 'TIMESTAMP',
  delay: 'BIGINT',
}

const test = suite<FlightsCut>('turnarounds')

test.before(async (context) => {
  Object.assign(context, await cutFlights('turnarounds', '2001-01-02'))
  await context.duckdb.run(`
    CREATE TABLE arrivals AS
    SELECT destination AS airport, origin AS "from",
           make_timestamp((departure + 30 + distance // 8) * 60_000_000) AS arrival
    FROM flights WHERE destination IN ('ATL', 'LAX')`)
  await context.duckdb.run(`
    CREATE TABLE departures AS
    SELECT origin AS airport, destination AS "to",
           make_timestamp(departure * 60_000_000) AS departure, delay
    FROM flights WHERE origin IN ('ATL', 'LAX')`)
  await context.duckdb.run(`CREATE TABLE pairs AS ${joined('arrivals', 'departures')}`)
})

test.after(removeCut)

function joined(arrivals: string, departures: string): string {
  return `
    SELECT a.airport, a."from", a.arrival, d.departure, d."to",
           date_diff('minute', a.arrival, d.departure) AS minutes
    FROM ${arrivals} AS a JOIN ${departures} AS d ON a.airport = d.airport
    AND d.departure BETWEEN a.arrival + INTERVAL 30 MINUTE AND a.arrival + INTERVAL 90 MINUTE`
}

/** Pairs of a table that the file does not have, and the other way round; each as often as it is missing. */
function differences(duckdb: DuckDBConnection, file: string, table: string): Promise<number> {
  const output = `(SELECT * FROM ${jsonLines(file, ROWS)})`
  return single(
    duckdb,
    `SELECT count(*) FROM (
       (FROM ${table} EXCEPT ALL ${output}) UNION ALL (${output} EXCEPT ALL FROM ${table})
     )`,
  )
}

interface Totals {
  readonly turnarounds: number
  readonly lateArrivals: number
  readonly lateDepartures: number
}

test('the comparison with DuckDB finds a pair that lacks a field, differs, is missing or comes twice', async ({
  folder,
  input,
  duckdb,
}) => {
  const output = join(folder, 'planted.jsonl')
  await runJob(JOB, {
    host: 'inline',
    parallelism: 1,
    args: { input, output, airports: AIRPORTS },
  }).result()
  await plantFaults(output, [
    (line) => line.replace(/,"minutes":[^,}]+/, ''),
    (line) => line.replace(/"from":"/, '"from":"X'),
    (line) => `${line}\n${line}`,
  ])
  // A pair that differs counts twice: as one too many and as one that is missing.
  assert.is(await differences(duckdb, output, 'pairs'), 6)
})

test('pairs of exactly 30 and exactly 90 minutes are in the data', async ({ duckdb }) => {
  for (const minutes of [30, 90]) {
    const query = `SELECT count(*) FROM pairs WHERE minutes = ${minutes}`
    assert.ok((await single(duckdb, query)) > 0)
  }
})

for (const { name, parallelism, options } of RUNS) {
  test(`waiting long enough, all pairs equal DuckDB's and nothing is late: ${name}`, async ({
    folder,
    input,
    duckdb,
  }) => {
    const output = join(folder, `all-${name.replaceAll(/\W+/g, '-')}.jsonl`)
    const totals = await totalsOf<Totals>(JOB, {
      ...options(),
      parallelism,
      args: { input, output, airports: AIRPORTS },
    })
    assert.equal(totals, {
      turnarounds: await single(duckdb, 'SELECT count(*) FROM pairs'),
      lateArrivals: 0,
      lateDepartures: 0,
    })
    assert.is(await differences(duckdb, output, 'pairs'), 0)
  })

  test(`waiting too little, the pairs are those of all records that were not late: ${name}`, async ({
    folder,
    input,
    duckdb,
  }) => {
    const path = join(folder, `few-${name.replaceAll(/\W+/g, '-')}`)
    const [output, lateArrivals, lateDepartures] = [
      `${path}.jsonl`,
      `${path}-arrivals.jsonl`,
      `${path}-departures.jsonl`,
    ]
    const args = { input, output, airports: AIRPORTS, lateArrivals, lateDepartures, disorder: 15 }
    const totals = await totalsOf<Totals>(JOB, { ...options(), parallelism, args })
    // On several threads it depends on their speed how far watermarks are behind: perhaps nothing is late then.
    if (parallelism === 1) assert.ok(totals.lateDepartures > 0, 'some departures are late')
    await duckdb.run(`
      CREATE OR REPLACE TABLE pairsInTime AS ${joined(
        `(FROM arrivals EXCEPT ALL FROM ${jsonLines(lateArrivals, LATE_ARRIVAL)})`,
        `(FROM departures EXCEPT ALL FROM ${jsonLines(lateDepartures, LATE_DEPARTURE)})`,
      )}`)
    assert.is(await differences(duckdb, output, 'pairsInTime'), 0)
  })
}

test.run()
