import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unless } from '../runner/skip.ts'
import {
  assertFailed,
  fixture,
  inTerminal,
  intoFile,
  millrace,
  start,
  withFolder,
} from './command.ts'

interface JsonLine {
  readonly job: string
  readonly state: string
  readonly parallelism: number
  readonly slots: number
  readonly durationMs: number
  readonly recordsPerSecond: number
  readonly totals: Readonly<Record<string, number>>
  readonly collected: Readonly<Record<string, readonly unknown[]>>
  readonly error?: Readonly<Record<string, unknown>>
}

test('a run prints totals and a table per collected stream, and nothing on stderr', async () => {
  const { code, stdout, stderr } = await millrace(['run', fixture('rows')])
  assert.is(code, 0, stderr)
  assert.is(stderr, '')
  assert.match(stdout, /^rows: 3 records in \d+ ms, [\d,]+ records\/s/m)
  const expected = `objects
n  half  day                                  big  nothing
──────────────────────────────────────────────────────────
0  0.00  1970-01-01T00:00Z  100000000000000000000
1  0.50  1970-01-02T00:00Z  100000000000000000000
2  1.00  1970-01-03T00:00Z  100000000000000000000

texts
value
────────
number 0
number 1
number 2

nothing
(no records)
`
  assert.ok(stdout.endsWith(expected), stdout)
})

test('a table shows the first rows and says how many more there are', async () => {
  const args = ['run', fixture('rows'), '--rows', '2', '--arg', 'count=5002', '--host', 'inline']
  const { stdout } = await millrace(args)
  assert.match(stdout, /number 0\nnumber 1\n… and 5,000 more\n/)
})

test('--json prints one line, with all records, and what the job prints goes to stderr', async () => {
  const args = ['run', fixture('rows'), '--json', '--rows', '1', '-p', '2', '-a', 'print=true']
  const { code, stdout, stderr } = await millrace(args)
  assert.is(code, 0)
  assert.is(stdout.indexOf('\n'), stdout.length - 1)
  const line = JSON.parse(stdout) as JsonLine
  assert.is(line.job, 'rows')
  assert.is(line.state, 'finished')
  assert.is(line.parallelism, 2)
  assert.is(line.slots, 2)
  assert.ok(line.durationMs > 0)
  assert.ok(line.recordsPerSecond > 0)
  assert.is(line.totals['recordsRead'], 3)
  assert.is(line.totals['recordsExpected'], 3)
  assert.equal(line.collected['texts'], ['number 0', 'number 1', 'number 2'])
  assert.equal(line.collected['nothing'], [])
  assert.equal(line.collected['objects']?.[1], {
    n: 1,
    half: 0.5,
    day: '1970-01-02T00:00:00.000Z',
    big: '100000000000000000000',
    nothing: null,
  })
  // The main thread and both slots build the job.
  assert.is(stderr.match(/a line that the job prints/g)?.length, 3)
  assert.match(stderr, /seen> 0\nseen> 1\nseen> 2\n/)
})

test('--json of a job that fails has the error, and stderr the message', async () => {
  const { code, stdout, stderr } = await millrace([
    'run',
    fixture('failures'),
    '--arg',
    'in=map',
    '--json',
  ])
  assert.is(code, 1)
  const line = JSON.parse(stdout) as JsonLine
  assert.is(line.state, 'failed')
  assert.is(line.error?.['code'], 'OPERATOR_FAILED')
  assert.is(line.error?.['operator'], 'enrich')
  assert.match(String(line.error?.['at']), /failures\.js:\d+:\d+$/)
  assert.match(stderr, /^millrace: OPERATOR_FAILED: /)
})

test('threads and inline, columns and msgpack give the same', async () => {
  const variants = [
    ['--host', 'inline'],
    ['--host', 'threads', '--codec', 'msgpack'],
    ['--slots', '3', '--parallelism', '2', '--max-parallelism', '4'],
  ]
  const all = await Promise.all(
    variants.map((variant) => millrace(['run', fixture('rows'), '--json', ...variant])),
  )
  const collected = all.map(({ stdout }) => (JSON.parse(stdout) as JsonLine).collected)
  assert.equal(collected[1], collected[0])
  assert.equal(collected[2], collected[0])
})

test('empty input is a run of 0 records, and its output an empty file', () =>
  withFolder(async (folder) => {
    const input = join(folder, 'in.jsonl')
    const output = join(folder, 'out.jsonl')
    writeFileSync(input, '')
    const args = ['run', fixture('copy'), '-a', `input=${input}`, '-a', `output=${output}`]
    const { code, stdout, stderr } = await millrace(args)
    assert.is(code, 0, stderr)
    assert.match(stdout, /^copy: 0 records in \d+ ms, 0 records\/s\n$/)
    assert.is(readFileSync(output, 'utf8'), '')
  }))

test('a closed stdin ends nothing', async () => {
  const run = start(['run', fixture('rows')], { stdin: 'pipe' })
  run.closeStdin()
  assert.is((await run.ended).code, 0)
})

const full = existsSync('/dev/full') ? undefined : 'the device /dev/full'
unless(test, full)(
  'a disk that is full is told, also when all that is lost is the report',
  async () => {
    const ended = await intoFile(['run', fixture('rows')], '/dev/full')
    assertFailed(ended, 1, 'OUTPUT_FAILED')
  },
)

test('output that is no terminal has no colours and no control sequences', async () => {
  const { stdout, stderr } = await millrace(['run', fixture('rows')], { env: { TERM: 'xterm' } })
  assert.not.ok(stdout.includes('\u001b'))
  assert.not.ok(stderr.includes('\u001b'))
})

test('a timer that the module leaves running does not keep the process alive', async () => {
  const { code, stdout } = await millrace(['run', fixture('lingers')])
  assert.is(code, 0)
  assert.match(stdout, /^lingers: 10 records/)
})

unless(test, inTerminal.lacks)(
  'a terminal gets a progress line, which is gone at the end',
  async () => {
    const run = inTerminal(['run', fixture('endless'), '-p', '2'])
    await run.printed('stdout', 'records  ')
    run.type('\u0003')
    const { code, stdout } = await run.ended
    assert.is(code, 130)
    assert.match(stdout, /endless {2}[\d,]+ records .* +[\d,]+\/s/)
    const last = stdout.slice(stdout.lastIndexOf('records'))
    const erased = last.indexOf('\u001b[0K')
    assert.ok(erased >= 0 && last.indexOf('JOB_CANCELLED') > erased, last)
  },
)

unless(test, inTerminal.lacks)('NO_COLOR holds on a terminal', async () => {
  const [plain, coloured] = await Promise.all([
    inTerminal(['run', fixture('rows')], { env: { NO_COLOR: '1' } }).ended,
    inTerminal(['run', fixture('rows')], { env: { TERM: 'xterm' } }).ended,
  ])
  assert.ok(plain.stdout.includes('\nobjects\r\n'), plain.stdout)
  assert.ok(coloured.stdout.includes('\u001b[1mobjects\u001b['), coloured.stdout)
})

test.run()
