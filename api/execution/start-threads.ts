/**
 * Starts the worker threads of jobs. On the main thread only: slots need no pool, and import this file dynamically at the most.
 */
import { startThreadHost } from '../../runtime/thread-host.ts'
import type { ThreadHost } from '../../runtime/thread-host.ts'
import type { ResolvedThreadOptions } from './check-slots.ts'

/** Starts them. Rejects with `SLOT_LOST` where a thread cannot start. A job can do nothing with an empty slot, so lost ones are not replaced. */
export function startThreads(
  slots: number,
  { heartbeatTimeoutMs, resourceLimits }: ResolvedThreadOptions,
): Promise<ThreadHost> {
  return startThreadHost({
    slots,
    replaceLost: false,
    ...(heartbeatTimeoutMs === Infinity ? {} : { heartbeatTimeoutMs }),
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  })
}
