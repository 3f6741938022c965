/** Windows with early results give the same in two phases as in one, and each can go on from the checkpoints of the other. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  combine,
  count,
  countDistinct,
  defineJob,
  monotonous,
  runJob,
  sliding,
  sum,
  tumbling,
} from '../../../api/index.ts'
import type { JobDefinition, RunOptions, Sink, Source } from '../../../api/index.ts'
import { arraySource } from '../../../connectors/collection/index.ts'
import { generatorSource } from '../../../connectors/generator/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { committingSink, sorted } from './fixtures/in-flight-shapes.ts'
import { numbers } from './fixtures/numbers.ts'

type PreAggregation = NonNullable<RunOptions['preAggregation']>

const folder = mkdtempSync(join(tmpdir(), 'millrace-early-phases-'))
test.after(() => {
  rmSync(folder, { recursive: true })
})

const MODES: readonly PreAggregation[] = ['auto', 'off']
const EVERY_MS = 8

interface Rec {
  readonly key: string
  readonly at: number
  readonly amount: number
}

interface Row {
  readonly key: string
  readonly from: number
  readonly n: number
  readonly sum: number
  readonly different: number
  readonly timing: string
}

const totals = () =>
  combine({
    n: count(),
    sum: sum(({ amount }: Rec) => amount),
    different: countDistinct(({ amount }: Rec) => amount),
  })

function earlyJob(records: readonly Rec[]): JobDefinition {
  return defineJob('early', (env) => {
    const byKey = env
      .from(arraySource(records), { timestamp: ({ at }) => at })
      .keyBy(({ key }) => key)
    for (const [name, assigner] of [
      ['tens', tumbling(10)],
      ['slides', sliding({ size: 20, slide: 5 })],
    ] as const) {
      byKey
        .window(assigner)
        .earlyResults({ everyMs: EVERY_MS })
        .aggregate(
          totals(),
          (result, { key, windowStart, pane }): Row => ({
            key,
            from: windowStart,
            ...result,
            timing: pane.timing,
          }),
          { name },
        )
        .collect(name)
    }
  })
}

/** The final rows of both kinds of windows, sorted. Each row of a window holds what the one before held. */
async function finalRows(job: JobDefinition, options: RunOptions): Promise<readonly string[]> {
  const handle = runJob(job, options)
  const collected = await Promise.all(
    ['tens', 'slides'].map(async (name) => {
      const last = new Map<string, Row>()
      const final: string[] = []
      for await (const value of handle.collect(name)) {
        const row = value as Row
        const window = `${name} ${row.key} ${row.from}`
        const before = last.get(window)
        assert.ok(row.n >= (before?.n ?? 1) && before?.timing !== 'onTime')
        last.set(window, row)
        if (row.timing === 'onTime') final.push(`${window} ${JSON.stringify(row)}`)
      }
      assert.is(final.length, last.size)
      return final
    }),
  )
  await handle.result()
  return collected.flat().sort()
}

const RECORDS = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    at: fc.integer({ min: -30, max: 90 }),
    amount: fc.integer({ min: -9, max: 9 }),
  }),
  { maxLength: 60, size: 'max' },
)

for (const parallelism of [1, 2, 3]) {
  test(`the final rows are those of one phase, at parallelism ${parallelism}`, async () => {
    await fc.assert(
      fc.asyncProperty(RECORDS, fc.nat(1_000), async (unsorted, seed) => {
        // In the order of their times: nothing is late.
        const records = [...unsorted].sort((a, b) => a.at - b.at)
        const [auto, off] = await Promise.all(
          MODES.map((preAggregation) =>
            finalRows(earlyJob(records), {
              parallelism,
              preAggregation,
              host: new Simulator({ seed, slots: 2 }),
            }),
          ),
        )
        assert.equal(auto, off)
      }),
      { numRuns: 4 },
    )
  })
}

const TOTAL = 20_000
const KEYS = 40
const WINDOW_MS = 200

