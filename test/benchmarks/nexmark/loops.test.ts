/**
 * Every hand-written loop gives the rows of the stream query, for the same events.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keeping } from '../../../benchmarks/kept-thread.ts'
import { EventGenerator } from '../../../benchmarks/nexmark/generator/events.ts'
import type { Loop } from '../../../benchmarks/nexmark/loops/loop.ts'
import { LOOPS } from '../../../benchmarks/nexmark/loops/loops.ts'
import { LoopThread } from '../../../benchmarks/nexmark/loops/run-loop.ts'
import { QUERIES } from '../../../benchmarks/nexmark/queries/queries.ts'
import type { Row } from '../../../benchmarks/nexmark/queries/query.ts'
import { loopRows, requireSameRows, streamRows } from '../../../benchmarks/nexmark/rows.ts'

export const deadlineMs = 120_000

/** Depends on the clock. */
const BY_CLOCK = 'q12'
const REQUEST = { events: 10_000, groupSize: 100 }

test('there is a loop for every query', () => {
  assert.equal(Object.keys(LOOPS), Object.keys(QUERIES))
})

for (const query of Object.keys(QUERIES)) {
  if (query === BY_CLOCK) continue
  test(`${query}: the loop gives the rows of the query`, async () => {
    const found = loopRows(query, LOOPS[query] as Loop, REQUEST)
    requireSameRows(query, found, await streamRows(query, REQUEST))
  })
}

test('q5, q7, q8 and q11: windows end while events still come', async () => {
  const enough = { q5: 70_000, q7: 150_000, q8: 150_000, q11: 250_000 }
  for (const [query, events] of Object.entries(enough)) {
    let rowsBeforeTheEnd = 0
    let made = 0
    const generator = new EventGenerator()
    const counting = Object.assign(Object.create(generator) as EventGenerator, {
      at: (n: number) => {
        made++
        return generator.at(n)
      },
    })
    ;(LOOPS[query] as Loop)({ generator: counting, events, now: Date.now }, () => {
      if (made < events) rowsBeforeTheEnd++
    })
    assert.ok(rowsBeforeTheEnd > 0, query)
  }
})

test('q12: all bids but those of the open window are counted', () => {
  let time = 1_000
  const rows: Row[] = []
  const generator = new EventGenerator()
  ;(LOOPS[BY_CLOCK] as Loop)({ generator, events: 1_000, now: () => (time += 50) }, (row) => {
    rows.push(row)
  })
  const counted = rows.reduce((sum, row) => sum + Number(row[1]), 0)
  // 920 bids at 50 ms are 46 s: four windows, the first of them a second short.
  assert.is(counted, 4 * 200 - 20 - 1)
  assert.equal(new Set(rows.map((row) => row[2])), new Set([0, 10_000, 20_000, 30_000]))
})

test('a loop in a thread gives as many rows as there, each time', async () => {
  const [q2, q10] = [new LoopThread('q2'), new LoopThread('q10')]
  await keeping([q2, q10], async () => {
    const request = { events: 5_000, groupSize: 1 }
    const expected = loopRows('q2', LOOPS['q2'] as Loop, request).length
    for (let round = 0; round < 2; round++) {
      const { rows, seconds } = await q2.run(5_000)
      assert.is(rows, expected)
      assert.ok(seconds > 0)
    }
    assert.is((await q10.run(5_000)).rows, 4_600)
  })
})

test('rows that differ are refused, and so is nothing at all', () => {
  requireSameRows('q0', ['a', 'b'], ['a', 'b'])
  assert.throws(
    () => requireSameRows('q0', ['a'], ['a', 'b']),
    /q0: expected the 2 rows.*missing: b/,
  )
  assert.throws(() => requireSameRows('q0', [], []), /q0/)
})

test.run()
