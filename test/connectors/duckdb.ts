/**
 * DuckDB as the oracle of the connector tests.
 */
import { DuckDBInstance } from '@duckdb/node-api'

/** Runs statements in a new in-memory database and returns the rows of the last one, as plain JSON values. */
export async function duckdb(...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) {
      const reader = await connection.runAndReadAll(statement)
      rows = reader.getRowObjectsJson()
    }
    return rows
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
