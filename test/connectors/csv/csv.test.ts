import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

import { csvSink, csvSource } from '../../../connectors/csv/index.ts'
import { failureOf, readResuming, readSource, splitsOf, withFolder, writeSink } from '../drive.ts'
import { duckdb } from '../duckdb.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom('"', ',', '\n', '\r', ' ', 'a', ';', '\uFEFF', '😀'),
    maxLength: 8,
  }),
)

test('any text in any column is written and read back, by any batch size and delimiter', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'any.csv')
    return fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyText, { minLength: 1, maxLength: 4 }).chain((columns) =>
          fc.tuple(
            fc.constant(columns),
            fc.array(fc.array(anyText, { minLength: columns.length, maxLength: columns.length }), {
              maxLength: 20,
            }),
          ),
        ),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.integer({ min: 1, max: 7 }),
        async ([columns, rows], delimiter, batchSize) => {
          const records = rows.map((row) =>
            Object.fromEntries(columns.map((name, at) => [name, row[at] ?? ''])),
          )
          await writeSink(csvSink({ path, columns, delimiter }), [[records]])
          const source = csvSource({ path, columns, delimiter })
          assert.equal(await readSource(source, { batchSize }), records)
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('values of all types are written and read back, and null stays null', async () => {
  await withFolder((folder) => {
    const path = join(folder, 'types.csv')
    const columns = {
      number: 'number?',
      big: 'bigint?',
      yes: 'boolean?',
      at: 'date?',
      text: 'string?',
    } as const
    const record = fc.record(
      {
        number: fc.option(fc.double().map((value) => value + 0)),
        big: fc.option(fc.bigInt()),
        yes: fc.option(fc.boolean()),
        at: fc.option(fc.date({ noInvalidDate: true })),
        text: fc.option(fc.string({ minLength: 1, unit: 'grapheme' })),
      },
      { noNullPrototype: true },
    )
    return fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 20 }), async (records) => {
        await writeSink(csvSink({ path, columns: Object.keys(columns) }), [[records]])
        assert.equal(await readSource(csvSource({ path, columns })), records)
      }),
      { numRuns: 200 },
    )
  })
})

test('a reader opened at any position of another goes on exactly there', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'resume.csv')
    const lines = Array.from({ length: 50 }, (_, n) => `${n},"a ""quoted""\r\nline ${n}, ä€😀"`)
    for (const newline of ['\n', '\r\n']) {
      writeFileSync(path, '\uFEFF' + ['n,text', ...lines].join(newline) + newline + newline)
      const source = csvSource({ path, columns: { n: 'number', text: 'string' } })
      const [split] = await splitsOf(source)
      for (const records of await readResuming(source, split!, 7)) {
        assert.equal(
          records.map(({ n }) => n),
          Array.from({ length: 50 }, (_, n) => n),
        )
        assert.is(records[49]?.text, 'a "quoted"\r\nline 49, ä€😀')
      }
    }
  })
})

test('what DuckDB writes is read, and what is written DuckDB reads', async () => {
  await withFolder(async (folder) => {
    const [theirs, ours] = [join(folder, 'theirs.csv'), join(folder, 'ours.csv')]
    const query = `select i as id, case when i % 5 = 0 then null else i / 8.0 end::double as real, i % 2 = 0 as even,
      'a "b", ' || chr(10) || 'ä€😀' || i as text, timestamp '2001-01-01' + interval (i) second as "at" from range(3000) t(i)`
    await duckdb(`copy (${query}) to '${theirs}' (format csv, header)`)
    const columns = {
      id: 'number',
      real: 'number?',
      even: 'boolean',
      text: 'string',
      at: 'timestamp',
    } as const
    const records = await readSource(csvSource({ path: theirs, columns }))
    const expected = await duckdb(
      `select id::double as id, real, even, text, epoch_ms("at")::double as "at" from (${query}) order by id`,
    )
    assert.is(records.length, 3000)
    assert.equal(records, expected)
    await writeSink(csvSink({ path: ours }), [[records]])
    const back =
      await duckdb(`select * from read_csv('${ours}', header = true, delim = ',', quote = '"',
      columns = {'id': 'double', 'real': 'double', 'even': 'boolean', 'text': 'varchar', 'at': 'double'})`)
    assert.equal(back, expected)
  })
})

test('columns are found by name, or by place where there is no header', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'a.csv')
    writeFileSync(path, 'b,a\n1,2\n\n3,4')
    assert.equal(await readSource(csvSource({ path })), [
      { b: '1', a: '2' },
      { b: '3', a: '4' },
    ])
    assert.equal(await readSource(csvSource({ path, columns: { a: 'number' } })), [
      { a: 2 },
      { a: 4 },
    ])
    writeFileSync(path, '1,2\n3,4\n')
    const records = await readSource(
      csvSource({ path, header: false, columns: { x: 'number', y: 'bigint' } }),
    )
    assert.equal(records, [
      { x: 1, y: 2n },
      { x: 3, y: 4n },
    ])
    for (const empty of ['', '\n\r\n', '\uFEFF', 'a,b', 'a,b\n']) {
      writeFileSync(path, empty)
      assert.equal(await readSource(csvSource({ path })), [])
    }
  })
})

