/**
 * Generated events as a file, DuckDB's answers over it, and the comparison of rows with them.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { EventGenerator } from '../../../benchmarks/nexmark/generator/events.ts'
import type { NexmarkEvent } from '../../../benchmarks/nexmark/model.ts'
import { QUERIES } from '../../../benchmarks/nexmark/queries/queries.ts'
import { ANSWERS, VIEWS } from './answers.ts'

/** Events and the answers to all queries over them. */
export interface Oracle {
  readonly folder: string
  /** The events as JSON Lines. */
  readonly input: string
  readonly duckdb: DuckDBConnection
}

/** Generates events and loads them into DuckDB. */
export function createOracle(events: number, groupSize: number): Promise<Oracle> {
  const generator = new EventGenerator({ groupSize })
  return oracleOf(Array.from({ length: events }, (_, n) => generator.at(n)))
}

/** Loads events into DuckDB. */
export async function oracleOf(events: readonly NexmarkEvent[]): Promise<Oracle> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-nexmark-'))
  const input = join(folder, 'events.jsonl')
  const lines = events.map((event) => JSON.stringify(event))
  await writeFile(input, `${lines.join('\n')}\n`)
  const duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  const json = `read_json('${input}', format = 'newline_delimited', sample_size = -1)`
  await duckdb.run(
    `CREATE TABLE events AS SELECT row_number() OVER () AS n, * FROM ${json}; ${VIEWS}`,
  )
  return { folder, input, duckdb }
}

/** Removes what `createOracle` made. */
export async function removeOracle({ folder, duckdb }: Oracle): Promise<void> {
  duckdb.closeSync()
  await rm(folder, { recursive: true })
}

/** DuckDB's rows, each as a JSON array of texts, sorted. Throws where the columns are not those of the query. */
export async function expectedRows(oracle: Oracle, query: string): Promise<readonly string[]> {
  const result = await oracle.duckdb.runAndReadAll(ANSWERS[query] as string)
  const columns = result.columnNames().join()
  if (columns !== QUERIES[query]?.columns.join())
    throw new Error(`${query}: DuckDB's columns are ${columns}`)
  return asTexts(result.getRowsJson())
}

/** The rows of a JSON Lines file in the same form. */
export async function rowsOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8')
  return asTexts(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown[]),
  )
}

/** Integers of 64 bits come as texts from DuckDB. */
function asTexts(rows: readonly (readonly unknown[])[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row.map(String))).toSorted()
}

/** Rows that only one side has, a few of them. */
export function differences(found: readonly string[], expected: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const row of expected) counts.set(row, (counts.get(row) ?? 0) + 1)
  for (const row of found) counts.set(row, (counts.get(row) ?? 0) - 1)
  const wrong = [...counts].filter(([, count]) => count !== 0)
  return wrong.slice(0, 6).map(([row, count]) => `${count > 0 ? 'missing' : 'too much'}: ${row}`)
}
