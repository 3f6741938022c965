/**
 * Writes a savepoint of the job with all kinds of state, with the version that is compiled:
 *
 *   node BUILD/test/savepoints/write-savepoint.js EMPTY_DIRECTORY
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runJob } from '../../api/index.ts'
import { allStateJob, ORDERS, RULES } from './all-state-job.ts'
import { Ledger, ledgerSink } from './ledger-sink.ts'

const PARALLELISM = 2

/** Runs the job until its sources stop, and makes the savepoint there. */
export async function writeSavepoint(directory: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-savepoint-'))
  try {
    const job = allStateJob({ gated: true, directory: folder, sink: ledgerSink(new Ledger()) })
    const handle = runJob(job, { parallelism: PARALLELISM, slots: PARALLELISM })
    let failure: unknown
    const ended = handle.result().catch((error: unknown) => {
      failure = error
    })
    const done = ORDERS.gatedFrom * ORDERS.perSplit + PARALLELISM * ORDERS.readOfGated
    const expected = done + RULES.readOfGated
    while ((await handle.metrics()).totals.recordsRead < expected) {
      if (failure !== undefined) throw failure
      await new Promise((resolve) => setImmediate(resolve))
    }
    await handle.savepoint(directory)
    await handle.cancel()
    await ended
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [, main = '', directory] = process.argv
if (directory !== undefined && pathToFileURL(main).href === import.meta.url) {
  await writeSavepoint(directory)
}
