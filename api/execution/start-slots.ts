/**
 * Starts the slots that a job runs on, as its options say. On the main thread.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { startInlineHost } from '../../runtime/inline-host.ts'
import type { SlotGroup } from '../../runtime/slot-node.ts'
import { LocalCluster, SlotLease } from './local-cluster.ts'
import type { ResolvedOptions } from './run-options.ts'

/** What decides about slots. */
export type SlotOptions = Pick<
  ResolvedOptions,
  'host' | 'slots' | 'heartbeatTimeoutMs' | 'resourceLimits'
>

const usedSimulators = new WeakSet<SlotGroup>()

/**
 * Starts them. Errors: `SLOT_LOST` where a thread cannot start, `INVALID_HOST` for a simulator that was used before,
 * `CLUSTER_STOPPED`.
 */
export async function startSlots(options: SlotOptions): Promise<SlotGroup> {
  const { host, slots } = options
  if (host === 'inline') return startInlineHost({ slots })
  if (host instanceof LocalCluster) return host.lease()
  if (host === 'threads') {
    // Loaded here, because slots import this file too, through the job's module, and need no pool.
    const { startThreads } = await import('./start-threads.ts')
    return startThreads(slots, options)
  }
  // The channels of two jobs would have the same numbers, and the end of one would stop the other.
  if (usedSimulators.has(host)) {
    throw new MillraceError(
      'INVALID_HOST',
      'This simulator runs, or has run, another job: make a new one for each run',
    )
  }
  usedSimulators.add(host)
  return host
}

/** Ends them; threads of a cluster are there for the next job where this one was `clean`: it has finished, and left nothing. */
export async function endSlots(group: SlotGroup, clean: boolean): Promise<void> {
  if (clean && group instanceof SlotLease) await group.giveBack()
  else await group.stop()
}
