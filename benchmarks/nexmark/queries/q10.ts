/** Query 10: bids into files, in a folder for every minute. */
import { dayOf, minuteOf } from './formats.ts'
import type { Query } from './query.ts'

export const q10: Query = {
  title: 'bids to folders of files',
  columns: ['auction', 'bidder', 'price', 'dateTime', 'extra', 'dt', 'hm'],
  bucket: (row) => `dt=${row[5]}/hm=${String(row[6]).replace(':', '-')}`,
  build: ({ bids }) =>
    bids.map(({ auction, bidder, price, dateTime, extra }) => [
      auction,
      bidder,
      price,
      dateTime,
      extra,
      dayOf(dateTime),
      minuteOf(dateTime),
    ]),
}
