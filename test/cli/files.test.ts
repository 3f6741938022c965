import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unless } from '../runner/skip.ts'
import { assertFailed, fixture, millrace, withFolder } from './command.ts'

const FLIGHTS = fileURLToPath(
  new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')),
)

test('an input file that is missing, a folder, not Parquet or damaged is told', () =>
  withFolder(async (folder) => {
    const text = join(folder, 'text.parquet')
    const short = join(folder, 'short.parquet')
    const damaged = join(folder, 'damaged.parquet')
    const flights = readFileSync(FLIGHTS)
    writeFileSync(text, 'origin,destination\n')
    writeFileSync(short, flights.subarray(0, 100_000))
    // The footer is whole, and the pages of the first row group are not.
    writeFileSync(damaged, flights.fill(0xff, 1_000, 200_000))
    const run = (input: string) => millrace(['run', fixture('parquet'), '-a', `input=${input}`])
    const [missing, isFolder, notParquet, cut, broken] = await Promise.all(
      [join(folder, 'none'), folder, text, short, damaged].map(run),
    )
    assertFailed(missing!, 1, 'FILE_NOT_FOUND')
    assert.match(missing!.stderr, /there is no file .*none/)
    assertFailed(isFolder!, 1, 'FILE_NOT_READABLE')
    assertFailed(notParquet!, 1, 'NOT_PARQUET')
    assert.match(cut!.stderr, /^millrace: (?:DAMAGED_FILE|NOT_PARQUET): .*short\.parquet/)
    assert.is(cut!.code, 1)
    assertFailed(broken!, 1, 'DAMAGED_FILE')
    assert.match(broken!.stderr, /damaged\.parquet/)
  }))

test('a column that is not there is told with a similar one', async () => {
  const args = ['run', fixture('parquet'), '-a', `input=${FLIGHTS}`, '-a', 'column=dealy']
  const ended = await millrace(args)
  assertFailed(ended, 1, 'UNKNOWN_COLUMN')
  assert.match(ended.stderr, /dealy/)
  assert.match(ended.stderr, /delay/)
})

test('an output that cannot be written names the sink and the reason, and leaves nothing', () =>
  withFolder(async (folder) => {
    const input = join(folder, 'in.jsonl')
    writeFileSync(input, '{"a":1}\n')
    const run = (output: string) =>
      millrace(['run', fixture('copy'), '-a', `input=${input}`, '-a', `output=${output}`])
    const [noFolder, isFolder] = await Promise.all([run(join(folder, 'no', 'out')), run(folder)])
    assertFailed(noFolder, 1, 'OUTPUT_NOT_WRITABLE')
    assert.match(noFolder.stderr, /the folder .*no does not exist/)
    assertFailed(isFolder, 1, 'OUTPUT_NOT_WRITABLE')
    assert.match(isFolder.stderr, /it is a folder/)
    assert.equal(readdirSync(folder), ['in.jsonl'])
  }))

const lacks = process.getuid?.() === 0 ? 'a user whom permissions hold back' : undefined
unless(test, lacks)('an output folder without permission is told', () =>
  withFolder(async (folder) => {
    const input = join(folder, 'in.jsonl')
    const closed = join(folder, 'closed')
    writeFileSync(input, '{"a":1}\n')
    mkdirSync(closed)
    chmodSync(closed, 0o500)
    const output = join(closed, 'out.jsonl')
    const args = ['run', fixture('copy'), '-a', `input=${input}`, '-a', `output=${output}`]
    const ended = await millrace(args)
    assertFailed(ended, 1, 'OUTPUT_NOT_WRITABLE')
    assert.match(ended.stderr, /permission denied/)
  }),
)

test('a failed job leaves the file of an earlier run alone and no temporary one', () =>
  withFolder(async (folder) => {
    const input = join(folder, 'in.jsonl')
    const output = join(folder, 'out.jsonl')
    writeFileSync(input, '{"a":1}\n{"a":\n')
    writeFileSync(output, 'of an earlier run')
    const args = ['run', fixture('copy'), '-a', `input=${input}`, '-a', `output=${output}`]
    const ended = await millrace(args)
    assert.is(ended.code, 1)
    assert.match(ended.stderr, /in\.jsonl/)
    assert.equal(readdirSync(folder).sort(), ['in.jsonl', 'out.jsonl'])
    assert.is(readFileSync(output, 'utf8'), 'of an earlier run')
  }))

test.run()
