/**
 * The jobs whose latency is measured give the results they should, and each that is due in time counts once. All records are overdue
 * here, so nothing waits.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../api/index.ts'
import { readLatencies } from '../../benchmarks/latency/latency-sink.ts'

const JOB = new URL('../../benchmarks/latency/job.js', import.meta.url)
const AN_HOUR_MS = 3_600_000

async function counted(what: string): Promise<{ count: number; leastMs: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-latency-'))
  try {
    const start = Math.floor(Date.now() / 1000) * 1000 - AN_HOUR_MS / 2
    const args = { what, rate: 1_000, start, seconds: 2, warmup: 1, folder }
    await runJob(JOB, { host: 'inline', parallelism: 2, args }).result()
    const found = await readLatencies(folder)
    return { count: found.totalCount, leastMs: found.minNonZeroValue / 1000 }
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('every record that is due behind the warm-up counts once, late by what the source was late', async () => {
  const { count, leastMs } = await counted('exchange')
  assert.is(count, 1_000)
  assert.ok(leastMs > AN_HOUR_MS / 2 - 10_000)
})

test('q5: there is a result every 20 ms', async () => {
  assert.is((await counted('q5')).count, 50)
})

test('q8: there is a result for everybody who registers and sells in the same 20 ms', async () => {
  assert.is((await counted('q8')).count, 500)
})

test.run()
