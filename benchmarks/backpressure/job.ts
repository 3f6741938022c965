/**
 * What the backpressure benchmark runs: a source that never waits, an exchange, and a sink that takes 1,000 records/s.
 */
import { defineJob } from '../../api/index.ts'
import type { Sink } from '../../operators/sink.ts'
import { bidSource } from '../exchange/bids.ts'
import type { Bid } from '../nexmark-bids.ts'

const RECORDS_PER_SECOND = 1_000

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

export default defineJob('backpressure', (env) => {
  env
    .from(bidSource(2, Number.MAX_SAFE_INTEGER))
    .keyBy((bid) => bid.auction)
    .reduce((_, bid) => bid)
    .to(slowSink())
})
