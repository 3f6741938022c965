/**
 * Runs one query once and measures it.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runJob } from '../../api/index.ts'
import type { JobHandle, JobHost } from '../../api/index.ts'
import { inTemporaryFolder } from '../temporary-folder.ts'
import { readRowLatency } from './latency/row-latency.ts'
import type { RowLatency } from './latency/row-latency.ts'
import type { QuerySettings } from './options.ts'

const JOB = new URL('./job.js', import.meta.url)
const MEMORY_EVERY_MS = 100

/** What one run has shown. */
export interface QueryRun {
  readonly query: string
  /** Events read. */
  readonly events: number
  /** Rows that came out, every update counted. */
  readonly rows: number
  /** From the first event until all rows were out and committed. */
  readonly seconds: number
  readonly cpuSeconds: number
  /** The most memory that the process had during the run, of those moments that were looked at. */
  readonly peakBytes: number
  readonly checkpoints: number
  /** What rows took; missing where it was not measured, or no row has the time of an event. */
  readonly latency?: RowLatency
}

/** Runs the query; `watch` gets the job as soon as it is there. */
export async function runQuery(
  query: string,
  options: QuerySettings & { readonly host: JobHost },
  watch: (job: JobHandle) => { stop(): void } = () => ({ stop() {} }),
): Promise<QueryRun> {
  const memory = watchMemory()
  try {
    return await inTemporaryFolder('nexmark', async (folder) => {
      const { parallelism, host, checkpoint } = options
      const times = options.latency === true ? join(folder, 'times') : ''
      if (times !== '') await mkdir(times)
      const cpu = process.cpuUsage()
      const job = runJob(JOB, {
        host,
        parallelism,
        args: { ...argumentsOf(query, options, join(folder, 'rows')), times },
        ...(checkpoint === undefined
          ? {}
          : { checkpoints: { intervalMs: checkpoint, directory: join(folder, 'checkpoints') } }),
      })
      const watching = watch(job)
      try {
        const { durationMs, totals, checkpoints } = await job.result()
        const { user, system } = process.cpuUsage(cpu)
        const latency = times === '' ? undefined : await readRowLatency(times)
        return {
          query,
          events: totals.recordsRead,
          rows: totals.recordsWritten,
          seconds: durationMs / 1000,
          cpuSeconds: (user + system) / 1e6,
          peakBytes: memory.stop(),
          checkpoints: checkpoints.completed,
          ...(latency === undefined ? {} : { latency }),
        }
      } finally {
        watching.stop()
      }
    })
  } finally {
    memory.stop()
  }
}

function argumentsOf(
  query: string,
  { events, rate, groupSize, input, output }: QuerySettings,
  folder: string,
): Record<string, string | number> {
  return {
    query,
    events,
    groupSize,
    folder,
    ...(rate === undefined ? {} : { rate }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  }
}

function watchMemory(): { stop(): number } {
  let peak = 0
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  look()
  const timer = setInterval(look, MEMORY_EVERY_MS)
  return {
    stop() {
      look()
      clearInterval(timer)
      return peak
    },
  }
}
