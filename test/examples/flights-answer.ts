/**
 * DuckDB's answer to what the flights job computes, and how far files are from it: shared by the tests that run this job.
 */
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'

/** The three million flights that the job reads where nothing else is said. */
export const ALL_FLIGHTS = fileURLToPath(
  new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')),
)

/** Rows of the answer, and records read, for all flights. */
export const ALL_AIRPORT_HOURS = 424_259

/** A database with the right answer for a Parquet file of flights, in its table `expected`. To be closed by `closeSync`. */
export async function flightsAnswer(input = ALL_FLIGHTS): Promise<DuckDBConnection> {
  const duckdb = await (await DuckDBInstance.create()).connect()
  await duckdb.run(`
    CREATE TABLE expected AS
    SELECT origin,
           date_trunc('hour', date) AS windowStart,
           date_trunc('hour', date) + INTERVAL 1 HOUR AS windowEnd,
           count(*) AS flights,
           avg(delay) AS meanDelay,
           max(delay) AS maxDelay,
           avg(CASE WHEN delay > 15 THEN 1.0 ELSE 0.0 END) AS delayedShare
    FROM read_parquet('${input}')
    GROUP BY ALL`)
  return duckdb
}

/** Rows of either side that the other does not have, or has otherwise, or more often. `files`: a path, or a pattern for several. */
export async function differences(duckdb: DuckDBConnection, files: string): Promise<number> {
  const columns = `origin: 'VARCHAR', windowStart: 'TIMESTAMP', windowEnd: 'TIMESTAMP', flights: 'BIGINT',
    meanDelay: 'DOUBLE', maxDelay: 'BIGINT', delayedShare: 'DOUBLE'`
  await duckdb.run(`
    CREATE OR REPLACE TEMP TABLE written AS
    SELECT * FROM read_json('${files}', format = 'newline_delimited', columns = {${columns}})`)
  const result = await duckdb.runAndReadAll(`
    SELECT (SELECT count(*) FROM written) - (SELECT count(*) FROM (SELECT DISTINCT origin, windowStart FROM written))
      + (SELECT count(*)
         FROM expected AS e
         FULL JOIN written AS o ON e.origin = o.origin AND e.windowStart = o.windowStart
         WHERE e.origin IS NULL OR o.origin IS NULL
           OR e.windowEnd IS DISTINCT FROM o.windowEnd
           OR e.flights IS DISTINCT FROM o.flights OR e.maxDelay IS DISTINCT FROM o.maxDelay
           OR coalesce(abs(e.meanDelay - o.meanDelay) > 1e-9, true)
           OR coalesce(abs(e.delayedShare - o.delayedShare) > 1e-9, true))`)
  return Number(result.getRows()[0]?.[0])
}

/** Origin and hour of the ten worst airport-hours, worst first. */
export async function worstHours(duckdb: DuckDBConnection): Promise<unknown[][]> {
  const result = await duckdb.runAndReadAll(`
    SELECT origin, strftime(windowStart, '%Y-%m-%dT%H:%M:%S.000Z') FROM expected
    WHERE flights >= 10 ORDER BY meanDelay DESC, origin, windowStart LIMIT 10`)
  return result.getRows()
}
