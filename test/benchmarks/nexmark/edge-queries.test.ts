/**
 * Every query gives DuckDB's rows for events that the generator hardly ever makes, out of a file, at several parallelisms.
 */
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runJob } from '../../../api/index.ts'
import { QUERIES } from '../../../benchmarks/nexmark/queries/queries.ts'
import { edgeEvents } from './edge-events.ts'
import { differences, expectedRows, oracleOf, removeOracle, rowsOf } from './oracle.ts'

export const deadlineMs = 240_000

const JOB = new URL('../../../benchmarks/nexmark/job.js', import.meta.url)
const EVENTS = 600
/** Depends on the clock. */
const BY_CLOCK = 'q12'

for (const seed of [1, 2, 4]) {
  test(`ties, boundaries and odd texts, seed ${seed}`, async () => {
    const oracle = await oracleOf(edgeEvents(seed, EVENTS))
    try {
      for (const query of Object.keys(QUERIES)) {
        if (query === BY_CLOCK) continue
        const expected = await expectedRows(oracle, query)
        assert.ok(expected.length > 0, `${query}: there is something to find`)
        for (const parallelism of [1, 3]) {
          const output = join(oracle.folder, `${query}-${parallelism}.jsonl`)
          const args = { query, output, input: oracle.input }
          await runJob(JOB, { host: 'inline', parallelism, args }).result()
          const wrong = differences(await rowsOf(output), expected)
          assert.equal(wrong, [], `${query} at parallelism ${parallelism}`)
        }
      }
    } finally {
      await removeOracle(oracle)
    }
  })
}

test.run()
