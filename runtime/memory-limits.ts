/**
 * How much memory the threads of slots may have: what is said by users, its check, and what holds where they say nothing.
 *
 * Records live for a batch or two. In the young generation that Node gives a worker, many are still alive when it is full, and are copied for
 * nothing; a larger one is collected less often, and finds more of them dead (docs/design/021).
 */
import { inspect } from 'node:util'
import { MillraceError } from '../mailbox/errors.ts'

/** Limits of each thread in MiB, as of `new Worker`. */
export interface MemoryLimits {
  /** For what lives long, as state does. A thread that needs more is lost (`SLOT_LOST`). Above 0. Default: that of Node. */
  readonly maxOldGenerationSizeMb?: number
  /**
   * For what is new, as records are. Larger: fewer collections, which may take longer each. Above 0. Default: 96, or that of Node (48) where the
   * old generation is limited to less than 384.
   */
  readonly maxYoungGenerationSizeMb?: number
}

const YOUNG_GENERATION_MB = 96
/** Threads that have less keep what Node gives them, so that most of it is left for state. */
const ROOM_FOR_IT_MB = 4 * YOUNG_GENERATION_MB
const KNOWN: ReadonlySet<string> = new Set<keyof MemoryLimits>([
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
])

/** The limits of threads for which these are given. */
export function memoryLimits(given: MemoryLimits = {}): MemoryLimits {
  const { maxOldGenerationSizeMb = Infinity } = given
  if (maxOldGenerationSizeMb < ROOM_FOR_IT_MB) return given
  return { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, ...given }
}

/**
 * Returns what can be limits: an object with numbers above 0 under known names, or nothing. Throws `INVALID_ARGUMENT` for all else; `where` begins
 * the message.
 */
export function checkMemoryLimits(given: unknown, where: string): MemoryLimits | undefined {
  if (given === undefined || areLimits(given)) return given
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `${where}: expected resourceLimits with maxOldGenerationSizeMb and maxYoungGenerationSizeMb, numbers above 0, got ${inspect(given, { depth: 1 })}`,
  )
}

function areLimits(given: unknown): given is MemoryLimits {
  if (typeof given !== 'object' || given === null) return false
  return Object.entries(given).every(
    ([name, limit]) =>
      KNOWN.has(name) && (limit === undefined || (typeof limit === 'number' && limit > 0)),
  )
}
