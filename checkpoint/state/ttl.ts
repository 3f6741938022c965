/**
 * How long an entry of a state lives (Flink's StateTtlConfig). Time is processing time, from the host's clock.
 *
 * An entry is expired when `ttlMs` have passed since its last refresh. Expired entries are neither written into snapshots nor
 * restored from them (Flink writes them unless told otherwise). A state that had no ttl may get one: what is restored counts as
 * refreshed then.
 */

/** What refreshes an entry: writing it, or reading it too. */
export type TtlUpdate = 'createAndWrite' | 'readAndWrite'
/** Whether expired entries can be seen. */
export type TtlVisibility = 'neverReturnExpired' | 'returnExpiredIfNotCleanedUp'

/** Options of a state's time to live. Each element of a list and each entry of a map has its own. */
export interface StateTtl {
  /** Milliseconds from the last refresh, a finite number above 0. */
  readonly ttlMs: number
  /** What refreshes an entry. Default: `createAndWrite`. */
  readonly update?: TtlUpdate
  /**
   * Whether an expired entry that has not been cleaned up yet is still returned, by the read that then cleans it up. Default:
   * `neverReturnExpired`.
   */
  readonly visibility?: TtlVisibility
  /** Entries that every access to the state looks at, to drop expired ones; 0 for none. Default: 5. */
  readonly cleanupPerAccess?: number
}
