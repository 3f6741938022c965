import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parquetSource } from '../../../connectors/parquet/index.ts'
import { drain, readerContext, splitsOf } from '../drive.ts'
import { duckdb } from '../duckdb.ts'

// the package exports its module only; the data stands beside it
const main = createRequire(import.meta.url).resolve('vega-datasets')
const path = join(dirname(main), '..', 'data', 'flights-3m.parquet')
const columns = {
  date: 'timestamp',
  delay: 'number',
  distance: 'number',
  origin: 'string',
  destination: 'string',
} as const

test('three million flights have the sums, extremes and counts that DuckDB finds', async () => {
  const [expected] = await duckdb(
    `select count(*)::double as count, sum(delay)::double as delay, min(delay)::double as "minDelay",
      max(delay)::double as "maxDelay", sum(distance)::double as distance, min(epoch_ms(date))::double as "minDate",
      max(epoch_ms(date))::double as "maxDate", sum(epoch_ms(date) % 1000003)::double as dates,
      sum(ascii(origin) * 3 + ascii(destination[3]))::double as letters, count(distinct origin)::double as origins
     from read_parquet('${path}')`,
  )
  const source = parquetSource({ path, columns })
  const splits = await splitsOf(source)
  assert.is(splits.length, 11)
  const found = {
    count: 0,
    delay: 0,
    minDelay: 0,
    maxDelay: 0,
    distance: 0,
    minDate: Infinity,
    maxDate: 0,
    dates: 0,
    letters: 0,
  }
  const origins = new Set<string>()
  for (const split of splits) {
    const reader = await source.open(split, readerContext())
    for (let batch = await reader.read(); batch !== undefined; batch = await reader.read()) {
      for (const flight of batch) {
        found.count++
        found.delay += flight.delay
        found.minDelay = Math.min(found.minDelay, flight.delay)
        found.maxDelay = Math.max(found.maxDelay, flight.delay)
        found.distance += flight.distance
        found.minDate = Math.min(found.minDate, flight.date)
        found.maxDate = Math.max(found.maxDate, flight.date)
        found.dates += flight.date % 1000003
        found.letters += flight.origin.charCodeAt(0) * 3 + flight.destination.charCodeAt(2)
        origins.add(flight.origin)
      }
    }
  }
  assert.equal({ ...found, origins: origins.size }, expected)
})

test('a row group equals DuckDB row by row', async () => {
  const rows = await duckdb(
    `select epoch_ms(date)::double as date, delay::double as delay, distance::double as distance, origin, destination
     from read_parquet('${path}', file_row_number = true)
     where file_row_number >= 3 * 272727 and file_row_number < 3 * 272727 + 20000 order by file_row_number`,
  )
  const source = parquetSource({ path, columns })
  const split = (await splitsOf(source))[3]!
  const records = await drain(await source.open(split, readerContext()))
  assert.is(records.length, 272727)
  assert.equal(records.slice(0, 20000), rows)
})

test.run()
