/**
 * A whole bid as the columns of a row.
 */
import type { Bid } from '../model.ts'
import type { Cell } from './query.ts'

/** Names of the columns. */
export const BID_COLUMNS = [
  'auction',
  'bidder',
  'price',
  'channel',
  'url',
  'dateTime',
  'extra',
] as const

/** Their values. */
export function bidCells({ auction, bidder, price, channel, url, dateTime, extra }: Bid): Cell[] {
  return [auction, bidder, price, channel, url, dateTime, extra]
}
