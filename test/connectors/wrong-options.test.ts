/** A misspelt option would pass for its default, and be seen only in the output. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { iterableSource, streamSink } from '../../connectors/collection/index.ts'
import { consoleSink } from '../../connectors/console/index.ts'
import { csv, csvSink, csvSource } from '../../connectors/csv/index.ts'
import { fileSink } from '../../connectors/file-sink/index.ts'
import { generatorSource } from '../../connectors/generator/index.ts'
import { jsonLines, jsonLinesSink, jsonLinesSource } from '../../connectors/json-lines/index.ts'
import { parquet, parquetSource } from '../../connectors/parquet/index.ts'
import { socketSource } from '../../connectors/socket/index.ts'
import { throwsCode } from '../runner/expect.ts'

type Make = (options: never) => unknown
const path = 'x'

/** What is called, and options that it takes. */
const calls: readonly (readonly [where: string, make: Make, options: object])[] = [
  ['jsonLinesSource', jsonLinesSource, { path }],
  ['jsonLinesSource: follow', (follow) => jsonLinesSource({ path, follow }), { pollMs: 5 }],
  ['csvSource', csvSource, { path }],
  ['parquetSource', parquetSource, { path }],
  ['jsonLinesSink', jsonLinesSink, { path }],
  ['csvSink', csvSink, { path }],
  ['csv', csv, {}],
  ['parquet', parquet, { columns: { a: 'number' } }],
  ['fileSink', fileSink, { directory: path, format: jsonLines() }],
  [
    'fileSink: roll',
    (roll) => fileSink({ directory: path, format: jsonLines(), roll }),
    { records: 5 },
  ],
  ['generatorSource', generatorSource, { generate: () => 1 }],
  ['iterableSource', (options) => iterableSource(() => [], options), {}],
  ['streamSink', (options) => streamSink(() => process.stdout, options), {}],
  ['consoleSink', consoleSink, {}],
  ['socketSource', socketSource, { port: 1 }],
  ['socketSource: reconnect', (reconnect) => socketSource({ port: 1, reconnect }), { attempts: 1 }],
]

for (const [where, make, options] of calls) {
  test(`${where}: an option that it does not know is refused and named`, () => {
    make(options as never)
    const error = throwsCode(
      () => make({ ...options, mispelt: undefined } as never),
      'INVALID_ARGUMENT',
    )
    assert.match(String(error), `${where}: unknown option 'mispelt'; known are `)
  })

  test(`${where}: what is no object of options is refused`, () => {
    for (const wrong of [null, 5, 'out']) {
      const error = throwsCode(() => make(wrong as never), 'INVALID_ARGUMENT')
      assert.match(String(error), where.split(':')[0] as string)
    }
  })
}

test('what needs options says so', () => {
  for (const make of [jsonLinesSource, csvSource, jsonLinesSink, csvSink, fileSink, parquet]) {
    throwsCode(() => (make as Make)(undefined as never), 'INVALID_ARGUMENT')
  }
})

test('a header that is neither there nor not there is refused', () => {
  throwsCode(() => csv({ header: 'no' as never }), 'INVALID_ARGUMENT')
})

test.run()
