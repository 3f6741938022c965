import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parquetSource } from '../../../connectors/parquet/index.ts'
import {
  drain,
  failureOf,
  readerContext,
  readResuming,
  readSource,
  splitsOf,
  withFolder,
} from '../drive.ts'
import { duckdb } from '../duckdb.ts'

const MANY = `
  select i as id,
    case when i % 7 = 0 then null else 'key' || (i % 50) end as few,
    'text ä€😀 ' || i as text,
    (case when i % 3 = 0 then null else i * 1.5 end)::double as real,
    (i - 2000)::integer as small,
    i % 2 = 0 as even,
    (timestamp '1969-12-31 23:59:59.5' + interval (i) minute) as "at",
    (date '1969-12-30' + i::integer) as "day"
  from range(5000) t(i)`

const MANY_COLUMNS = {
  id: 'number',
  few: 'string?',
  text: 'string',
  real: 'number?',
  small: 'number',
  even: 'boolean',
  at: 'timestamp',
  day: 'timestamp',
} as const

/** What DuckDB makes of the query, in the types of our records. */
async function expectedMany(): Promise<unknown[]> {
  const rows = await duckdb(
    `select id::double as id, few, text, real, small::double as small, even,
      epoch_ms("at")::double as "at", epoch_ms("day"::timestamp)::double as "day" from (${MANY}) order by id`,
  )
  assert.is(rows.length, 5000)
  return rows
}

for (const [name, options] of [
  ['snappy', `compression snappy, row_group_size 2048`],
  ['zstd, data pages of version 2', `compression zstd, parquet_version v2, row_group_size 2048`],
  ['gzip, no dictionaries', `compression gzip, dictionary_size_limit 1`],
  ['brotli', `compression brotli`],
  ['lz4', `compression lz4_raw`],
  [
    'uncompressed, version 2, no dictionaries',
    `compression uncompressed, parquet_version v2, dictionary_size_limit 1`,
  ],
] as const) {
  test(`columns of all kinds, with and without nulls, equal DuckDB's: ${name}`, async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'many.parquet')
      await duckdb(`copy (${MANY} order by i) to '${path}' (format parquet, ${options})`)
      const expected = await expectedMany()
      assert.equal(await readSource(parquetSource({ path, columns: MANY_COLUMNS })), expected)
      const names = Object.keys(MANY_COLUMNS)
      assert.equal(
        await readSource(parquetSource({ path, columns: names }), { parallelism: 3 }),
        expected,
      )
    })
  })
}

test('a reader opened at any position of another goes on exactly there', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'resume.parquet')
    await duckdb(`copy (${MANY} order by i) to '${path}' (format parquet, row_group_size 2048)`)
    const source = parquetSource({ path, columns: ['id', 'few'] })
    const splits = await splitsOf(source)
    assert.equal(
      splits.map((split) => split.rows),
      [2048, 2048, 904],
    )
    for (const records of await readResuming(source, splits[2]!, 100)) {
      assert.equal(
        records.map(({ id }) => id),
        Array.from({ length: 904 }, (_, n) => 4096 + n),
      )
    }
    const failure = await failureOf(() => source.open(splits[2]!, readerContext(), 905))
    assert.is(failure.code, 'INVALID_ARGUMENT')
  })
})

test('several files are read one after the other, and empty ones give nothing', async () => {
  await withFolder(async (folder) => {
    const paths = [3, 0, 2].map((rows) => join(folder, `${rows}.parquet`))
    for (const path of paths) {
      await duckdb(
        `copy (select i as n from range(${path.at(-9)}) t(i)) to '${path}' (format parquet)`,
      )
    }
    const source = parquetSource({ paths, columns: { n: 'number' } })
    assert.equal(
      await readSource(source, { parallelism: 2 }),
      [0, 1, 2, 0, 1].map((n) => ({ n })),
    )
    assert.is(source.name, 'parquet(3.parquet and 2 more)')
  })
})

