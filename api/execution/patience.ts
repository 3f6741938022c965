/**
 * Waiting for others to clean up, but not for ever.
 */
import type { Clock } from '../../runtime/clock.ts'

/** How long sinks may take to clean up before their threads are ended. */
const ABORT_PATIENCE_MS = 400

/** Waits until all promises have settled, or for 400 ms: a thread may be busy with user code that does not return. */
export async function withinPatience(
  clock: Clock,
  promises: readonly Promise<unknown>[],
): Promise<void> {
  let cancel = (): void => {}
  const patience = new Promise<void>((resolve) => {
    cancel = clock.schedule(ABORT_PATIENCE_MS, resolve)
  })
  await Promise.race([Promise.allSettled(promises), patience])
  cancel()
}
