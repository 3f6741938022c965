/**
 * Folders for what benchmarks write. They go when the work is done, and when the process is ended by `process.exit`, as at a second Ctrl-C.
 */
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Does the work with a folder of its own, `millrace-NAME-…` in the system's temporary one, and removes it. */
export async function inTemporaryFolder<T>(
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `millrace-${name}-`))
  const removeNow = (): void => {
    // Threads may write into it until the very end.
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  process.on('exit', removeNow)
  try {
    return await work(folder)
  } finally {
    process.off('exit', removeNow)
    await rm(folder, { recursive: true })
  }
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Lets signals end the process in a way in which folders go. */
export function exitOnSignals(): void {
  for (const [signal, code] of Object.entries(EXIT_CODES))
    process.on(signal, () => process.exit(code))
}
