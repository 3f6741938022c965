/** Types of Parquet that have no twin in JavaScript. */
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parquetSource } from '../../../connectors/parquet/index.ts'
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

test.run()
