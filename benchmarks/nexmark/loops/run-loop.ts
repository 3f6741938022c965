/**
 * Runs a hand-written loop once, in a thread of its own.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

const THREAD = new URL('./thread.js', import.meta.url)

/** What a thread gets. */
export interface LoopRequest {
  readonly query: string
  readonly events: number
  /** Where a query writes that is about writing. */
  readonly folder: string
}

/** What one run has shown. */
export interface LoopRun {
  /** Rows that came out, every update counted. */
  readonly rows: number
  /** From the first event until all rows were out. */
  readonly seconds: number
}

/** Runs the loop of a query. Rejects with its error. */
export async function runLoop(query: string, events: number): Promise<LoopRun> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-loop-'))
  try {
    const request: LoopRequest = { query, events, folder }
    const worker = new Worker(THREAD, { workerData: request })
    const [run] = (await once(worker, 'message')) as [LoopRun]
    await worker.terminate()
    return run
  } finally {
    await rm(folder, { recursive: true })
  }
}
