/**
 * Ids of people and auctions, and which of them are hot: every so many there is one that gets most of the attention until the next one.
 */

/** Id of the first person. */
export const FIRST_PERSON = 1_000
/** Id of the first auction. */
export const FIRST_AUCTION = 1_000
/** One in so many auctions is not by the hot seller. */
export const HOT_SELLER_RATIO = 4
const HOT_EVERY = 100

/** The hot one of those up to `last`; both count from 0. */
export function hot(last: number): number {
  return Math.floor(last / HOT_EVERY) * HOT_EVERY
}