/** Numbers by their last digits; the number is its own event time. Only complete windows come out. */
function countingJob(sink: Sink<unknown>, source: Source<number, number, number>): JobDefinition {
  return defineJob('counting', (env) => {
    env
      .from(source, {
        timestamp: (n) => n,
        watermarks: monotonous(),
        uid: 'numbers',
        parallelism: 1,
      })
      .keyBy((n) => n % KEYS)
      .window(tumbling(WINDOW_MS))
      .earlyResults({ everyMs: EVERY_MS })
      .aggregate(
        combine({
          n: count(),
          sum: sum((n: number) => n),
          tens: countDistinct((n: number) => Math.floor(n / 10)),
        }),
        (result, { pane }) => ({ ...result, timing: pane.timing }),
        { uid: 'windows', name: 'windows' },
      )
      .filter(({ timing }) => timing === 'onTime')
      .map(({ n, sum, tens }) => ({ n, sum, tens }))
      .rebalance()
      .to(sink, { uid: 'sink', parallelism: 1 })
  })
}

const EXPECTED = Array.from({ length: TOTAL / WINDOW_MS }, (_, window) =>
  Array.from({ length: KEYS }, (_, key) => {
    const first = window * WINDOW_MS + key
    const n = WINDOW_MS / KEYS
    return { n, sum: n * first + (KEYS * n * (n - 1)) / 2, tens: n }
  }),
).flat()

/** The numbers, but in its second half the source waits for ever. */
function halfOfThem(): Source<number, number, number> {
  const source = numbers(TOTAL, 500)
  return {
    ...source,
    open(start, context, position) {
      if (start < TOTAL / 2) return source.open(start, context, position)
      const { signal } = context
      return {
        position: position ?? start,
        read: () =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              resolve(undefined)
            })
          }),
      }
    },
  }
}

test('early results come while records are added up in front of the exchange', async () => {
  const host = new Simulator({ seed: 1, slots: 2 })
  const { clock } = host
  const job = defineJob('shown', (env) => {
    env
      .from(generatorSource({ generate: (n) => n, count: 400, rate: 5_000, clock }), {
        timestamp: () => 1,
      })
      .keyBy(() => 'all')
      .window(tumbling(1_000))
      .earlyResults({ everyMs: EVERY_MS })
      .aggregate(count(), (n, { pane }) => [n, pane.timing], { name: 'shown' })
      .collect('rows')
  })
  const handle = runJob(job, { parallelism: 2, host })
  const rows: unknown[] = []
  for await (const row of handle.collect('rows')) rows.push(row)
  const { subtasks } = await handle.result()
  const added = subtasks.map(({ counters }) => counters['shown.recordsPreAggregated'] ?? 0)
  assert.is(
    added.reduce((sum, records) => sum + records),
    400,
  )
  assert.equal(rows.at(-1), [400, 'onTime'])
  assert.ok(rows.length > 2 && rows.length < 12, `${rows.length} rows`)
})

const OTHER = { auto: 'off', off: 'auto' } as const

for (const before of ['auto', 'off'] as const) {
  test(`a savepoint made with '${before}' is restored with '${OTHER[before]}'`, async () => {
    for (const parallelism of [1, 3]) {
      const directory = join(folder, `savepoint-${before}-${parallelism}`)
      const sink = committingSink<unknown>()
      const handle = runJob(countingJob(sink, halfOfThem()), {
        parallelism: 2,
        preAggregation: before,
        checkpoints: {},
      })
      while ((await handle.metrics()).totals.recordsRead < TOTAL / 2)
        await new Promise((resolve) => {
          setImmediate(resolve)
        })
      await handle.stop({ savepoint: directory })
      await runJob(countingJob(sink, numbers(TOTAL, 500)), {
        parallelism,
        preAggregation: OTHER[before],
        from: { directory },
      }).result()
      assert.equal(sorted(sink.values), sorted(EXPECTED))
    }
  })
}

test.run()
