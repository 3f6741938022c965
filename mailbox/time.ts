/**
 * The two ends of event time.
 *
 * Event times are JavaScript numbers: milliseconds since 1970-01-01T00:00:00Z, negative ones allowed.
 * The ends are infinities rather than 64-bit limits, so that arithmetic and comparisons with them need
 * no special case.
 */

/** "This record has no timestamp", and the watermark before the first one. */
export const MIN_TIMESTAMP = Number.NEGATIVE_INFINITY

/** The final watermark: no record with any timestamp will follow. */
export const MAX_TIMESTAMP = Number.POSITIVE_INFINITY
