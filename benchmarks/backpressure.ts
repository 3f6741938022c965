/**
 * A fast source and a sink of 1,000 records/s for 60 s: resident memory at the end against that after 5 s, in a process of its own.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { figure } from './figure.ts'
import type { BenchmarkOptions, Figure } from './figure.ts'

const PROCESS = fileURLToPath(new URL('./backpressure/process.js', import.meta.url))

/** What the process reports: resident megabytes after 5 s and at the end, and records that the source has read. */
export interface Memory {
  readonly earlyMb: number
  readonly lateMb: number
  readonly recordsWritten: number
}

/** Runs it once. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  log('60 s with a sink of 1,000 records/s')
  const child = fork(PROCESS, { execArgv: [] })
  const [memory] = (await once(child, 'message')) as [Memory]
  await once(child, 'exit')
  return [
    figure('backpressure', 'resident memory after 5 s, MB', [memory.earlyMb]),
    figure('backpressure', 'resident memory after 60 s, MB', [memory.lateMb]),
    figure('backpressure', 'records written', [memory.recordsWritten]),
    figure('backpressure', 'memory, end / after 5 s', [memory.lateMb / memory.earlyMb], {
      reach: 1.1,
      aim: 1.02,
    }),
  ]
}
