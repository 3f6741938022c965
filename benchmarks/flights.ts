/**
 * The whole flights job at parallelism 2, threads and output file included, against one hand-written loop over the same reader that
 * writes the same file. Both start with fresh threads, as a program does that is run once.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { runJob } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { alternate, ratios } from './measure.ts'

const JOB = new URL('../examples/flights.js', import.meta.url)
const FLIGHTS = 3_000_000
const LOOP = new URL('./flights/loop.js', import.meta.url)

/** Runs the comparison: million flights per second, from the call to the end. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  try {
    log(`${FLIGHTS} flights per run`)
    const runs = await alternate({
      job: () => timed(() => job(2, join(folder, 'job.jsonl'))),
      single: () => timed(() => job(1, join(folder, 'single.jsonl'))),
      loop: () => timed(() => loop(join(folder, 'loop.jsonl'))),
      twoLoops: async () => {
        const both = ['a.jsonl', 'b.jsonl'].map((name) => timed(() => loop(join(folder, name))))
        const [a, b] = await Promise.all(both)
        return (a ?? 0) + (b ?? 0)
      },
    })
    return [
      figure('flights', 'job at parallelism 2, million flights/s', runs.job),
      figure('flights', 'job at parallelism 1, million flights/s', runs.single),
      figure('flights', 'hand-written loop, million flights/s', runs.loop),
      figure('flights', 'job at parallelism 2 / loop', ratios(runs.job, runs.loop), {
        reach: 1.5,
        aim: 1.9,
      }),
      figure('flights', 'job at parallelism 1 / loop', ratios(runs.single, runs.loop)),
      // What two threads of this machine can do at the most that have nothing to say to each other.
      figure('flights', 'two loops at once / loop', ratios(runs.twoLoops, runs.loop)),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function timed(work: () => Promise<number>): Promise<number> {
  const start = performance.now()
  const flights = await work()
  if (flights !== FLIGHTS) throw new Error(`expected ${FLIGHTS} flights, got ${flights}`)
  return FLIGHTS / (performance.now() - start) / 1000
}

async function job(parallelism: number, output: string): Promise<number> {
  const handle = runJob(JOB, { parallelism, args: { output } })
  for await (const row of handle.collect('worst airport-hours')) void row
  return (await handle.result()).totals.recordsRead
}

async function loop(output: string): Promise<number> {
  const worker = new Worker(LOOP, { workerData: output })
  const [flights] = (await once(worker, 'message')) as [number]
  await worker.terminate()
  return flights
}
