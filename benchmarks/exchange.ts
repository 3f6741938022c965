/**
 * Two slots, each source → keyBy → count over full bids; half of the records cross. Millrace against itself with plain msgpack
 * frames, and against arrays of 256 by postMessage, written by hand. Every record crosses by itself: aggregating in two phases is off,
 * but for one row that shows what a user gets who changes nothing.
 */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { runJob } from '../api/index.ts'
import type { CodecName, RunOptions } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import { alternate, ratios } from './measure.ts'

const THREADS = 2
/** Records of each thread in one run. */
const RECORDS = 4_000_000
const JOB = new URL('./exchange/job.js', import.meta.url)
const WORKER = new URL('./exchange/post-message-worker.js', import.meta.url)

/** Runs the comparison: million records per second, all threads together. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  log(`${THREADS} threads, ${RECORDS} bids each per run`)
  const runs = await alternate({
    columns: () => job('columns'),
    msgpack: () => job('msgpack'),
    twoPhases: () => job('columns', 'auto'),
    postMessage,
  })
  return [
    figure('exchange', 'columns, million records/s', runs.columns),
    figure('exchange', 'plain msgpack frames, million records/s', runs.msgpack),
    figure('exchange', 'postMessage by hand, million records/s', runs.postMessage),
    figure('exchange', 'columns in two phases, million records/s', runs.twoPhases),
    figure('exchange', 'columns / msgpack', ratios(runs.columns, runs.msgpack), {
      reach: 2.5,
      aim: 3,
    }),
    figure('exchange', 'columns / postMessage', ratios(runs.columns, runs.postMessage), {
      reach: 5,
      aim: 10,
    }),
  ]
}

async function job(
  codec: CodecName,
  preAggregation: NonNullable<RunOptions['preAggregation']> = 'off',
): Promise<number> {
  const { durationMs, totals } = await runJob(JOB, {
    parallelism: THREADS,
    codec,
    preAggregation,
    args: { splits: THREADS, records: RECORDS },
  }).result()
  if (totals.recordsRead !== THREADS * RECORDS) throw new Error('records are missing')
  return totals.recordsRead / durationMs / 1000
}

async function postMessage(): Promise<number> {
  const { port1, port2 } = new MessageChannel()
  const workers = [port1, port2].map((peer, index) => {
    const workerData = { index, records: RECORDS, peer }
    return new Worker(WORKER, { workerData, transferList: [peer] })
  })
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const start = performance.now()
  const answers = workers.map((worker) => {
    worker.postMessage('go')
    return once(worker, 'message') as Promise<[{ sum: number }]>
  })
  const sums = await Promise.all(answers)
  const spanMs = performance.now() - start
  await Promise.all(workers.map((worker) => worker.terminate()))
  const counted = sums.reduce((total, [{ sum }]) => total + sum, 0)
  if (counted !== THREADS * RECORDS) throw new Error('records are missing')
  return counted / spanMs / 1000
}
