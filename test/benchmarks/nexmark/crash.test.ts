/**
 * Every query gives DuckDB's rows when a thread dies in the middle and the job goes on from a checkpoint, at parallelism 1, 2 and 3.
 */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fixedDelayRestart, runJob } from '../../../api/index.ts'
import type { JobHandle } from '../../../api/index.ts'
import { QUERIES } from '../../../benchmarks/nexmark/queries/queries.ts'
import { createOracle, differences, expectedRows, removeOracle, rowsOf } from './oracle.ts'
import type { Oracle } from './oracle.ts'

export const deadlineMs = 480_000

const JOB = new URL('./fixtures/dying-nexmark.js', import.meta.url)
const EVENTS = Number(process.env['NEXMARK_EVENTS'] ?? 12_000)
const DISORDER = 100
/** At a rate, however high, each reader has a share of the events. */
const RATE = 1_000_000
const PARALLELISMS = process.env['NEXMARK_EVENTS'] === undefined ? [2] : [1, 2, 3]
/** Depends on when bids of one moment arrive, which only one reader fixes. */
const BY_ARRIVAL = new Set(['q18', 'q19'])
/** Depends on the clock. */
const BY_CLOCK = 'q12'
const LOOK_EVERY_MS = 5

const test = suite<Oracle>('nexmark queries and a crash')

test.before(async (context) => {
  Object.assign(context, await createOracle(EVENTS, DISORDER))
})

test.after(removeOracle)

for (const query of Object.keys(QUERIES)) {
  if (query === BY_CLOCK) continue
  test(`${query} goes on from a checkpoint as if nothing had happened`, async (oracle) => {
    const expected = await expectedRows(oracle, query)
    for (const parallelism of PARALLELISMS) {
      const folder = join(oracle.folder, `${query}-${parallelism}`)
      await mkdir(folder)
      const output = join(folder, 'rows.jsonl')
      const from = BY_ARRIVAL.has(query)
        ? { input: oracle.input }
        : { events: EVENTS, groupSize: DISORDER, rate: RATE }
      const handle = runJob(JOB, {
        parallelism,
        args: { query, output, marks: folder, ...from },
        checkpoints: { directory: join(folder, 'checkpoints'), intervalMs: 20 },
        restart: fixedDelayRestart({ attempts: 3, delayMs: 1 }),
      })
      await letDie(handle, folder)
      assert.is((await handle.result()).restarts, 1)
      const wrong = differences(await rowsOf(output), expected)
      assert.equal(wrong, [], `at parallelism ${parallelism}`)
    }
  })
}

/** Lets a thread die when there is a checkpoint that has what was read until all readers stopped. */
async function letDie(handle: JobHandle, folder: string): Promise<void> {
  const ended = handle.result().then(
    () => true,
    () => true,
  )
  const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await isSo()) && !(await Promise.race([ended, setTimeout(LOOK_EVERY_MS, false)])));
  }
  const completed = async (): Promise<number> => (await handle.metrics()).checkpoints.completed
  await until(() => existsSync(join(folder, 'stopped')))
  const before = await completed()
  // The next one may have begun before.
  await until(async () => (await completed()) >= before + 2)
  await writeFile(join(folder, 'go'), '')
}

test.run()
