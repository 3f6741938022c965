/** Parquet files that the folder sink writes: DuckDB reads them, and so does the source. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileSink } from '../../../connectors/file-sink/index.ts'
import { parquet, parquetSource } from '../../../connectors/parquet/index.ts'
import type { RecordOf } from '../../../connectors/parquet/index.ts'
import { failureOf, readSource, withFolder, writeSink } from '../drive.ts'
import { duckdb } from '../duckdb.ts'
import { filesBelow, steps, TwoPhaseRig } from '../two-phase-rig.ts'

const COLUMNS = {
  text: 'string?',
  number: 'number?',
  flag: 'boolean?',
  at: 'timestamp?',
  day: 'date?',
  big: 'bigint?',
  bytes: 'bytes?',
  id: 'number',
  name: 'string',
} as const
type Row = RecordOf<typeof COLUMNS>

const TIME = { min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }
const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.record<Row>(
    {
      text: fc.option(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('ä', '', 'x'))),
      number: fc.option(fc.double()),
      flag: fc.option(fc.boolean()),
      at: fc.option(fc.integer(TIME)),
      day: fc.option(fc.date({ noInvalidDate: true })),
      big: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      bytes: fc.option(fc.uint8Array({ maxLength: 20 })),
      id: fc.double(),
      name: fc.string({ unit: 'grapheme' }),
    },
    { noNullPrototype: true },
  ),
  { minLength: 1, maxLength: 60 },
)

const visibleIn = (folder: string): string[] =>
  filesBelow(folder)
    .filter((file) => !basename(file).startsWith('.'))
    .map((file) => join(folder, file))

test('the source reads what the sink wrote, whatever the values, row groups and compression', async () => {
  await withFolder((parent) =>
    fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('snappy' as const, 'gzip' as const, 'none' as const),
        async (records, rowGroupRows, compression) => {
          const directory = join(parent, 'out')
          const format = parquet({ columns: COLUMNS, rowGroupRows, compression })
          const half = records.length >> 1
          try {
            await writeSink(fileSink({ directory, format }), [
              [records.slice(0, half), records.slice(half)],
            ])
            const [path = ''] = visibleIn(directory)
            assert.equal(await readSource(parquetSource({ path, columns: COLUMNS })), records)
          } finally {
            rmSync(directory, { recursive: true })
          }
        },
      ),
      { numRuns: 100 },
    ),
  )
})

test('DuckDB reads types, nulls and statistics as they were meant', async () => {
  await withFolder(async (directory) => {
    const columns = { id: 'bigint', name: 'string', at: 'timestamp', score: 'number?' } as const
    const sink = fileSink({ directory, format: parquet({ columns, rowGroupRows: 700 }) })
    const records = Array.from({ length: 5_000 }, (_, n) => ({
      id: BigInt(n),
      name: `key ${n % 50} ä€😀`,
      at: n * 1_000,
      score: n % 7 === 0 ? null : n / 2,
      left: 'out',
    }))
    await writeSink(sink, [[records.slice(0, 1_234), records.slice(1_234)]])
    const [path = ''] = visibleIn(directory)
    const from = `from read_parquet('${path}')`
    assert.equal(await duckdb(`select column_name, column_type from (describe select * ${from})`), [
      { column_name: 'id', column_type: 'BIGINT' },
      { column_name: 'name', column_type: 'VARCHAR' },
      { column_name: 'at', column_type: 'TIMESTAMP WITH TIME ZONE' },
      { column_name: 'score', column_type: 'DOUBLE' },
    ])
    const [sums] = await duckdb(
      `select count(*)::int as n, sum(id)::int as ids, sum(score)::double as score, count(score)::int as scored,
        count(distinct name)::int as names, max(epoch_ms("at"))::int as last ${from}`,
    )
    const scored = records.filter(({ score }) => score !== null)
    assert.equal(sums, {
      n: 5_000,
      ids: (5_000 * 4_999) / 2,
      score: scored.reduce((sum, { score }) => sum + score!, 0),
      scored: scored.length,
      names: 50,
      last: 4_999_000,
    })
    const found = await duckdb(`select id::int as id ${from} where id between 1399 and 1401`)
    assert.equal(found, [{ id: 1_399 }, { id: 1_400 }, { id: 1_401 }], 'row groups are told apart')
    const [groups] = await duckdb(
      `select count(distinct row_group_id)::int as n from parquet_metadata('${path}')`,
    )
    assert.equal(groups, { n: 8 })
  })
})

test('0 and -0 stay what they are, also where a column has few values', async () => {
  await withFolder(async (directory) => {
    const columns = { n: 'number?' } as const
    const records = Array.from({ length: 100 }, (_, at) => ({ n: [0, -0, null, 1][at % 4]! }))
    await writeSink(fileSink({ directory, format: parquet({ columns }) }), [[records]])
    const [path = ''] = visibleIn(directory)
    const back = await readSource(parquetSource({ path, columns }))
    assert.ok(back.every(({ n }, at) => Object.is(n, records[at]?.n)))
    const [negative] = await duckdb(
      `select count(*)::int as n from read_parquet('${path}') where n::text = '-0.0'`,
    )
    assert.equal(negative, { n: 25 })
  })
})

test('whatever happens, visible files are whole and hold the records up to the last committed checkpoint', async () => {
  await withFolder((parent) =>
    fc.assert(
      fc.asyncProperty(
        steps(12, 3),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 40 }),
        async (all, parallelism, records) => {
          const directory = join(parent, 'out')
          mkdirSync(directory)
          const columns = { n: 'number' } as const
          const numbersIn = async (): Promise<number[]> => {
            const paths = visibleIn(directory)
            if (paths.length === 0) return []
            const read = await readSource(parquetSource({ paths, columns }))
            return read.map(({ n }) => n).sort((a, b) => a - b)
          }
          const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
          const rig: TwoPhaseRig<{ n: number }, unknown, unknown> = new TwoPhaseRig({
            sink: fileSink({
              directory,
              format: parquet({ columns, rowGroupRows: 16 }),
              roll: { records },
            }),
            folder: directory,
            record: (n) => ({ n }),
            afterStep: async () => {
              assert.equal(await numbersIn(), upTo(rig.checkpointed))
            },
          })
          try {
            await rig.run(parallelism, all)
            assert.equal(await numbersIn(), upTo(rig.records))
          } finally {
            rmSync(directory, { recursive: true })
          }
        },
      ),
      { numRuns: 60 },
    ),
  )
})

test('files end by records and, row group by row group, by bytes', async () => {
  await withFolder(async (directory) => {
    const columns = { n: 'number' } as const
    const numbers = Array.from({ length: 1_000 }, (_, n) => ({ n }))
    const format = parquet({ columns, rowGroupRows: 100 })
    await writeSink(fileSink({ directory, format, roll: { records: 300 } }), [[numbers]])
    const counts = await duckdb(
      `select count(*)::int as n from read_parquet('${directory}/*.parquet', filename = true) group by filename order by filename`,
    )
    assert.equal(
      counts.map(({ n }) => n),
      [300, 300, 300, 100],
    )
  })
  await withFolder(async (directory) => {
    const columns = { n: 'number' } as const
    const format = parquet({ columns, rowGroupRows: 10 })
    const batches = Array.from({ length: 10 }, (_, batch) =>
      Array.from({ length: 10 }, (__, n) => ({ n: batch * 10 + n })),
    )
    await writeSink(fileSink({ directory, format, roll: { bytes: 1 } }), [batches])
    assert.is(visibleIn(directory).length, 10)
  })
})

test('a record that does not fit its columns is refused with the field and what it is', async () => {
  await withFolder(async (directory) => {
    const columns = { text: 'string', at: 'timestamp', big: 'bigint?', day: 'date?' } as const
    const whole = { text: 'a', at: 1, big: 1n, day: new Date(0) }
    for (const [record, word] of [
      [7, 'must be an object'],
      [null, 'must be an object'],
      [{ ...whole, text: 1 }, 'field "text" must be a string, got 1'],
      [{ ...whole, text: null }, 'field "text" is null'],
      [{ text: 'a' }, 'field "at" is undefined'],
      [{ ...whole, at: 1.5 }, 'field "at" must be a timestamp, got 1.5'],
      [{ ...whole, big: 2n ** 63n }, 'field "big" must be a bigint'],
      [{ ...whole, big: 1 }, 'field "big" must be a bigint, got 1'],
      [{ ...whole, day: new Date(Number.NaN) }, 'got an invalid date'],
    ] as const) {
      const sink = fileSink({ directory, format: parquet({ columns }) })
      const failure = await failureOf(() => writeSink(sink, [[[record as never]]]))
      assert.is(failure.code, 'NOT_PARQUET_RECORD')
      assert.ok(failure.message.includes(word), failure.message)
      assert.equal(visibleIn(directory), [])
    }
  })
})

test('wrong arguments are refused at once', async () => {
  for (const options of [
    {},
    { columns: {} },
    { columns: ['n'] },
    { columns: { n: 'any' } },
    { columns: { n: 'int' } },
    { columns: { n: 'number' }, compression: 'zip' },
    { columns: { n: 'number' }, rowGroupRows: 0 },
  ]) {
    assert.is((await failureOf(() => parquet(options as never))).code, 'INVALID_ARGUMENT')
  }
})

test('without records there is no file, and an older one is left alone', async () => {
  await withFolder(async (directory) => {
    writeFileSync(join(directory, 'other.parquet'), 'x')
    await writeSink(fileSink({ directory, format: parquet({ columns: { n: 'number' } }) }), [[]])
    assert.equal(visibleIn(directory), [join(directory, 'other.parquet')])
    assert.is(readFileSync(join(directory, 'other.parquet'), 'utf8'), 'x')
  })
})

test.run()
