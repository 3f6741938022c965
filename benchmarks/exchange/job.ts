/**
 * What the exchange benchmark runs: sources → keyBy(auction) → count. With two subtasks half of the bids cross.
 */
import { count, defineJob, endOfStream } from '../../api/index.ts'
import { discardSink } from '../../connectors/discard/index.ts'
import { bidSource } from './bids.ts'

export default defineJob(
  {
    name: 'exchange',
    args: {
      splits: { type: 'integer', default: 2 },
      records: { type: 'integer', default: 1_000_000, description: 'per split' },
    },
  },
  (env, { splits, records }) => {
    env
      .from(bidSource(splits, records))
      .keyBy((bid) => bid.auction)
      .window(endOfStream())
      .aggregate(count())
      .to(discardSink())
  },
)
