/** Sinks that write files, in simulations that read them. */
import { existsSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob } from '../../../../api/index.ts'
import { simulateJob } from '../../../../api/testing/index.ts'
import type { ReadFiles } from '../../../../api/testing/index.ts'
import { fileSink } from '../../../../connectors/file-sink/index.ts'
import { jsonLines } from '../../../../connectors/json-lines/index.ts'
import { leftovers, rejects } from '../../../runner/expect.ts'
import { numbers } from '../../execution/fixtures/numbers.ts'

const DIRECTORY = '/no-such-folder/of-millrace'

const job = defineJob('writes', (env) => {
  env
    .from(numbers(20, 10))
    .to(fileSink({ directory: DIRECTORY, format: jsonLines() }), { name: 'files' })
})

/** The rows of the visible files. */
const readFiles: ReadFiles = (files) => {
  const visible = [...files].filter(([path]) => !/\/\.[^/]*$/.test(path))
  const texts = visible.map(([, bytes]) => Buffer.from(bytes).toString().trimEnd())
  return { files: texts.flatMap((text) => text.split('\n').map(Number)) }
}

test('they write onto the simulated disk, and the rows in their files are outputs', async () => {
  const nothingLeft = leftovers()
  const report = await simulateJob(job, { seeds: 25, readFiles })
  assert.equal(report.failures, [])
  assert.equal(report.rows, { files: 20 })
  assert.not.ok(existsSync('/no-such-folder'))
  await nothingLeft()
})

test('without a reader they write nothing, and what they are given counts', async () => {
  const report = await simulateJob(job, { seeds: 5 })
  assert.equal(report.failures, [])
  assert.equal(report.rows, { files: 20 })
})

test('it sees hidden files too, but none of the checkpoints', async () => {
  const seen = new Set<string>()
  await simulateJob(job, {
    seeds: 10,
    faults: ['process'],
    readFiles: (files) => {
      for (const path of files.keys()) seen.add(path)
      return readFiles(files)
    },
  })
  assert.ok([...seen].every((path) => path.startsWith(`${DIRECTORY}/`)))
  assert.ok([...seen].some((path) => path.includes('/.part-')))
})

test('what it throws is wrong output', async () => {
  let calls = 0
  const { failures } = await simulateJob(job, {
    seeds: 5,
    readFiles: (files) => {
      // The first look is that at the undisturbed run.
      if (calls++ > 0) throw new Error('a line is torn')
      return readFiles(files)
    },
  })
  assert.is(failures[0]?.kind, 'wrong output')
  assert.match(failures[0]?.message ?? '', /the files behind process \d+: a line is torn/)
})

test('a reader that is no function is refused', async () => {
  const wrong = { readFiles: 'files' as unknown as ReadFiles }
  await rejects(simulateJob(job, wrong), { code: 'INVALID_ARGUMENT', message: /readFiles/ })
})

test.run()
