/** No two sinks write one file at the same time: the one would replace what the other has written, and nobody would hear of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../../api/index.ts'
import type { JobDefinition, Sink } from '../../../api/index.ts'
import { arraySource, iterableSource } from '../../../connectors/collection/index.ts'
import { csvSink } from '../../../connectors/csv/index.ts'
import { jsonLinesSink } from '../../../connectors/json-lines/index.ts'
import { rejects } from '../../runner/expect.ts'

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-shared-'))
  try {
    await body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const run = (job: JobDefinition): Promise<unknown> =>
  runJob(job, { host: 'inline', parallelism: 1 }).result()

const writing = (...sinks: readonly Sink<object>[]): JobDefinition =>
  defineJob('writing', (env) => {
    sinks.forEach((sink, from) => {
      env.from(arraySource([{ from }, { from }])).to(sink, { name: `sink ${from}` })
    })
  })

test('two sinks of a job with one file are refused before anything is written, however its path is spelt', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'out.jsonl')
    const link = join(folder, 'link')
    symlinkSync(folder, link)
    const spellings: readonly Sink<object>[] = [
      jsonLinesSink({ path }),
      jsonLinesSink({ path: relative(process.cwd(), path) }),
      jsonLinesSink({ path: join(link, 'out.jsonl') }),
      csvSink({ path }),
    ]
    for (const sink of spellings) {
      const error = await rejects(run(writing(jsonLinesSink({ path }), sink)), {
        code: 'OUTPUT_IN_USE',
        message: /'sink 1' writes to .*out\.jsonl, and so does 'sink 0' at .*shared-outputs/,
      })
      assert.match(String(error), /\(at .*shared-outputs\.test\.js/)
    }
    assert.equal(readdirSync(folder), ['link'])
  }))

test('a job is refused the file that another one in the process writes, and gets it afterwards', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'out.jsonl')
    let letGo = (): void => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const slow = defineJob('slow', (env) => {
      const values = async function* (): AsyncGenerator<object> {
        yield { from: 'slow' }
        await held
      }
      env.from(iterableSource(values)).to(jsonLinesSink({ path }))
    })
    const first = runJob(slow, { host: 'inline', parallelism: 1 })
    await first.collected()
    await rejects(run(writing(jsonLinesSink({ path }))), {
      code: 'OUTPUT_IN_USE',
      message: /of the job 'slow', which still runs in this process/,
    })
    letGo()
    await first.result()
    assert.is(readFileSync(path, 'utf8'), '{"from":"slow"}\n')
    await run(writing(jsonLinesSink({ path })))
    assert.is(readFileSync(path, 'utf8'), '{"from":0}\n{"from":0}\n')
    // A job that was refused or failed keeps nothing either.
    await rejects(run(writing(jsonLinesSink({ path }), jsonLinesSink({ path }))))
    const endless = runJob(
      defineJob('endless', (env) => {
        env
          .from(iterableSource(() => [1]))
          .map(() => {
            throw new Error('no')
          })
          .to(jsonLinesSink({ path }))
      }),
      { host: 'inline', parallelism: 1 },
    )
    await rejects(endless.result(), { message: /no/ })
    await run(writing(jsonLinesSink({ path })))
  }))

test('a job that is cancelled gives its outputs back, even while a sink is asked for its own', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'out.jsonl')
    let asked = (): void => {}
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    const silent: Sink<object> = {
      ...jsonLinesSink({ path: join(folder, 'other.jsonl') }),
      exclusiveOutput: () => {
        asked()
        return new Promise(() => {})
      },
    }
    const job = writing(jsonLinesSink({ path }), silent)
    const waiting = runJob(job, { host: 'inline', parallelism: 1 })
    await isAsked
    await waiting.cancel()
    await rejects(waiting.result(), { code: 'JOB_CANCELLED' })
    await run(writing(jsonLinesSink({ path })))
    assert.equal(readdirSync(folder), ['out.jsonl'])
  }))

test('a sink names its output by a text, or not at all', async () => {
  for (const name of [null, 0, '', {}]) {
    const sink = { ...jsonLinesSink({ path: '/dev/null' }), exclusiveOutput: () => name as never }
    await rejects(run(writing(sink)), {
      code: 'INVALID_SINK',
      message: /exclusiveOutput of 'sink 0' must/,
    })
  }
})

test("a device is nobody's own, and different files are no obstacle", () =>
  inFolder(async (folder) => {
    const device = jsonLinesSink({ path: '/dev/null' })
    const files = ['a', 'b'].map((name) => jsonLinesSink({ path: join(folder, name) }))
    const job = defineJob({ name: 'several' }, (env) => {
      for (const sink of [device, device, ...files]) {
        env.from(arraySource([{}])).to(sink, { parallelism: 1 })
      }
    })
    await runJob(job, { host: 'inline', parallelism: 1 }).result()
    assert.equal(readdirSync(folder).toSorted(), ['a', 'b'])
  }))

test.run()