test('64-bit integers are numbers while that is exact, bigints otherwise, and always what was declared', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'wide.parquet')
    await duckdb(
      `copy (select unnest([1, 9007199254740991, 9007199254740993, null])::bigint as n) to '${path}' (format parquet)`,
    )
    const [a, b, c] = [1, 9007199254740991, 9007199254740993n]
    assert.equal(await readSource(parquetSource({ path })), [
      { n: a },
      { n: b },
      { n: c },
      { n: null },
    ])
    assert.equal(await readSource(parquetSource({ path, columns: { n: 'bigint?' } })), [
      { n: 1n },
      { n: 9007199254740991n },
      { n: c },
      { n: null },
    ])
    const unsafe = await failureOf(() =>
      readSource(parquetSource({ path, columns: { n: 'number?' } })),
    )
    assert.is(unsafe.code, 'UNSAFE_INTEGER')
    assert.match(unsafe.message, '9007199254740993')
    const nulls = await failureOf(() =>
      readSource(parquetSource({ path, columns: { n: 'bigint' } })),
    )
    assert.is(nulls.code, 'NULL_VALUE')
    assert.match(nulls.message, '"bigint?"')
  })
})

test('times become numbers or dates, rounded down to milliseconds, and no two records share a date', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'times.parquet')
    await duckdb(
      `copy (select unnest([timestamp '1969-12-31 23:59:59.999999', timestamp '2001-01-01 00:00:00.0019', null,
        timestamp '2001-01-01 00:00:00.0019']) as at) to '${path}' (format parquet)`,
    )
    const times = [-1, 978307200001, null, 978307200001]
    assert.equal(
      (await readSource(parquetSource({ path }))).map(({ at }) => at),
      times,
    )
    const dates = await readSource(parquetSource({ path, timestamps: 'date' }))
    assert.equal(
      dates.map(({ at }) => at),
      times.map((time) => (time === null ? null : new Date(time))),
    )
    assert.is.not(dates[1]?.['at'], dates[3]?.['at'])
    const declared = await readSource(parquetSource({ path, columns: { at: 'date?' } }))
    assert.equal(declared, dates)
  })
})

test('lists, structs, maps, bytes, decimals, uuids and JSON come out as plain values', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'nested.parquet')
    await duckdb(
      `copy (select [i, null, 3] as list, {a: i, b: 'x' || i} as struct, '\\xAA\\x01'::blob as bytes,
        (i / 4.0)::decimal(9, 2) as price, '00000000-0000-0000-0000-00000000000' || i as code,
        ('{"k": ' || i || '}')::json as doc from range(2) t(i)) to '${path}' (format parquet)`,
    )
    const columns = {
      list: 'any',
      struct: 'any',
      bytes: 'bytes',
      price: 'number',
      code: 'string',
      doc: 'any',
    } as const
    const records = await readSource(parquetSource({ path, columns }))
    assert.equal(
      JSON.parse(
        JSON.stringify(records, (_, value: unknown) =>
          typeof value === 'bigint' ? Number(value) : value,
        ),
      ),
      [0, 1].map((i) => ({
        list: [i, null, 3],
        struct: { a: i, b: `x${i}` },
        bytes: { 0: 0xaa, 1: 1 },
        price: i / 4,
        code: `00000000-0000-0000-0000-00000000000${i}`,
        doc: { k: i },
      })),
    )
    assert.is.not(records[0]?.bytes.buffer, records[1]?.bytes.buffer)
  })
})

test('a column named __proto__ is a field like any other', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'proto.parquet')
    await duckdb(`copy (select 1 as "__proto__", 2 as "a""b\\") to '${path}' (format parquet)`)
    const [record] = await readSource(parquetSource({ path }))
    assert.equal(Object.entries(record ?? {}), [
      ['__proto__', 1],
      ['a"b\\', 2],
    ])
    assert.is(Object.getPrototypeOf(record), Object.prototype)
  })
})

