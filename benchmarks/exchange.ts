/**
 * Two slots, each source → keyBy → count over full bids; half of the records cross. Millrace against itself with plain msgpack
 * frames, and against arrays of 256 by postMessage, written by hand. Every record crosses by itself: aggregating in two phases is off,
 * but for one row that shows what a user gets who changes nothing. Threads stay from run to run, on all sides.
 */
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { runJob, startCluster } from '../api/index.ts'
import type { CodecName, LocalCluster, RunOptions } from '../api/index.ts'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'
import type { PostMessageTask } from './exchange/post-message-worker.ts'
import { keeping, KeptThread } from './kept-thread.ts'
import { alternate, ratios } from './measure.ts'

const THREADS = 2
const ROUNDS = 5
/** Records of each thread in one run. */
const RECORDS = 4_000_000
const JOB = new URL('./exchange/job.js', import.meta.url)
const WORKER = new URL('./exchange/post-message-worker.js', import.meta.url)

/** Runs the comparison: million records per second, all threads together. */
export async function run({ log, rounds = ROUNDS }: BenchmarkOptions): Promise<readonly Figure[]> {
  log(`${THREADS} threads, ${RECORDS} bids each per run`)
  const clusters = await Promise.all([0, 1, 2].map(() => startCluster({ slots: THREADS })))
  const [one, two, three] = clusters as [LocalCluster, LocalCluster, LocalCluster]
  const threads = [0, 1].map(() => new KeptThread<PostMessageTask, number>(WORKER))
  const runs = await keeping([...clusters, ...threads], () =>
    alternate(
      {
        columns: () => job(one, 'columns'),
        msgpack: () => job(two, 'msgpack'),
        twoPhases: () => job(three, 'columns', 'auto'),
        postMessage: () => postMessage(threads),
      },
      { rounds, warmups: 'steady' },
    ),
  )
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
  host: LocalCluster,
  codec: CodecName,
  preAggregation: NonNullable<RunOptions['preAggregation']> = 'off',
): Promise<number> {
  const { durationMs, totals } = await runJob(JOB, {
    host,
    parallelism: THREADS,
    codec,
    preAggregation,
    args: { splits: THREADS, records: RECORDS },
  }).result()
  if (totals.recordsRead !== THREADS * RECORDS) throw new Error('records are missing')
  return totals.recordsRead / durationMs / 1000
}

async function postMessage(
  threads: readonly KeptThread<PostMessageTask, number>[],
): Promise<number> {
  const { port1, port2 } = new MessageChannel()
  const start = performance.now()
  const ports = [port1, port2]
  const sums = await Promise.all(
    threads.map((thread, index) => {
      const peer = ports[index] as MessagePort
      return thread.ask({ index, records: RECORDS, peer }, [peer])
    }),
  )
  const spanMs = performance.now() - start
  const counted = sums.reduce((total, sum) => total + sum, 0)
  if (counted !== THREADS * RECORDS) throw new Error('records are missing')
  return counted / spanMs / 1000
}
