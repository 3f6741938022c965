/** Whole jobs with incremental checkpoints in a directory: gone on with, and with a file damaged on which others build. */
import { mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, noRestart, runJob, valueState } from '../../../api/index.ts'
import type { JobHandle, RunOptions } from '../../../api/index.ts'
import { directoryCatalog } from '../../../checkpoint/store/directory-store.ts'
import { slowly } from './fixtures/checkpoints.ts'

const TOTAL = 40_000
const KEYS = 1_000
const folder = mkdtempSync(join(tmpdir(), 'millrace-incremental-'))
let runs = 0

test.after(() => {
  rmSync(folder, { recursive: true })
})

/** Counts by key, a few keys at a time, so that most state does not change between two checkpoints; shows the last count of each key. */
const counting = defineJob(
  { name: 'counting', args: { pauseMs: { type: 'integer', default: 0 } } },
  (env, { pauseMs }) => {
    env
      .from(slowly(TOTAL, pauseMs), { uid: 'numbers' })
      .keyBy((n) => Math.floor(n / (TOTAL / KEYS)))
      .process(
        {
          state: { seen: valueState<number>({ initial: () => 0 }) },
          processRecord(_n, { key, state }, emit: (shown: string) => void) {
            const seen = state.seen.get() + 1
            state.seen.set(seen)
            if (seen === TOTAL / KEYS) emit(`${key}: ${seen}`)
          },
        },
        { uid: 'counts' },
      )
      .collect('counts')
  },
)

/** Asked again and again: a handle tells nobody when its figures change. */
async function recordsRead(handle: JobHandle, atLeast: number): Promise<void> {
  while ((await handle.metrics()).totals.recordsRead < atLeast)
    await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Runs until there are four checkpoints, each of them with more records, and cancels. Returns what was shown. */
async function interrupted(directory: string, options: RunOptions): Promise<string[]> {
  const handle = runJob(counting, { ...options, args: { pauseMs: 1 } })
  const shown: string[] = []
  const showing = (async () => {
    for await (const line of handle.collect<string>('counts')) shown.push(line)
  })().catch(() => {})
  for (const records of [4_000, 5_000, 6_000, 7_000]) {
    await recordsRead(handle, records)
    await handle.checkpoint()
  }
  await handle.cancel()
  await showing
  assert.is((await directoryCatalog(directory).list()).length, 4)
  return shown
}

async function rest(options: RunOptions): Promise<string[]> {
  const handle = runJob(counting, options)
  const shown: string[] = []
  for await (const line of handle.collect<string>('counts')) shown.push(line)
  await handle.result()
  return shown
}

const EXPECTED = Array.from({ length: KEYS }, (_, key) => `${key}: ${TOTAL / KEYS}`).toSorted()

for (const parallelism of [1, 3]) {
  test(`a job goes on from an increment at parallelism ${parallelism}`, async () => {
    const directory = join(folder, String(++runs))
    const options = { checkpoints: { directory, incremental: true, keep: 10 }, resume: true }
    const before = await interrupted(directory, { ...options, parallelism: 2 })
    const { metadata: newest } = await directoryCatalog(directory).latest()
    assert.ok(newest?.parts.some(({ file }) => file.startsWith('checkpoint-000001/')))
    assert.ok(newest?.parts.some(({ file }) => file.includes('increment-4')))
    const after = await rest({ ...options, parallelism })
    assert.equal([...before, ...after].toSorted(), EXPECTED)
  })
}

test('where a file is damaged on which others build, none of them is gone on from', async () => {
  const directory = join(folder, String(++runs))
  const options = { checkpoints: { directory, incremental: true, keep: 10 }, resume: true }
  const before = await interrupted(directory, { ...options, parallelism: 2 })
  const catalog = directoryCatalog(directory)
  const { metadata } = await catalog.latest()
  const second = metadata?.parts.find(({ file }) => file.includes('increment-2'))
  assert.ok(second)
  truncateSync(join(directory, second?.file ?? ''), 10)
  const { metadata: whole, skipped } = await catalog.latest()
  // The first has files of its own only.
  assert.is(whole?.id, 1)
  assert.is(skipped.length, 3)
  const after = await rest({ ...options, parallelism: 1, restart: noRestart() })
  // What was shown before was told by checkpoints that are lost: the keys behind the first one are shown again.
  assert.equal([...new Set([...before, ...after])].toSorted(), EXPECTED)
})

test.run()
