/**
 * What checkpoints cost a job that has little state: the keyed flights job at parallelism 2, output file included, on threads that stay from run to run, with a
 * checkpoint every second into a directory, against the same job without any. Every 200 ms is there to see where the cost goes.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runJob, startCluster } from '../api/index.ts'
import type { LocalCluster } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { keeping } from './kept-thread.ts'
import { alternate, perSecond, ratios } from './measure.ts'
import { inTemporaryFolder } from './temporary-folder.ts'

const JOB = new URL('../examples/flights.js', import.meta.url)
const FLIGHTS = 3_000_000
const ROUNDS = 5

/** Runs the comparison: million flights per second, from the call to the end, the last checkpoint included. */
export async function run({ log, rounds = ROUNDS }: BenchmarkOptions): Promise<readonly Figure[]> {
  return inTemporaryFolder('bench', async (folder) => {
    const host = await startCluster({ slots: 2 })
    const every = (intervalMs: number | undefined) => (): Promise<number> =>
      measure({ host, folder, intervalMs }, log)
    const competitors = { none: every(undefined), second: every(1_000), often: every(200) }
    const runs = await keeping([host], () => alternate(competitors, { rounds, warmups: 'steady' }))
    return [
      figure('checkpoints', 'none, million flights/s', runs.none),
      figure('checkpoints', 'every second, million flights/s', runs.second),
      figure('checkpoints', 'every second / none', ratios(runs.second, runs.none), {
        reach: 0.9,
        aim: 0.97,
      }),
      figure('checkpoints', 'every 200 ms / none', ratios(runs.often, runs.none)),
    ]
  })
}

interface Setting {
  readonly host: LocalCluster
  readonly folder: string
  readonly intervalMs: number | undefined
}

async function measure(
  { host, folder, intervalMs }: Setting,
  log: BenchmarkOptions['log'],
): Promise<number> {
  const directory = join(folder, 'checkpoints')
  const handle = runJob(JOB, {
    host,
    parallelism: 2,
    args: { output: join(folder, 'out.jsonl') },
    ...(intervalMs !== undefined && { checkpoints: { directory, intervalMs } }),
  })
  const speed = await perSecond(FLIGHTS / 1_000_000, async () => {
    for await (const row of handle.collect('worst airport-hours')) void row
    const { totals } = await handle.result()
    if (totals.recordsRead !== FLIGHTS)
      throw new Error(`expected ${FLIGHTS} flights, got ${totals.recordsRead}`)
  })
  const { checkpoints } = await handle.result()
  const made = intervalMs === undefined ? 'no checkpoints' : `${checkpoints.completed} checkpoints`
  log(`${speed.toFixed(2)} million flights/s, ${made}`)
  await rm(directory, { recursive: true, force: true })
  return speed
}
