/**
 * The whole flights job at parallelism 2, threads and output file included, against one hand-written loop over the same reader that
 * writes the same file.
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runJob } from '../api/index.ts'
import { parquetSource } from '../connectors/parquet/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { alternate, ratios } from './measure.ts'

const JOB = new URL('../examples/flights.js', import.meta.url)
const FLIGHTS = 3_000_000
const HOUR_MS = 3_600_000
const FLUSH_CHARACTERS = 1_000_000

/** Runs the comparison: million flights per second, from the call to the end. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  try {
    log(`${FLIGHTS} flights per run`)
    const runs = await alternate({
      job: () => timed(() => job(2, join(folder, 'job.jsonl'))),
      single: () => timed(() => job(1, join(folder, 'single.jsonl'))),
      loop: () => timed(() => loop(join(folder, 'loop.jsonl'))),
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

interface Delays {
  flights: number
  sum: number
  max: number
  delayed: number
}

/** What somebody would write who needs just this answer, once, on one thread. */
async function loop(output: string): Promise<number> {
  const entry = import.meta.resolve('vega-datasets')
  const source = parquetSource({
    path: fileURLToPath(new URL('../data/flights-3m.parquet', entry)),
    columns: { date: 'timestamp', delay: 'number', origin: 'string' },
  })
  const file = await open(output, 'w')
  const hours = new Map<number, Map<string, Delays>>()
  const splits = await source.enumerate({ parallelism: 1 })
  const signal = new AbortController().signal
  const context = { subtaskIndex: 0, parallelism: 1, batchSize: 1024, signal }
  let flights = 0
  for (;;) {
    const split = await splits.next(0)
    if (split === undefined) break
    const reader = await source.open(split, context)
    for (let rows = await reader.read(); rows !== undefined; rows = await reader.read()) {
      flights += rows.length
      for (const { date, delay, origin } of rows) {
        const hour = Math.floor(date / HOUR_MS)
        let airports = hours.get(hour)
        if (airports === undefined) hours.set(hour, (airports = new Map()))
        let delays = airports.get(origin)
        if (delays === undefined) {
          delays = { flights: 0, sum: 0, max: -Infinity, delayed: 0 }
          airports.set(origin, delays)
        }
        delays.flights++
        delays.sum += delay
        if (delay > delays.max) delays.max = delay
        if (delay > 15) delays.delayed++
      }
    }
    await reader.close?.()
  }
  await splits.close?.()
  let text = ''
  for (const [hour, airports] of hours) {
    const windowStart = new Date(hour * HOUR_MS).toISOString()
    const windowEnd = new Date((hour + 1) * HOUR_MS).toISOString()
    for (const [origin, { flights: n, sum, max, delayed }] of airports) {
      const row = { origin, windowStart, windowEnd, flights: n, meanDelay: sum / n, maxDelay: max }
      text += `${JSON.stringify({ ...row, delayedShare: delayed / n })}\n`
      if (text.length < FLUSH_CHARACTERS) continue
      await file.write(text)
      text = ''
    }
  }
  await file.write(text)
  await file.close()
  return flights
}
