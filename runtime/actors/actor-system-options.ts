/**
 * How an actor system is set up: the options, their checks, and the host that they choose.
 */
import { availableParallelism } from 'node:os'
import { MillraceError } from '../../mailbox/errors.ts'
import { SLOTS_PER_ID } from './actor-mail.ts'
import { startInlineHost } from '../inline-host.ts'
import { refuseUnknownOptions } from '../known-options.ts'
import { checkMemoryLimits } from '../memory-limits.ts'
import type { MemoryLimits } from '../memory-limits.ts'
import type { SlotGroup } from '../slot-node.ts'
import { readSnapshot } from './snapshot/snapshot-file.ts'
import type { ActorSystemSnapshot } from './snapshot/snapshot-file.ts'
import type { StoredSystem } from './snapshot/stored-system.ts'
import { startThreadHost } from '../thread-host.ts'

/** How a system is set up. */
export interface ActorSystemOptions {
  /** Number of slots besides slot 0, the calling thread: 1 to 255. Default: one per core. */
  readonly slots?: number
  /**
   * Who drives the slots: a `threads` each (default), the calling thread for all of them (`inline`), or a host of
   * your own such as the simulator; that one says itself how many slots it has.
   */
  readonly host?: 'threads' | 'inline' | SlotGroup
  /**
   * A snapshot (`ActorSystem.snapshot`), or its bytes, that the system resumes: the same actors at the same addresses, with their state,
   * their waiting mail and their timers. The number of slots may be another. Default: a system without actors.
   */
  readonly from?: ActorSystemSnapshot | Uint8Array
  /** Memory limits of each thread (host `threads` only). Default: see there. */
  readonly resourceLimits?: MemoryLimits
}

/** How a system is stopped. */
export interface StopOptions {
  /** How long mail may still be handled, in milliseconds, 0 and more. Then what is left becomes dead letters. Default: 5,000. */
  readonly timeoutMs?: number
}

/** How a snapshot is taken. */
export interface SnapshotOptions {
  /** After how many milliseconds it is given up, above 0: an actor may be inside a `receive` that does not end. Default: 10,000. */
  readonly timeoutMs?: number
}

/** Which actors are meant, where the class alone does not tell. */
export interface FindOptions {
  /** The name they were spawned under. */
  readonly name?: string
}

const KNOWN_OPTIONS = ['slots', 'host', 'resourceLimits', 'from']
const MAX_SLOTS = SLOTS_PER_ID - 1

/** The slots, and what they are to resume. */
export interface StartedHost {
  readonly group: SlotGroup
  readonly stored: StoredSystem | undefined
}

/** Starts the host. Rejects with `INVALID_ARGUMENT` (an unknown option), `INVALID_SLOTS`, `INVALID_HOST`, or what kept a thread from starting. */
export async function startHost(options: ActorSystemOptions): Promise<StartedHost> {
  // Callers without a compiler may pass anything.
  const given: unknown = options
  if (typeof given !== 'object' || given === null) {
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `ActorSystem.start: expected an options object, got ${String(given)}`,
    )
  }
  refuseUnknownOptions(options, KNOWN_OPTIONS, 'ActorSystem.start')
  checkMemoryLimits(options.resourceLimits, 'ActorSystem.start')
  // Before any thread is there: it may be no snapshot.
  const stored = options.from === undefined ? undefined : readSnapshot(options.from)
  return { group: await hostOf(options), stored }
}

async function hostOf(options: ActorSystemOptions): Promise<SlotGroup> {
  const { host = 'threads', resourceLimits } = options
  if (typeof host === 'object' && host !== null) {
    checkHost(host, options.slots)
    return host
  }
  const slots = options.slots ?? Math.min(availableParallelism(), MAX_SLOTS)
  if (!Number.isInteger(slots) || slots < 1 || slots > MAX_SLOTS) {
    throw new MillraceError(
      'INVALID_SLOTS',
      `Expected slots to be an integer from 1 to ${MAX_SLOTS}, got ${String(slots)}`,
    )
  }
  switch (host) {
    case 'threads':
      return await startThreadHost(
        resourceLimits === undefined ? { slots } : { slots, resourceLimits },
      )
    case 'inline':
      return startInlineHost({ slots })
    default:
      throw new MillraceError(
        'INVALID_HOST',
        `Expected host to be threads, inline or a host object, got ${String(host)}`,
      )
  }
}

function checkHost(host: SlotGroup, slots: number | undefined): void {
  if (typeof host.load !== 'function' || typeof host.onLost !== 'function') {
    throw new MillraceError('INVALID_HOST', 'Expected host to be threads, inline or a host object')
  }
  if (host.count > MAX_SLOTS || (slots !== undefined && slots !== host.count)) {
    const most = `at most ${MAX_SLOTS} slots`
    throw new MillraceError(
      'INVALID_SLOTS',
      `Expected ${slots === undefined ? most : `a host with ${slots} slots`}, got one with ${host.count}`,
    )
  }
}
