/** For real: the flights job, killed at random moments and started again until it ends, gives DuckDB's answer. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { differences, flightsAnswer, worstHours } from '../examples/flights-answer.ts'
import { killUntilDone } from './killed-flights.ts'
import type { KilledRuns } from './killed-flights.ts'

export const deadlineMs = 300_000

interface Context {
  folder: string
  duckdb: DuckDBConnection
}

const test = suite<Context>('kills')

test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'millrace-kills-'))
  context.duckdb = await flightsAnswer()
})

test.after(async (context) => {
  context.duckdb.closeSync()
  await rm(context.folder, { recursive: true })
})

/** The output is right, and nothing else lies beside it. */
async function assertRight({ duckdb }: Context, folder: string, runs: KilledRuns): Promise<void> {
  assert.is(await differences(duckdb, runs.output), 0)
  assert.equal((await readdir(folder)).toSorted(), ['checkpoints', 'out.jsonl'])
  const worst = runs.worst.map(({ origin, windowStart }) => [origin, windowStart])
  if (worst.length > 0) assert.equal(worst, await worstHours(duckdb))
}

test('killed 30 times and started again, the job leaves the output of one that was not', async (context) => {
  let [kills, inside, resumed] = [0, 0, 0]
  for (let seed = 1; kills < 30; seed++) {
    const folder = join(context.folder, `seed-${seed}`)
    const runs = await killUntilDone({ folder, seed, kills: 30 - kills, parallelisms: [2] })
    await assertRight(context, folder, runs)
    kills += runs.kills
    inside += runs.insideCheckpoints
    resumed += runs.resumedFrom.size
  }
  assert.ok(inside > 0, 'no kill was inside a checkpoint')
  assert.ok(resumed > 2, `${resumed} checkpoints were gone on from`)
})

test('killed and started again at parallelism 1, then 3, then 2, it gives the same', async (context) => {
  const folder = join(context.folder, 'rescaled')
  const parallelisms = [1, 3, 2, 1, 3, 2]
  const runs = await killUntilDone({ folder, seed: 7, kills: 5, parallelisms })
  await assertRight(context, folder, runs)
  assert.ok(runs.kills >= 3, `${runs.kills} kills`)
})

test.run()
