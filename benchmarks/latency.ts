/**
 * How late results are, in the manner of the Hazelcast Jet benchmarks: the moments of all records are fixed before anything runs, a
 * result is due at the end of its window, and what the source is late by counts.
 *
 * For queries 5 and 8 with an update every 20 ms and 10,000 keys, first the largest rate is looked for that is sustained: with windows
 * that are full, results keep coming, and 99 of 100 of them at most 100 ms late. At half of it latencies are measured. Beside that, records
 * through one keyed exchange.
 */
import type { Histogram } from 'hdr-histogram-js'
import { runJob, startCluster } from '../api/index.ts'
import type { LocalCluster } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Bounds, Figure } from './figure.ts'
import { keeping } from './kept-thread.ts'
import { readLatencies } from './latency/latency-sink.ts'
import { wantedQueries } from './nexmark/queries/queries.ts'
import { inTemporaryFolder } from './temporary-folder.ts'

const JOB = new URL('./latency/job.js', import.meta.url)
const PARALLELISM = 2
/** Until all threads are there. */
const LEAD_MS = 1_500
const SUSTAINED_MS = 100
const SUSTAINED_PERCENTILE = 99
const FIRST_RATE = 200_000
const LEAST_RATE = 1_000
const MOST_RATE = 12_800_000
/** Windows of query 5 have ten seconds: before, none is full and nothing leaves them. */
const SEARCH = { seconds: 15, warmup: 11 }
const MEASURE = { seconds: 22, warmup: 12 }
const EXCHANGE_RATE = 10_000
const ROUNDS = 1
const QUERY_BOUNDS = { reach: 25, aim: 10 }
const PERCENTILES = [50, 90, 99, 99.9, 99.99]

interface Load {
  readonly seconds: number
  readonly warmup: number
}

/** A query, or `exchange`, and the threads that it stays on. */
interface Subject {
  readonly what: string
  readonly host: LocalCluster
}

/** Measures, see the head of this file. */
export async function run({
  log,
  queries,
  rounds = ROUNDS,
}: BenchmarkOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const what of wantedQueries(queries, ['q5', 'q8', 'exchange'])) {
    const host = await startCluster({ slots: PARALLELISM })
    const subject = { what, host }
    const measured = await keeping([host], () =>
      what === 'exchange' ? exchange(subject, rounds) : query(subject, rounds, log),
    )
    figures.push(...measured)
  }
  return figures
}

async function query(
  subject: Subject,
  rounds: number,
  log: (line: string) => void,
): Promise<readonly Figure[]> {
  const { what } = subject
  const sustained = await largestRate(subject, log)
  const rate = Math.round(sustained / 2)
  log(`${what}: ${sustained} records/s are sustained, measuring at ${rate}`)
  const runs = await repeated(subject, rate, rounds)
  return [
    figure('latency', `${what}: largest rate that is sustained, records/s`, [sustained]),
    ...figuresOf(what, runs, new Map([[99.99, QUERY_BOUNDS]])),
  ]
}

async function exchange(subject: Subject, rounds: number): Promise<readonly Figure[]> {
  const runs = await repeated(subject, EXCHANGE_RATE, rounds)
  const bounds = new Map<number, Bounds>([
    [50, { reach: 1, aim: 0.3 }],
    [99, { reach: 5, aim: 2 }],
  ])
  return figuresOf('one keyed exchange', runs, bounds)
}

async function repeated(subject: Subject, rate: number, rounds: number): Promise<Histogram[]> {
  const runs: Histogram[] = []
  for (let round = 0; round < rounds; round++) runs.push(await latencies(subject, rate, MEASURE))
  return runs
}

function figuresOf(
  what: string,
  runs: readonly Histogram[],
  bounds: ReadonlyMap<number, Bounds>,
): Figure[] {
  return PERCENTILES.map((percentile) => {
    const milliseconds = runs.map((run) => run.getValueAtPercentile(percentile) / 1000)
    return figure(
      'latency',
      `${what}: ${percentile}th percentile, ms`,
      milliseconds,
      bounds.get(percentile),
    )
  })
}

/** Doubles or halves the rate until it is too much or not any more, and halves the gap twice. */
async function largestRate(subject: Subject, log: (line: string) => void): Promise<number> {
  let good = FIRST_RATE
  while (good >= LEAST_RATE && !(await isSustained(subject, good, log))) good /= 2
  if (good < LEAST_RATE)
    throw new Error(`latency: ${subject.what} does not sustain ${LEAST_RATE} records/s`)
  let bad = good * 2
  while (good >= FIRST_RATE && bad <= MOST_RATE && (await isSustained(subject, bad, log))) {
    good = bad
    bad *= 2
  }
  for (let step = 0; step < 2; step++) {
    const middle = Math.round((good + bad) / 2)
    if (await isSustained(subject, middle, log)) good = middle
    else bad = middle
  }
  return good
}

async function isSustained(
  subject: Subject,
  rate: number,
  log: (line: string) => void,
): Promise<boolean> {
  const found = await latencies(subject, rate, SEARCH)
  const [median, most] = [50, SUSTAINED_PERCENTILE].map(
    (percentile) => found.getValueAtPercentile(percentile) / 1000,
  ) as [number, number]
  log(
    `${subject.what}: at ${rate} records/s half of the results are at most ${median.toFixed(1)} ms late, ${SUSTAINED_PERCENTILE} % ${most.toFixed(1)} ms`,
  )
  return found.totalCount > 0 && most <= SUSTAINED_MS
}

async function latencies({ host, what }: Subject, rate: number, load: Load): Promise<Histogram> {
  return inTemporaryFolder('latency', async (folder) => {
    const start = Math.ceil(Date.now() / 1000) * 1000 + LEAD_MS
    const args = { what, rate, start, ...load, folder }
    await runJob(JOB, { host, parallelism: PARALLELISM, args }).result()
    return await readLatencies(folder)
  })
}
