/**
 * Waiting for others to clean up, but not for ever.
 */

/** How long sinks may take to clean up before their threads are ended. */
const ABORT_PATIENCE_MS = 400

/** Waits until all promises have settled, or for 400 ms: a thread may be busy with user code that does not return. */
export async function withinPatience(promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, ABORT_PATIENCE_MS)
  })
  await Promise.race([Promise.allSettled(promises), patience])
  clearTimeout(timer)
}
