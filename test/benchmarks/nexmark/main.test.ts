/**
 * The command of the Nexmark benchmark: what it prints, writes and refuses.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { QueryReport } from '../../../benchmarks/nexmark/report.ts'

const MAIN = fileURLToPath(new URL('../../../benchmarks/nexmark/main.js', import.meta.url))

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function nexmark(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

const test = suite<{ folder: string }>('nexmark command')

test.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'millrace-nexmark-'))
})

test.after.each(({ folder }) => rm(folder, { recursive: true }))

test('several queries run in rounds, and their figures go to a table and a file', async ({
  folder,
}) => {
  const json = join(folder, 'figures.json')
  const args = ['--query', 'q2,q10', '--events', '5000', '--rounds', '2', '--checkpoint', '1s']
  const { code, stdout } = await nexmark(...args, '--json', json)
  assert.is(code, 0)
  assert.match(stdout, 'bids for every 123rd auction')
  const { reports } = JSON.parse(await readFile(json, 'utf8')) as { reports: QueryReport[] }
  assert.equal(
    reports.map(({ query, events, rows, perSecond }) => [
      query,
      events,
      rows > 0,
      perSecond.length,
    ]),
    [
      ['q2', 5000, true, 2],
      ['q10', 5000, true, 2],
    ],
  )
  assert.is(reports[1]?.rows, 4600)
  assert.ok((reports[0]?.latency?.rows ?? 0) > 0)
  assert.is(reports[1]?.latency, undefined, 'files are not looked at')
  assert.match(stdout, '99% ms')
})

test('rows of one query go to a file', async ({ folder }) => {
  const output = join(folder, 'rows.jsonl')
  const { code } = await nexmark('--events', '50', '--parallelism', '1', '--output', output)
  assert.is(code, 0)
  assert.is((await readFile(output, 'utf8')).trimEnd().split('\n').length, 46)
})

test('what goes wrong while a query runs is told in a line or two, without a stack', async ({
  folder,
}) => {
  const input = join(folder, 'events.jsonl')
  const output = join(folder, 'rows.jsonl')
  await writeFile(input, `${JSON.stringify({ event_type: 2, bid: { auction: 1 } })}\n`)
  const cases: readonly (readonly [string, ...string[]])[] = [
    ['there is no file', '--input', join(folder, 'none.jsonl')],
    ['it is a folder', '--input', folder],
    ['a bid whose "bidder" is a whole number', '--input', input, '--output', output],
  ]
  for (const [message, ...args] of cases) {
    const { code, stderr } = await nexmark('--parallelism', '1', ...args)
    assert.is(code, 1)
    assert.match(stderr, message)
    assert.not.match(stderr, /\n\s+at .*node_modules|node:internal/)
    assert.ok(stderr.split('\n').length < 8, stderr)
  }
  assert.equal(await readdir(folder), ['events.jsonl'])
})

test('runs that were over before a signal are in the table, not in the file', async ({
  folder,
}) => {
  const json = join(folder, 'figures.json')
  const args = ['--query', 'q2', '--events', '100', '--rounds', '1000000', '--json', json]
  const child = spawn(process.execPath, [MAIN, ...args])
  let stdout = ''
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.once('data', () => child.kill('SIGINT'))
  const [code] = (await once(child, 'close')) as [number]
  assert.is(code, 130)
  assert.match(stdout, 'bids for every 123rd auction')
  assert.equal(await readdir(folder), [])
})

test('a signal stops it, and nothing is left behind', async ({ folder }) => {
  const output = join(folder, 'rows.jsonl')
  const args = ['--query', 'q0', '--events', '100000000', '--rate', '1000', '--output', output]
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const began = (): boolean => readdirSync(folder).some((name) => name.startsWith('rows.jsonl'))
  // What another process does with its files has no event here that all systems tell of.
  while (!began()) await setTimeout(20)
  child.kill('SIGINT')
  const [code] = (await ended) as [number]
  assert.is(code, 130)
  assert.equal(await readdir(folder), [])
})

test('a wrong command line is refused with what was expected', async () => {
  const wrong: readonly (readonly [string, ...string[]])[] = [
    ['expected q0 to q23', '--query', 'q24'],
    ['at least 1', '--events', '0'],
    ['a whole number', '--parallelism', 'two'],
    ['as in 500ms', '--checkpoint', '10'],
    ['rows of one query', '--query', 'q0,q1', '--output', 'x'],
    ['unknown option', '--evnts', '5'],
    ['would replace the file', '--input', 'x.jsonl', '--output', './x.jsonl'],
    ['divides 1000', '--group-size', '3'],
    ['there is no folder', '--json', join(tmpdir(), 'no', 'such', 'folder', 'figures.json')],
    ['it is a folder', '--json', tmpdir()],
    ['the path of a file', '--input', ''],
    ['the path of a file', '--output', ''],
  ]
  const outcomes = await Promise.all(wrong.map(([, ...args]) => nexmark(...args)))
  outcomes.forEach(({ code, stderr }, at) => {
    assert.is(code, 2, wrong[at]?.join(' '))
    assert.match(stderr, wrong[at]?.[0] as string)
  })
})

test.run()
