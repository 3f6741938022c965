/**
 * From a Parquet file to records, on one thread: the readers that are installed, over the first row groups of the three
 * million flights (five columns, dictionaries, zstd). Every competitor makes the same objects,
 * `{ date: epoch ms, delay, distance, origin, destination }`, and is checked by the sum of a column.
 *
 * Not installed, measured once elsewhere over the same file (2 cores, Node 20, a noisy machine): parquet-wasm 0.8.0 with
 * apache-arrow 21.2.0 made 0.6 million such objects/s, most of the time in decoding strings one by one.
 */
import { open } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { DuckDBInstance } from '@duckdb/node-api'
import { parquetMetadataAsync, parquetReadObjects, parquetScan } from 'hyparquet'
import type { AsyncBuffer } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

import { parquetSource } from '../connectors/parquet/index.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { figure } from './figure.ts'
import { alternate, perSecond, ratios } from './measure.ts'

const NAME = 'parquet-readers'
const ROW_GROUPS = 3
const COLUMNS = ['date', 'delay', 'distance', 'origin', 'destination']

interface Flight {
  readonly date: number
  readonly delay: number
  readonly distance: number
  readonly origin: string
  readonly destination: string
}

/** Reads the row groups and returns the sum of the delays, so that nobody can leave the work undone. */
type Reader = () => Promise<number>

/** Measures, see the head of this file. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const path = flightsPath()
  const handle = await open(path, 'r')
  try {
    const file = asyncBuffer(handle, (await handle.stat()).size)
    const metadata = await parquetMetadataAsync(file)
    const rows = metadata.row_groups
      .slice(0, ROW_GROUPS)
      .reduce((sum, group) => sum + Number(group.num_rows), 0)
    const readers = {
      ours: () => readOurs(path),
      columns: () => readColumns(file, rows),
      objects: () => readObjects(file, rows),
      duckdb: () => readDuckdb(path, rows),
    }
    const first = await perSecond(rows, readers.ours)
    await checkEqual(readers)
    log(`${rows} rows, five times each`)
    const runs = await alternate({
      ours: () => perSecond(rows, readers.ours),
      columns: () => perSecond(rows, readers.columns),
      objects: () => perSecond(rows, readers.objects),
      duckdb: () => perSecond(rows, readers.duckdb),
    })
    return [
      figure(NAME, 'parquetSource, records/s', runs.ours, { reach: 1.5e6, aim: 3e6 }),
      figure(NAME, 'parquetSource, first run in the process, records/s', [first]),
      figure(NAME, 'hyparquet, columns and a literal, records/s', runs.columns),
      figure(NAME, 'hyparquet, rowFormat object, records/s', runs.objects),
      figure(NAME, 'DuckDB on one thread, chunks and a literal, records/s', runs.duckdb),
      figure(NAME, 'parquetSource / hyparquet columns', ratios(runs.ours, runs.columns)),
      figure(NAME, 'parquetSource / hyparquet objects', ratios(runs.ours, runs.objects)),
      figure(NAME, 'parquetSource / DuckDB', ratios(runs.ours, runs.duckdb)),
    ]
  } finally {
    await handle.close()
  }
}

function flightsPath(): string {
  // the package exports its module only; the data stands beside it
  const main = createRequire(import.meta.url).resolve('vega-datasets')
  return join(dirname(main), '..', 'data', 'flights-3m.parquet')
}

async function checkEqual(readers: Readonly<Record<string, Reader>>): Promise<void> {
  const sums = new Map<string, number>()
  for (const [name, reader] of Object.entries(readers)) sums.set(name, await reader())
  if (new Set(sums.values()).size > 1) {
    throw new Error(`${NAME}: the readers disagree: ${JSON.stringify([...sums])}`)
  }
}

function sumDelays(flights: readonly Flight[]): number {
  let sum = 0
  for (const flight of flights) sum += flight.delay
  return sum
}

async function readOurs(path: string): Promise<number> {
  const source = parquetSource({
    path,
    columns: {
      date: 'timestamp',
      delay: 'number',
      distance: 'number',
      origin: 'string',
      destination: 'string',
    },
  })
  const context = {
    subtaskIndex: 0,
    parallelism: 1,
    batchSize: 1024,
    signal: new AbortController().signal,
  }
  const enumerator = await source.enumerate({ parallelism: 1 })
  let sum = 0
  for (let group = 0; group < ROW_GROUPS; group++) {
    const split = await enumerator.next(0)
    if (split === undefined) break
    const reader = await source.open(split, context)
    for (let batch = await reader.read(); batch !== undefined; batch = await reader.read()) {
      sum += sumDelays(batch)
    }
  }
  return sum
}

type FileHandle = Awaited<ReturnType<typeof open>>

function asyncBuffer(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(end - start)
      await handle.read(bytes, 0, bytes.length, start)
      return bytes.buffer
    },
  }
}

const parsers = { timestampFromMicroseconds: (micros: bigint) => Number(micros) / 1000 }

async function readColumns(file: AsyncBuffer, rows: number): Promise<number> {
  const scan = await parquetScan({ file, compressors, parsers, columns: COLUMNS })
  let sum = 0
  for (const { rowStart, rowEnd } of scan.ranges) {
    if (rowStart >= rows) break
    const column = (name: string) => scan.readColumn({ column: name, rowStart, rowEnd })
    const date = await column('date')
    const delay = await column('delay')
    const distance = await column('distance')
    const origin = await column('origin')
    const destination = await column('destination')
    for (let start = 0; start < date.length; start += 1024) {
      const flights: Flight[] = []
      for (let row = start; row < Math.min(start + 1024, date.length); row++) {
        flights.push({
          date: date[row] as number,
          delay: Number(delay[row]),
          distance: Number(distance[row]),
          origin: origin[row] as string,
          destination: destination[row] as string,
        })
      }
      sum += sumDelays(flights)
    }
  }
  return sum
}

async function readObjects(file: AsyncBuffer, rows: number): Promise<number> {
  const options = { file, compressors, parsers, columns: COLUMNS, rowEnd: rows }
  let sum = 0
  for (const flight of await parquetReadObjects(options)) sum += Number(flight['delay'])
  return sum
}

async function readDuckdb(path: string, rows: number): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const result = await connection.stream(
      `select epoch_ms(date)::double, delay::double, distance::double, origin, destination
       from read_parquet('${path}') limit ${rows}`,
    )
    let sum = 0
    for (;;) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) return sum
      const [date, delay, distance, origin, destination] = chunk.getColumns()
      const flights: Flight[] = []
      for (let row = 0; row < chunk.rowCount; row++) {
        flights.push({
          date: date?.[row] as number,
          delay: delay?.[row] as number,
          distance: distance?.[row] as number,
          origin: origin?.[row] as string,
          destination: destination?.[row] as string,
        })
      }
      sum += sumDelays(flights)
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
