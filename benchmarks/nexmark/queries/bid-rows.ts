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

/** The same and its rank. In one go, for an array that grows gets room for more than that. */
export function rankedCells(bid: Bid, rank: number): Cell[] {
  const { auction, bidder, price, channel, url, dateTime, extra } = bid
  return [auction, bidder, price, channel, url, dateTime, extra, rank]
}
