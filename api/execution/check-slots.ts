/**
 * What can be said about threads, and the checks of it.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { checkMemoryLimits } from '../../runtime/memory-limits.ts'
import type { MemoryLimits } from '../../runtime/memory-limits.ts'
import { describeValue } from '../build-error.ts'

/** The most slots that there can be. */
export const SLOT_LIMIT = 256
/** As in Flink. */
const HEARTBEAT_TIMEOUT_MS = 50_000

/** How threads are watched and limited. */
export interface ThreadOptions {
  /**
   * A thread on which user code does not return for this long, in milliseconds, is ended and the job fails with `SLOT_UNRESPONSIVE`, or starts
   * again. Above 0; Infinity: never, as where a debugger stops threads. Threads only. Default: 50,000.
   */
  readonly heartbeatTimeoutMs?: number
  /** How much memory each thread may use; one that needs more is lost (`SLOT_LOST`). Threads only. Default: see there. */
  readonly resourceLimits?: MemoryLimits
}

/** The same with everything decided. */
export interface ResolvedThreadOptions {
  /** Infinity: never. */
  readonly heartbeatTimeoutMs: number
  readonly resourceLimits: MemoryLimits | undefined
}

/** Returns the number. Throws `INVALID_SLOTS` unless it is a whole number from 1 to `most`. */
export function checkSlots(slots: unknown, most = SLOT_LIMIT): number {
  if (typeof slots === 'number' && Number.isInteger(slots) && slots >= 1 && slots <= most)
    return slots
  throw new MillraceError(
    'INVALID_SLOTS',
    `Expected 1 to ${most} slots, got ${describeValue(slots)}`,
  )
}

/** Decides what was left open. `where` begins the message. Throws `INVALID_ARGUMENT`. */
export function resolveThreads(
  { heartbeatTimeoutMs = HEARTBEAT_TIMEOUT_MS, resourceLimits }: ThreadOptions,
  where: string,
): ResolvedThreadOptions {
  if (typeof heartbeatTimeoutMs !== 'number' || !(heartbeatTimeoutMs > 0)) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `${where}: expected a number of milliseconds above 0 as heartbeatTimeoutMs, got ${describeValue(heartbeatTimeoutMs)}`,
    )
  }
  return { heartbeatTimeoutMs, resourceLimits: checkMemoryLimits(resourceLimits, where) }
}
