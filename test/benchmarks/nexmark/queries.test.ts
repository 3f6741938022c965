/**
 * Every query of the Nexmark benchmark gives the rows that DuckDB gives for the same events.
 */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { defineJob, runJob } from '../../../api/index.ts'
import { fromScript, script } from '../../../api/testing/index.ts'
import type { Bid } from '../../../benchmarks/nexmark/model.ts'
import { QUERIES } from '../../../benchmarks/nexmark/queries/queries.ts'
import type { Events, Query, Row } from '../../../benchmarks/nexmark/queries/query.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { createOracle, differences, expectedRows, removeOracle, rowsOf } from './oracle.ts'
import type { Oracle } from './oracle.ts'

export const deadlineMs = 480_000

const JOB = new URL('../../../benchmarks/nexmark/job.js', import.meta.url)
/** More with an environment variable: 100,000 take some minutes. */
const EVENTS = Number(process.env['NEXMARK_EVENTS'] ?? 20_000)
const DISORDER = 100
/** Depends on when bids of one moment arrive, which only one reader fixes. */
const BY_ARRIVAL = new Set(['q18', 'q19'])
/** Depends on the clock. */
const BY_CLOCK = 'q12'

const test = suite<Oracle>('nexmark queries')

test.before(async (context) => {
  Object.assign(context, await createOracle(EVENTS, DISORDER))
})

test.after(removeOracle)

for (const query of Object.keys(QUERIES)) {
  if (query === BY_CLOCK) continue
  test(`${query}: ${QUERIES[query]?.title}, as DuckDB says`, async (oracle) => {
    const expected = await expectedRows(oracle, query)
    assert.ok(expected.length > 0, 'there is something to find')
    for (const parallelism of [1, 2, 3]) {
      const output = join(oracle.folder, `${query}-${parallelism}.jsonl`)
      const fromFile = parallelism === 3 || BY_ARRIVAL.has(query)
      const args = fromFile
        ? { query, output, input: oracle.input }
        : { query, output, events: EVENTS, groupSize: DISORDER }
      const host = parallelism === 2 ? 'threads' : 'inline'
      await runJob(JOB, { host, parallelism, args }).result()
      const wrong = differences(await rowsOf(output), expected)
      assert.equal(wrong, [], `at parallelism ${parallelism}`)
    }
  })
}

test('q12: bids per bidder and ten seconds of the clock add up to all bids', async () => {
  const bids = Array.from({ length: 500 }, (_, n) => ({ bid: bidBy(n % 7), at: n }))
  let tellAll = (): void => {}
  const all = new Promise<void>((resolve) => (tellAll = resolve))
  const job = defineJob('q12', (env) => {
    // Windows of the clock that are open when the input ends never close, so it ends when all have.
    const steps = [...bids.map(({ bid, at }) => ({ value: bid, at })), { until: all }]
    const stream = fromScript(env, script<Bid>(steps))
    const events = { bids: stream } as Partial<Events> as Events
    ;(QUERIES[BY_CLOCK] as Query).build(events).collect('rows')
  })
  const handle = runJob(job, { host: new Simulator({ seed: 7 }), parallelism: 2 })
  const counts = new Map<unknown, number>()
  let found = 0
  for await (const [bidder, count, start, end] of handle.collect<Row>('rows')) {
    assert.is(Number(end) - Number(start), 10_000)
    counts.set(bidder, (counts.get(bidder) ?? 0) + Number(count))
    found += Number(count)
    if (found === bids.length) tellAll()
  }
  await handle.result()
  for (let bidder = 0; bidder < 7; bidder++)
    assert.is(counts.get(bidder), bids.filter(({ bid }) => bid.bidder === bidder).length)
})

function bidBy(bidder: number): Bid {
  return { auction: 1, bidder, price: 1, channel: '', url: '', dateTime: 0, extra: '' }
}

test.run()
