/**
 * A slice of the flights, small enough for thousands of runs: a Parquet file of ten row groups, and DuckDB's answer for it.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { duckdb } from '../connectors/duckdb.ts'

const FLIGHTS = fileURLToPath(
  new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')),
)
const ROWS = 1_500
const ROWS_PER_GROUP = 150

/** A slice on disk. */
export interface FlightsSlice {
  readonly path: string
  /** DuckDB's rows as `rowKey` writes them, sorted. */
  readonly expected: readonly string[]
  /** DuckDB's ten worst airport-hours with at least ten flights, worst first. */
  readonly ranked: readonly string[]
}

/** One row of the job's output as text in which equal rows are equal; means are rounded to nine digits. */
export function rowKey(row: Readonly<Record<string, unknown>>): string {
  const { origin, windowStart, windowEnd, flights, meanDelay, maxDelay, delayedShare } = row
  const means = [meanDelay, delayedShare].map((mean) => Number(mean).toFixed(9))
  return [origin, windowStart, windowEnd, Number(flights), Number(maxDelay), ...means].join(' ')
}

/** Writes the slice into a folder. */
export async function writeFlightsSlice(folder: string): Promise<FlightsSlice> {
  const rows = await duckdb(`
    SELECT epoch_ms(date)::DOUBLE AS date, delay, origin FROM read_parquet('${FLIGHTS}')
    WHERE origin IN ('ATL', 'BOS', 'DFW', 'LAX', 'ORD') ORDER BY date, origin, delay LIMIT ${ROWS}`)
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'date', data: rows.map(({ date }) => new Date(Number(date))), type: 'TIMESTAMP' },
      { name: 'delay', data: rows.map(({ delay }) => Number(delay)), type: 'INT32' },
      { name: 'origin', data: rows.map(({ origin }) => String(origin)), type: 'STRING' },
    ],
    rowGroupSize: ROWS_PER_GROUP,
  })
  const path = join(folder, 'slice.parquet')
  await writeFile(path, Buffer.from(buffer))
  const rowsOfAnswer = await answer(path, '')
  const ranked = 'HAVING count(*) >= 10 ORDER BY meanDelay DESC, origin, windowStart LIMIT 10'
  return { path, expected: rowsOfAnswer.sort(), ranked: await answer(path, ranked) }
}

async function answer(path: string, ending: string): Promise<string[]> {
  const iso = (time: string): string => `strftime(${time}, '%Y-%m-%dT%H:%M:%S.000Z')`
  const rows = await duckdb(`
    SELECT origin, ${iso("date_trunc('hour', date)")} AS windowStart,
           ${iso("date_trunc('hour', date) + INTERVAL 1 HOUR")} AS windowEnd,
           count(*)::INTEGER AS flights, avg(delay) AS meanDelay, max(delay)::INTEGER AS maxDelay,
           avg(CASE WHEN delay > 15 THEN 1.0 ELSE 0.0 END) AS delayedShare
    FROM read_parquet('${path}') GROUP BY ALL ${ending}`)
  return rows.map(rowKey)
}
