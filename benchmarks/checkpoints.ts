/**
 * What checkpoints cost a job that has little state: the keyed flights job at parallelism 2, threads and output file included, with a
 * checkpoint every second into a directory, against the same job without any. Every 200 ms is there to see where the cost goes.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runJob } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { alternate, perSecond, ratios } from './measure.ts'

const JOB = new URL('../examples/flights.js', import.meta.url)
const FLIGHTS = 3_000_000

/** Runs the comparison: million flights per second, from the call to the end, the last checkpoint included. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  try {
    const none = (): Promise<number> => measure(folder, undefined, log)
    const second = (): Promise<number> => measure(folder, 1_000, log)
    const often = (): Promise<number> => measure(folder, 200, log)
    const runs = await alternate({ none, second, often }, { rounds: 5 })
    return [
      figure('checkpoints', 'none, million flights/s', runs.none),
      figure('checkpoints', 'every second, million flights/s', runs.second),
      figure('checkpoints', 'every second / none', ratios(runs.second, runs.none), {
        reach: 0.9,
        aim: 0.97,
      }),
      figure('checkpoints', 'every 200 ms / none', ratios(runs.often, runs.none)),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measure(
  folder: string,
  intervalMs: number | undefined,
  log: BenchmarkOptions['log'],
): Promise<number> {
  const directory = join(folder, 'checkpoints')
  const handle = runJob(JOB, {
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
