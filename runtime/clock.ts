/**
 * Time comes from the host: the machine's clock in production, a virtual one in tests and in the
 * simulator. Nothing below the hosts reads `Date.now`, `performance.now` or `setTimeout` itself.
 */

/** Undoes what it was returned for. Calling it again does nothing. */
export type Cancel = () => void

/** The host's clock. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. */
  now(): number
  /** A clock that never goes back, in milliseconds with fractions, for measuring spans. */
  monotonicMs(): number
  /** Calls `callback` once, `delayMs` from now, on the thread of this clock. */
  schedule(delayMs: number, callback: () => void): Cancel
}
