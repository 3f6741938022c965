/**
 * What the benchmark of unaligned checkpoints runs: a source that brings ten times what the sink can take, with two exchanges between them.
 */
import { defineJob } from '../../api/index.ts'
import type { Sink } from '../../operators/sink.ts'
import { bidSource } from '../exchange/bids.ts'
import type { Bid } from '../nexmark-bids.ts'

/** What the sink takes: a tenth of 20,000 records/s, which the rest of the job brings with ease. */
const RECORDS_PER_SECOND = 2_000

/** Takes its time, as a slow database would. */
function slowSink(): Sink<Bid> {
  return {
    name: 'slow sink',
    maxParallelism: 1,
    open: () => ({
      write: (values) =>
        new Promise((resolve) => {
          setTimeout(resolve, (values.length / RECORDS_PER_SECOND) * 1000)
        }),
      flush: () => {},
      close: () => {},
    }),
  }
}

export default defineJob('unaligned', (env) => {
  env
    .from(bidSource(2, Number.MAX_SAFE_INTEGER))
    .keyBy((bid) => bid.auction)
    .reduce((_, bid) => bid)
    .rebalance()
    .to(slowSink())
})