test('an unknown column lists those there are and guesses what was meant; a wrong type says what the file holds', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'a.parquet')
    await duckdb(`copy (select 1 as origin, 'x' as destination) to '${path}' (format parquet)`)
    const unknown = await failureOf(() => readSource(parquetSource({ path, columns: ['orgin'] })))
    assert.is(unknown.code, 'UNKNOWN_COLUMN')
    assert.match(unknown.message, 'its columns are origin, destination. Did you mean "origin"?')
    const wrong = await failureOf(() =>
      readSource(parquetSource({ path, columns: { destination: 'timestamp' } })),
    )
    assert.is(wrong.code, 'COLUMN_TYPE_MISMATCH')
    assert.match(wrong.message, 'declare it as string')
  })
})

test('what is missing, no Parquet or damaged is told before the first record where that is possible', async () => {
  await withFolder(async (folder) => {
    const good = join(folder, 'good.parquet')
    await duckdb(`copy (${MANY}) to '${good}' (format parquet, compression zstd)`)
    const codeOf = async (path: string): Promise<unknown> =>
      (await failureOf(() => parquetSource({ path }).enumerate({ parallelism: 1 }))).code
    assert.is(await codeOf(join(folder, 'missing.parquet')), 'FILE_NOT_FOUND')
    assert.is(await codeOf(folder), 'FILE_NOT_READABLE')
    const other = join(folder, 'other.parquet')
    for (const text of ['', 'PA', 'origin,destination\n', '{"a":1}']) {
      writeFileSync(other, text)
      assert.is(await codeOf(other), 'NOT_PARQUET')
    }
    copyFileSync(good, other)
    truncateSync(other, readFileSync(good).length - 100)
    assert.is(await codeOf(other), 'DAMAGED_FILE')
    writeFileSync(
      other,
      Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(40, 0xff), Buffer.from('PAR1')]),
    )
    assert.is(await codeOf(other), 'DAMAGED_FILE')
    writeFileSync(other, Buffer.concat([Buffer.from('PARE'), readFileSync(good).subarray(4)]))
    assert.is(await codeOf(other), 'UNSUPPORTED_PARQUET')
  })
})

for (const codec of ['snappy', 'zstd', 'gzip', 'uncompressed']) {
  test(`any byte of the data can be wrong: records or DAMAGED_FILE, never another error: ${codec}`, async () => {
    await withFolder(async (folder) => {
      const good = join(folder, 'good.parquet')
      await duckdb(`copy (${MANY} limit 200) to '${good}' (format parquet, compression ${codec})`)
      const bytes = readFileSync(good)
      const path = join(folder, 'bad.parquet')
      const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8)
      let damaged = 0
      for (let at = 4; at < footer; at += 17) {
        const copy = Buffer.from(bytes)
        copy[at] = (copy[at] ?? 0) ^ 0xff
        writeFileSync(path, copy)
        const source = parquetSource({ path })
        const [split] = await splitsOf(source)
        try {
          assert.is((await drain(await source.open(split!, readerContext()))).length, 200)
        } catch (error) {
          assert.is((error as { code?: unknown }).code, 'DAMAGED_FILE')
          damaged++
        }
      }
      assert.ok(damaged > 10)
    })
  })
}

test('a file that changed after the job started is not read', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'changed.parquet')
    await duckdb(`copy (select 1 as n) to '${path}' (format parquet)`)
    const source = parquetSource({ path })
    const [split] = await splitsOf(source)
    await duckdb(`copy (select 'longer than before' as n) to '${path}' (format parquet)`)
    assert.is((await failureOf(() => source.open(split!, readerContext()))).code, 'FILE_CHANGED')
  })
})

test('wrong arguments are refused at once', async () => {
  for (const make of [
    () => parquetSource({}),
    () => parquetSource({ path: 'a', columns: [] }),
    () => parquetSource({ path: 'a', columns: ['a', 'a'] }),
    () => parquetSource({ path: 'a', columns: {} }),
    () => parquetSource({ path: 'a', columns: { a: 'strin' as never } }),
    () => parquetSource({ path: 'a', columns: 7 as never }),
    () => parquetSource({ path: 'a', timestamps: 'Date' as never }),
  ]) {
    assert.is((await failureOf(make)).code, 'INVALID_ARGUMENT')
  }
})

test.run()
