/** Types of Parquet that have no twin in JavaScript. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parquetSource } from '../../../connectors/parquet/index.ts'
import { compressors, prepareCodec } from '../../../connectors/parquet/decompress.ts'
import { decimalsOf } from '../../../connectors/parquet/decimals.ts'
import { failureOf, readSource, withFolder } from '../drive.ts'
import { duckdb } from '../duckdb.ts'

for (const dictionary of ['', ', dictionary_size_limit 1']) {
  test(`decimals are the numbers that JavaScript reads in their digits${dictionary}`, () =>
    withFolder(async (folder) => {
      const path = join(folder, 'decimals.parquet')
      // 4, 8 and 16 bytes, and null
      const query = `select (i / 10.0 - 5)::decimal(4, 1) as tenths, (i * 0.0007 - 3)::decimal(18, 4) as small,
        (i * 1234567890123::hugeint / 100)::decimal(38, 10) as large,
        case when i % 3 = 0 then null else (i * 0.01)::decimal(9, 2) end as holes from range(500) t(i)`
      await duckdb(`copy (${query}) to '${path}' (format parquet${dictionary})`)
      const texts = await duckdb(
        `select tenths::text as tenths, small::text as small, large::text as large, holes::text as holes from (${query})`,
      )
      const expected = texts.map((row) =>
        Object.fromEntries(
          Object.entries(row as object).map(([name, text]) => [
            name,
            text === null ? null : Number(text),
          ]),
        ),
      )
      assert.equal(await readSource(parquetSource({ path })), expected)
    }))
}

test('decimals of any bytes and scale are rounded once', () => {
  assert.equal(decimalsOf([3, 7n, -5000], 4), [0.0003, 0.0007, -0.5])
  assert.equal(
    decimalsOf([Uint8Array.of(0xff), Uint8Array.of(0x80, 0), new Uint8Array(0)], 1),
    [-0.1, -3276.8, 0],
  )
  assert.equal(decimalsOf([123456789012345678901234567890n], 29), [
    Number('1.2345678901234567890123456789'),
  ])
  assert.equal(decimalsOf([3], 38), [3e-38])
})

test('a list, map or struct that is null is null, alone and inside of others', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'nulls.parquet')
    await duckdb(
      `copy (select case when i = 1 then ['a'] end as list, case when i = 1 then {'x': 'b'} end as struct,
        case when i = 1 then map {'k': 'c'} end as map, {'list': case when i = 1 then ['d'] end} as inside
        from range(2) t(i)) to '${path}' (format parquet)`,
    )
    assert.equal(await readSource(parquetSource({ path })), [
      { list: null, struct: null, map: null, inside: { list: null } },
      { list: ['a'], struct: { x: 'b' }, map: { k: 'c' }, inside: { list: ['d'] } },
    ])
  }))

test('a column that cannot be read is told before the first record, and the others can be read', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'interval.parquet')
    await duckdb(
      `copy (select interval 3 month as span, {'s': interval 1 day} as inner, 1 as n) to '${path}' (format parquet)`,
    )
    for (const [name, columns] of [
      ['span', undefined],
      ['span', ['span']],
      ['inner', ['n', 'inner']],
    ] as const) {
      const failure = await failureOf(() =>
        readSource(parquetSource(columns === undefined ? { path } : { path, columns })),
      )
      assert.is(failure.code, 'UNSUPPORTED_PARQUET')
      assert.match(failure.message, `column "${name}" of ${path} holds INTERVAL values`)
    }
    assert.equal(await readSource(parquetSource({ path, columns: ['n'] })), [{ n: 1 }])
  }))

test('a column that is there twice is refused, and the others can be read', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'twice.parquet')
    await duckdb(
      `copy (select 1 as first, 2 as other, {'inner_a': 3, 'inner_b': 4} as s, 5 as n) to '${path}' (format parquet)`,
    )
    renameIn(path, 'other', 'first')
    renameIn(path, 'inner_b', 'inner_a')
    for (const columns of [undefined, ['first'], ['n', 's']] as const) {
      const failure = await failureOf(() =>
        readSource(parquetSource(columns === undefined ? { path } : { path, columns })),
      )
      assert.is(failure.code, 'DUPLICATE_COLUMN')
      assert.match(failure.message, path)
    }
    assert.equal(await readSource(parquetSource({ path, columns: ['n'] })), [{ n: 5 }])
  }))

test('bytes that are no text do not become other text: as bytes they can be read', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'bytes.parquet')
    await duckdb(
      `copy (select '\\xAA\\xFF'::blob as raw, 'plain'::blob as good, 'latin' as wrong, chr(65533) as mark,
        ['\\xAA'::blob] as list from range(2)) to '${path}' (format parquet, compression uncompressed)`,
    )
    const file = readFileSync(path)
    const name = Buffer.from('latin')
    for (let at = file.indexOf(name); at >= 0; at = file.indexOf(name)) file[at] = 0xe4
    writeFileSync(path, file)
    for (const [name, code, advice] of [
      ['raw', 'UNSUPPORTED_PARQUET', 'declare it as bytes'],
      ['wrong', 'DAMAGED_FILE', 'declared as bytes'],
      ['list', 'UNSUPPORTED_PARQUET', 'leave it out'],
    ] as const) {
      const failure = await failureOf(() => readSource(parquetSource({ path, columns: [name] })))
      assert.is(failure.code, code)
      assert.match(failure.message, path)
      assert.match(failure.message, `column ${name} of row group 0`)
      assert.match(failure.message, advice)
    }
    const columns = { raw: 'bytes', good: 'string', wrong: 'bytes', mark: 'string' } as const
    const [record] = await readSource(parquetSource({ path, columns }))
    assert.equal([...(record?.raw ?? [])], [0xaa, 0xff])
    assert.equal(Buffer.from(record?.wrong ?? []).toString('latin1'), 'äatin')
    assert.is(record?.good, 'plain')
    assert.is(record?.mark, '\ufffd')
  }))

test('text inside of lists, maps and structs is kept to the last character, and times are rounded down', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'inside.parquet')
    await duckdb(
      `copy (select [chr(65279) || 'a', null, chr(65279)] as list, map {chr(65279) || 'k': 1::integer} as map,
        {'at': timestamp '1969-12-31 23:59:59.9995', 'day': date '1969-12-31'} as times) to '${path}' (format parquet)`,
    )
    const texts = { list: ['\ufeffa', null, '\ufeff'], map: { '\ufeffk': 1 } }
    assert.equal(await readSource(parquetSource({ path })), [
      { ...texts, times: { at: -1, day: -86_400_000 } },
    ])
    assert.equal(await readSource(parquetSource({ path, timestamps: 'date' })), [
      { ...texts, times: { at: new Date(-1), day: new Date(-86_400_000) } },
    ])
  }))

test('maps whose keys have parts of their own are refused: as fields of an object they would be one', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'keys.parquet')
    await duckdb(
      `copy (select map {{'a': 1}: 'x', {'a': 2}: 'y'} as map, map {7: 'z'} as good) to '${path}' (format parquet)`,
    )
    const failure = await failureOf(() => readSource(parquetSource({ path })))
    assert.is(failure.code, 'UNSUPPORTED_PARQUET')
    assert.match(failure.message, 'maps whose keys are lists, maps or structs')
    assert.equal(await readSource(parquetSource({ path, columns: ['good'] })), [
      { good: { 7: 'z' } },
    ])
  }))

test('the dictionary of a column without values is empty in LZ4 too', async () => {
  await prepareCodec('LZ4_RAW', 1)
  for (const codec of ['LZ4', 'LZ4_RAW'] as const) {
    assert.is(compressors[codec]?.(Uint8Array.of(0), 0).length, 0)
  }
})

/** Puts a name of the same length in the place of another, everywhere in a file. */
function renameIn(path: string, from: string, to: string): void {
  const file = readFileSync(path)
  for (let at = file.indexOf(from); at >= 0; at = file.indexOf(from)) file.write(to, at)
  writeFileSync(path, file)
}

test.run()
