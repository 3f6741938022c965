/**
 * How long an entry of a state lives (Flink's StateTtlConfig). Time is processing time, from the host's clock.
 */

/** Options of a state's time to live. Each element of a list and each entry of a map has its own. */
export interface StateTtl {
  /** Milliseconds from the last refresh, a finite number above 0. */
  readonly ttlMs: number
  /** What refreshes an entry. Default: `createAndWrite`. */
  readonly update?: 'createAndWrite' | 'readAndWrite'
  /**
   * Whether an expired entry that has not been cleaned up yet is still returned. Default: `neverReturnExpired`.
   */
  readonly visibility?: 'neverReturnExpired' | 'returnExpiredIfNotCleanedUp'
  /** Entries that every access to the state looks at, to drop expired ones; 0 for none. Default: 5. */
  readonly cleanupPerAccess?: number
}
