/** Whole jobs over files that grow: stopped at once, and gone on with where they stood. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob, type JobHandle } from '../../../api/index.ts'
import { csvSource } from '../../../connectors/csv/index.ts'
import { jsonLinesSink, jsonLinesSource } from '../../../connectors/json-lines/index.ts'
import type { Source } from '../../../operators/source.ts'
import { leftovers } from '../../runner/expect.ts'
import { withFolder } from '../drive.ts'

interface Row {
  readonly n: number
}

const KINDS = {
  'JSON Lines': {
    head: '',
    line: (n: number) => `{"n":${n}}\n`,
    source: (path: string): Source<Row> =>
      jsonLinesSource({ path, follow: { pollMs: 2 }, parse: (value) => value as { n: number } }),
  },
  CSV: {
    head: 'n\n',
    line: (n: number) => `${n}\n`,
    source: (path: string): Source<Row> =>
      csvSource({ path, follow: { pollMs: 2 }, columns: { n: 'number' } }),
  },
}

async function read(handle: JobHandle, records: number): Promise<void> {
  while ((await handle.metrics()).totals.recordsRead < records) await new Promise(setImmediate)
}

async function endsCancelled(handle: JobHandle): Promise<void> {
  handle.result().catch(() => {})
  await handle.cancel()
  assert.is(handle.state, 'cancelled')
}

const lines = (line: (n: number) => string, from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('')

for (const [kind, { head, line, source }] of Object.entries(KINDS)) {
  test(`a job over a growing ${kind} file goes on from its checkpoint, in the middle of a line too`, () =>
    withFolder(async (folder) => {
      const nothingLeft = leftovers()
      const [path, output] = ['growing', 'out.jsonl'].map((name) => join(folder, name)) as [
        string,
        string,
      ]
      const job = defineJob('follows', (env) => {
        env.from(source(path), { uid: 'rows' }).to(jsonLinesSink({ path: output }), { uid: 'out' })
      })
      const options = {
        parallelism: 1,
        checkpoints: { directory: join(folder, 'checkpoints') },
        resume: true,
      }
      writeFileSync(path, head + lines(line, 0, 100) + line(100).slice(0, -2))
      const first = runJob(job, options)
      await read(first, 100)
      const { id } = await first.checkpoint()
      assert.is(id, 1)
      appendFileSync(path, line(100).slice(-2) + lines(line, 101, 150))
      await read(first, 150)
      await endsCancelled(first)
      assert.not.ok(existsSync(output), 'it never ends, so nothing is final')

      const second = runJob(job, options)
      await read(second, 50)
      appendFileSync(path, lines(line, 150, 160))
      await read(second, 60)
      await second.checkpoint()
      await endsCancelled(second)
      const third = runJob(job, options)
      appendFileSync(path, lines(line, 160, 161))
      await read(third, 1)
      assert.is((await third.metrics()).totals.recordsRead, 1)
      await endsCancelled(third)
      await nothingLeft()
    }))
}

test('a job that waits for a file to grow is cancelled at once, whatever the time between two looks', () =>
  withFolder(async (folder) => {
    const nothingLeft = leftovers()
    const path = join(folder, 'log')
    writeFileSync(path, '1\n')
    const job = defineJob('waits', (env) => {
      env.from(jsonLinesSource({ path, follow: { pollMs: 3_600_000 } })).collect('lines')
    })
    const handle = runJob(job, { parallelism: 1 })
    await read(handle, 1)
    await endsCancelled(handle)
    await nothingLeft()
    assert.is(readFileSync(path, 'utf8'), '1\n')
  }))

test.run()
