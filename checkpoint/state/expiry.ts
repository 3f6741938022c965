/**
 * The time to live of one state: what is expired, what a read refreshes, and the clean-up that goes along with accesses.
 *
 * An entry carries the time of its last refresh, not that of its end, so that another ttl holds for restored entries too.
 */
import type { Clock } from '../../runtime/clock.ts'
import type { StateTtl } from './ttl.ts'

/** A `StateTtl` with its defaults, and the clock. */
export class Expiry {
  readonly ttlMs: number
  /** Whether a read refreshes. */
  readonly onRead: boolean
  /** Whether the read that finds an expired entry returns it. */
  readonly returnsExpired: boolean
  readonly cleanupPerAccess: number
  readonly #clock: Clock

  constructor(ttl: StateTtl, clock: Clock) {
    this.ttlMs = ttl.ttlMs
    this.onRead = ttl.update === 'readAndWrite'
    this.returnsExpired = ttl.visibility === 'returnExpiredIfNotCleanedUp'
    this.cleanupPerAccess = ttl.cleanupPerAccess ?? 5
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  /** Whether what was refreshed at `time` is expired at `now`. */
  isExpired(time: number, now: number): boolean {
    return now - time >= this.ttlMs
  }
}

/** Walks over the entries of a state, a few with every access, again and again. */
export class Sweeper {
  readonly #expiry: Expiry
  readonly #walk: (sweeper: Sweeper) => Iterator<unknown>
  #position: Iterator<unknown> | undefined
  #now = 0
  /** Looks that the present access still pays for. */
  #left = 0

  /** `walk` looks at everything once, drops what `isExpired`, and after every look yields if `mustPause`. */
  constructor(expiry: Expiry, walk: (sweeper: Sweeper) => Iterator<unknown>) {
    this.#expiry = expiry
    this.#walk = walk
  }

  /** Whether what was refreshed at `time` is expired now. For the walk. */
  isExpired(time: number): boolean {
    return this.#expiry.isExpired(time, this.#now)
  }

  /** Counts one look. For the walk. */
  mustPause(): boolean {
    return --this.#left === 0
  }

  /** Called with every access. Returns the time at which it was made. */
  access(): number {
    const now = this.#expiry.now()
    this.#now = now
    if (this.#expiry.cleanupPerAccess > 0) {
      this.#left = this.#expiry.cleanupPerAccess
      this.#position ??= this.#walk(this)
      if (this.#position.next().done === true) this.#position = undefined
    }
    return now
  }
}