test('times without a zone are UTC, numbers are epoch milliseconds', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'times.csv')
    const times = [
      '2001-01-01',
      '2001-01-01 00:00',
      '2001-01-01T00:00:00',
      '2001-01-01T02:00:00.000+02:00',
      '978307200000',
    ]
    writeFileSync(path, `at\n${times.join('\n')}\n`)
    const records = await readSource(csvSource({ path, columns: { at: 'timestamp' } }))
    assert.equal(
      records,
      times.map(() => ({ at: 978307200000 })),
    )
  })
})

test('a carriage return among other characters is one of them', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'returns.csv')
    writeFileSync(path, 'a\rb,"c\rd"\n1,2\n')
    assert.equal(await readSource(csvSource({ path })), [{ 'a\rb': '1', 'c\rd': '2' }])
  })
})

test('a bad value or line is named by file, line and column', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'bad.csv')
    const columns = { n: 'number', text: 'string' } as const
    const failureIn = (text: string) => {
      writeFileSync(path, text)
      return failureOf(() => readSource(csvSource({ path, columns })))
    }
    const cases: [string, string, string][] = [
      [
        'n,text\n1,"a\nb"\nx,c\n',
        'BAD_CSV_VALUE',
        'line 4, column "n": expected a number, got "x"',
      ],
      [
        'n,text\n,c\n',
        'BAD_CSV_VALUE',
        'line 2, column "n": expected a number, got ""; declare it as "number?"',
      ],
      ['n,text\n1,a\n2\n', 'BAD_CSV_LINE', 'line 3: it has 1 fields instead of 2'],
      ['n,text\n1,a\n2,b,c\n', 'BAD_CSV_LINE', 'line 3: it has 3 fields instead of 2'],
      ['n,text\n1,a\n2,"b\n3,c\n', 'BAD_CSV_LINE', 'line 3: '],
      ['n,text\n1,"a"b\n', 'BAD_CSV_LINE', 'line 2: '],
      ['n,text\n1,a\r\n2,b\n', 'BAD_CSV_LINE', 'some lines end with'],
      ['n,text\r1,a\r2,b\r', 'BAD_CSV_LINE', 'line 1: it ends with \\r alone'],
      ['n,n\n1,2\n', 'DUPLICATE_COLUMN', 'two columns named "n"'],
      ['n,txt\n1,2\n', 'UNKNOWN_COLUMN', 'Did you mean "txt"?'],
    ]
    for (const [text, code, message] of cases) {
      const failure = await failureIn(text)
      assert.is(failure.code, code, text)
      assert.ok(failure.message.includes(message), failure.message)
      assert.ok(failure.message.includes(path), failure.message)
    }
    for (const latin of ['n,text\n1,ä\n', 'n,text,ä\n1,a,b\n', 'ä,n,text\n']) {
      writeFileSync(path, latin, 'latin1')
      const failure = await failureOf(() => readSource(csvSource({ path, columns })))
      assert.is(failure.code, 'BAD_CSV_LINE', latin)
      assert.match(failure.message, 'it is not UTF-8')
    }
  })
})

test('wrong types are refused, and text that only looks like a value', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'values.csv')
    const wrong = {
      number: ['1,5', '1 000', '--1', ' ', 'abc'],
      boolean: ['yes', '2', ''],
      timestamp: ['01.02.2001', '2001-13-01', '2001-02-29', 'today', '2001-1-1'],
      bigint: ['1.0', '1e3', ''],
    } as const
    for (const [type, texts] of Object.entries(wrong)) {
      for (const text of texts) {
        writeFileSync(path, `x;y\n${text};\n`)
        const columns = { x: type as 'number' }
        const failure = await failureOf(() =>
          readSource(csvSource({ path, columns, delimiter: ';' })),
        )
        assert.is(failure.code, 'BAD_CSV_VALUE', `${type} ${text}`)
      }
    }
  })
})

test('records that are no rows are refused by the sink', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'out.csv')
    for (const records of [
      [{ a: [1] }],
      [{ a: {} }],
      [{ a: 1 }, { b: 1 }],
      [7],
      [null],
      [[1]],
      [{}],
      [{ a: new Date(NaN) }],
    ]) {
      const writer = await csvSink({ path }).open({ subtaskIndex: 0, parallelism: 1 })
      const failure = await failureOf(() =>
        writer.write(records as object[], new Float64Array(records.length)),
      )
      assert.is(failure.code, 'NOT_CSV')
      await writer.abort?.()
    }
  })
})

test('a header is written also when nothing follows, fields are left out when columns are named', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'out.csv')
    await writeSink(csvSink({ path, columns: ['b', 'a'] }), [[]])
    assert.is(readFileSync(path, 'utf8'), 'b,a\n')
    await writeSink(csvSink({ path, columns: ['b', 'a'], header: false }), [[[{ a: 1, c: 2 }]]])
    assert.is(readFileSync(path, 'utf8'), ',1\n')
    await writeSink(csvSink({ path }), [[]])
    assert.is(readFileSync(path, 'utf8'), '')
  })
})

test('wrong arguments are refused at once', async () => {
  for (const make of [
    () => csvSource({}),
    () => csvSource({ path: 'a', header: false }),
    () => csvSource({ path: 'a', delimiter: '::' }),
    () => csvSource({ path: 'a', delimiter: '"' }),
    () => csvSource({ path: 'a', columns: { a: 'bytes' } }),
    () => csvSource({ path: 'a', columns: ['a', 'a'] }),
    () => csvSink({ path: 'a', columns: [] }),
    () => csvSink({ path: '' }),
  ]) {
    assert.is((await failureOf(make)).code, 'INVALID_ARGUMENT')
  }
})

test.run()
