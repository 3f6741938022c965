/** The examples of docs/checkpoints.md are those of its guide, and do what the page says. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../api/index.ts'
import { arraySource } from '../../connectors/collection/index.ts'
import { withFolder } from '../connectors/drive.ts'
import { duckdb } from '../connectors/duckdb.ts'
import { filesBelow } from '../connectors/two-phase-rig.ts'
import { batches, careful, clicksPerMinute, move, run, write } from './checkpoints-guide.ts'
import { checkPage } from './page.ts'

test('every example of the page is a region of the guide', () =>
  checkPage('docs/checkpoints.md', 'test/docs/checkpoints-guide.ts'))

/** A folder with clicks of so many minutes, and the rows that they make. */
function clicksIn(
  folder: string,
  minutes = 5,
): { readonly input: string; readonly rows: string[] } {
  const input = join(folder, 'clicks.jsonl')
  const clicks = Array.from({ length: minutes * 60 }, (_, n) => ({
    page: `/${n % 3}`,
    at: n * 1_000,
  }))
  writeFileSync(input, clicks.map((click) => `${JSON.stringify(click)}\n`).join(''))
  const rows = Array.from({ length: minutes * 3 }, (_, n) =>
    JSON.stringify({ page: `/${n % 3}`, windowStart: Math.floor(n / 3) * 60_000, clicks: 20 }),
  )
  return { input, rows: rows.toSorted() }
}

function rowsIn(output: string): string[] {
  return filesBelow(output)
    .filter((file) => !file.startsWith('.'))
    .flatMap((file) => readFileSync(join(output, file), 'utf8').trim().split('\n'))
    .toSorted()
}

test('the first job writes its files once, however often it is started', () =>
  withFolder(async (folder) => {
    const { input, rows } = clicksIn(folder)
    const [output, checkpoints] = [join(folder, 'out'), join(folder, 'checkpoints')]
    for (let start = 0; start < 2; start++) {
      await run(input, output, checkpoints).result()
      assert.equal(rowsIn(output), rows)
    }
  }))

test('the careful job gives the same', () =>
  withFolder(async (folder) => {
    const { input, rows } = clicksIn(folder)
    const { restarts } = await careful(input, join(folder, 'out')).result()
    assert.is(restarts, 0)
    assert.equal(rowsIn(join(folder, 'out')), rows)
  }))

test('a job moves by a savepoint to another parallelism', () =>
  withFolder(async (folder) => {
    // So many that it is not over before it is told to stop.
    const { input, rows } = clicksIn(folder, 1_000)
    const args = { input, output: join(folder, 'out') }
    const old = runJob(clicksPerMinute, { args, parallelism: 1 })
    old.result().catch(() => {})
    while (old.state !== 'running') await new Promise(setImmediate)
    const handle = await move(old, join(folder, 'savepoints'), args)
    await handle.result()
    assert.equal(rowsIn(args.output), rows)
  }))

test('the folders are filled', () =>
  withFolder(async (folder) => {
    const flights = Array.from({ length: 100 }, (_, n) => ({
      origin: `A${n % 4}`,
      delay: n % 10 === 0 ? null : n,
      at: n * 3_600_000,
    }))
    const job = defineJob('flights', (env) => {
      write(env.from(arraySource(flights)), folder)
    })
    await runJob(job, { parallelism: 1 }).result()
    assert.equal(readdirSync(join(folder, 'parquet')), [
      '1970-01-01',
      '1970-01-02',
      '1970-01-03',
      '1970-01-04',
      '1970-01-05',
    ])
    const [sums] = await duckdb(
      `select count(*)::int as n, sum(delay)::int as delays from read_parquet('${folder}/parquet/*/*.parquet')`,
    )
    assert.equal(sums, {
      n: 100,
      delays: flights.reduce((sum, { delay }) => sum + (delay ?? 0), 0),
    })
    assert.is(rowsIn(join(folder, 'lines')).length, 100)
  }))

test('the plain sink shows each record once', () =>
  withFolder(async (folder) => {
    const output = join(folder, 'out')
    mkdirSync(output)
    const job = defineJob('plain', (env) => {
      const records = Array.from({ length: 50 }, (_, n) => ({ n }))
      env.from(arraySource(records)).to(batches(output))
    })
    await runJob(job, { parallelism: 2, checkpoints: { intervalMs: 1 } }).result()
    const numbers = rowsIn(output).map((line) => (JSON.parse(line) as { readonly n: number }).n)
    assert.equal(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, n) => n),
    )
  }))

test.run()
