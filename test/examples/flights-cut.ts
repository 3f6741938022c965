/**
 * The first days of the flights as a Parquet file of their own, and DuckDB to say what is right: shared by the tests of the examples.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { RunOptions } from '../../api/index.ts'
import { Simulator } from '../../runtime/simulator.ts'

const ALL_FLIGHTS = fileURLToPath(
  new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')),
)

/** What the tests of one example need; `close` removes it. */
export interface FlightsCut {
  readonly folder: string
  /** The Parquet file, in the order of the timetable, in several row groups so that subtasks can share it. */
  readonly input: string
  /** Has a table `flights` with the file's columns and `departure`, in minutes since 1970. */
  readonly duckdb: DuckDBConnection
}

/** Cuts out the flights that were scheduled before `until`. */
export async function cutFlights(name: string, until: string): Promise<FlightsCut> {
  const folder = await mkdtemp(join(tmpdir(), `millrace-${name}-`))
  const input = join(folder, 'flights.parquet')
  const duckdb = await (await DuckDBInstance.create()).connect()
  await duckdb.run(`
    COPY (SELECT * FROM read_parquet('${ALL_FLIGHTS}') WHERE date < TIMESTAMP '${until}')
    TO '${input}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
  await duckdb.run(`
    CREATE TABLE flights AS
    SELECT *, (epoch(date) / 60)::BIGINT + delay AS departure FROM read_parquet('${input}')`)
  return { folder, input, duckdb }
}

/** Removes what `cutFlights` made. */
export async function removeCut({ folder, duckdb }: FlightsCut): Promise<void> {
  duckdb.closeSync()
  await rm(folder, { recursive: true })
}

/** The first value of the first row of a query's result. */
export async function single(duckdb: DuckDBConnection, query: string): Promise<number> {
  const result = await duckdb.runAndReadAll(query)
  return Number(result.getRows()[0]?.[0])
}

/** DuckDB's expression for a JSON Lines file with these columns. */
export function jsonLines(file: string, columns: Readonly<Record<string, string>>): string {
  const types = Object.entries(columns).map(([name, type]) => `"${name}": '${type}'`)
  return `read_json('${file}', format = 'newline_delimited', columns = {${types.join(', ')}})`
}

/** Where and how wide each example runs. Options are made for each run: a simulator can be used once. */
export const RUNS: readonly {
  readonly name: string
  readonly parallelism: number
  readonly options: () => Pick<RunOptions, 'host'>
}[] = [
  { name: 'inline, parallelism 1', parallelism: 1, options: () => ({ host: 'inline' }) },
  { name: 'on threads, parallelism 2', parallelism: 2, options: () => ({ host: 'threads' }) },
  { name: 'on threads, parallelism 3', parallelism: 3, options: () => ({ host: 'threads' }) },
  {
    name: 'in the simulator, parallelism 3',
    parallelism: 3,
    options: () => ({ host: new Simulator({ seed: 5, slots: 3 }) }),
  },
]
