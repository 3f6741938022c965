/** Jobs give the same with windows in two phases as in one, and each can go on from the checkpoints of the other. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  boundedOutOfOrderness,
  combine,
  count,
  defineJob,
  endOfStream,
  max,
  monotonous,
  runJob,
  sliding,
  sum,
  topN,
  tumbling,
} from '../../../api/index.ts'
import type { JobDefinition, RunOptions, Sink, Source } from '../../../api/index.ts'
import { arraySource } from '../../../connectors/collection/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { committingSink, sorted } from './fixtures/in-flight-shapes.ts'
import { numbers } from './fixtures/numbers.ts'
import { stopInFlight } from './fixtures/stop-in-flight.ts'

type PreAggregation = NonNullable<RunOptions['preAggregation']>

const folder = mkdtempSync(join(tmpdir(), 'millrace-two-phases-'))

test.after(() => {
  rmSync(folder, { recursive: true })
})

interface Rec {
  readonly key: string
  readonly at: number
  readonly amount: number
}

const RECORDS = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    at: fc.integer({ min: -30, max: 90 }),
    amount: fc.integer({ min: -9, max: 9 }),
  }),
  { maxLength: 60, size: 'max' },
)

const totals = () =>
  combine({
    n: count(),
    sum: sum(({ amount }: Rec) => amount),
    most: max(({ amount }: Rec) => amount),
  })

/** Records that come a few at a time, so that event time advances between them. */
function inBatches(records: readonly Rec[], size: number): Source<Rec, number, number> {
  return {
    name: 'batches',
    enumerate() {
      const splits = [0]
      return { next: () => splits.pop() }
    },
    open(start, _context, position) {
      let at = position ?? start
      return {
        get position() {
          return at
        },
        read() {
          if (at >= records.length) return undefined
          at += size
          return records.slice(at - size, at)
        },
      }
    },
  }
}

/** Tumbling and sliding windows, and the largest of the first ones. */
function windowsJob(
  source: Source<Rec, unknown, number>,
  { parallelism, boundMs }: { readonly parallelism: number; readonly boundMs: number },
): JobDefinition {
  return defineJob('windows', (env) => {
    const byKey = env
      .from(source, {
        parallelism,
        timestamp: ({ at }) => at,
        watermarks: boundedOutOfOrderness(boundMs),
      })
      .keyBy(({ key }) => key)
    const tens = byKey
      .window(tumbling(10))
      .aggregate(totals(), (result, { key, windowStart }) => ({ key, windowStart, ...result }), {
        name: 'tens',
      })
    tens.collect('tens')
    tens
      .windowAll(endOfStream())
      .aggregate(
        topN(3, ({ sum }) => sum),
        { name: 'largest' },
      )
      .map((top) => top.map(({ sum }) => sum), { parallelism: 1 })
      .collect('largest')
    byKey
      .window(sliding({ size: 20, slide: 5 }))
      .aggregate(totals(), (result, { key, windowEnd }) => ({ key, windowEnd, ...result }), {
        name: 'slides',
      })
      .collect('slides')
  })
}

/** What a job collects, sorted, and its counters. */
async function outcome(job: JobDefinition, options: RunOptions) {
  const handle = runJob(job, options)
  const collected = await Promise.all(
    ['tens', 'largest', 'slides'].map(async (name) => {
      const rows: unknown[] = []
      for await (const row of handle.collect(name)) rows.push(row)
      return [name, rows.map((row) => JSON.stringify(row)).sort()] as const
    }),
  )
  const { subtasks } = await handle.result()
  const total = (name: string): number =>
    subtasks.reduce((sum, { counters }) => sum + (counters[name] ?? 0), 0)
  const rows = Object.fromEntries(collected)
  return {
    rows,
    counted: (rows['tens'] ?? []).reduce(
      (sum, row) => sum + (JSON.parse(row) as { n: number }).n,
      0,
    ),
    late: total('tens.lateRecordsDropped'),
    preAggregated: total('tens.recordsPreAggregated'),
  }
}

const MODES: readonly PreAggregation[] = ['auto', 'off']

for (const parallelism of [1, 2, 3]) {
  test(`the rows are those of one phase, at parallelism ${parallelism}`, async () => {
    await fc.assert(
      fc.asyncProperty(RECORDS, fc.nat(1_000), async (records, seed) => {
        const job = windowsJob(arraySource(records), { parallelism, boundMs: 200 })
        const [auto, off] = await Promise.all(
          MODES.map((preAggregation) =>
            outcome(job, { parallelism, preAggregation, host: new Simulator({ seed, slots: 2 }) }),
          ),
        )
        assert.equal(auto?.rows, off?.rows)
        assert.is(auto?.late, 0)
        assert.is(off?.preAggregated, 0)
      }),
      { numRuns: 8 },
    )
  })
}

test('every record is in a row or counted as late, once', async () => {
  let late = 0
  await fc.assert(
    fc.asyncProperty(
      RECORDS,
      fc.constantFrom(...MODES),
      fc.nat(1_000),
      async (records, preAggregation, seed) => {
        const job = windowsJob(inBatches(records, 4), { parallelism: 1, boundMs: 0 })
        const host = new Simulator({ seed, slots: 3 })
        const result = await outcome(job, { parallelism: 3, preAggregation, host })
        assert.is(result.counted + result.late, records.length)
        late += result.late
      },
    ),
    { numRuns: 20 },
  )
  assert.ok(late > 0, 'no record was ever late')
})

const TOTAL = 20_000
const PER_SPLIT = 500
const KEYS = 40
const WINDOW_MS = 200

/** The numbers, but in its second half the source waits for ever. */
function halfOfThem(): Source<number, number, number> {
  const source = numbers(TOTAL, PER_SPLIT)
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

/** Numbers by their last digits, counted per window; the number is its own event time. */
function countingJob(sink: Sink<unknown>, source = numbers(TOTAL, PER_SPLIT)): JobDefinition {
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
      .aggregate(combine({ n: count(), sum: sum((n: number) => n) }), {
        uid: 'windows',
        name: 'windows',
      })
      .rebalance()
      .to(sink, { uid: 'sink', parallelism: 1 })
  })
}

const EXPECTED = Array.from({ length: TOTAL / WINDOW_MS }, (_, window) =>
  Array.from({ length: KEYS }, (_, key) => {
    const first = window * WINDOW_MS + key
    const n = WINDOW_MS / KEYS
    return { n, sum: n * first + (KEYS * n * (n - 1)) / 2 }
  }),
).flat()

test('records are added up in front of the exchange, and fewer cross it', async () => {
  const run = async (preAggregation: PreAggregation) => {
    const { subtasks } = await runJob(countingJob(committingSink()), {
      parallelism: 2,
      preAggregation,
    }).result()
    const windows = subtasks.filter(({ taskName }) => taskName.startsWith('windows'))
    return windows.reduce((sum, { recordsIn }) => sum + recordsIn, 0)
  }
  assert.is(await run('off'), TOTAL)
  assert.is(await run('auto'), EXPECTED.length)
})

const OTHER = { auto: 'off', off: 'auto' } as const

for (const before of ['auto', 'off'] as const) {
  test(`what was in flight with '${before}' is read with '${OTHER[before]}', at another parallelism too`, async () => {
    for (const [seed, parallelism] of [1, 2, 3].entries()) {
      const { directory, sink } = await stopInFlight<unknown>(countingJob, {
        folder,
        run: { preAggregation: before },
      })
      await runJob(countingJob(sink), {
        host: new Simulator({ seed, slots: 2 }),
        parallelism,
        preAggregation: OTHER[before],
        from: { directory },
      }).result()
      assert.equal(sorted(sink.values), sorted(EXPECTED), `to ${parallelism}`)
    }
  })

  test(`a savepoint made with '${before}' is restored with '${OTHER[before]}'`, async () => {
    const directory = join(folder, `savepoint-${before}`)
    const sink = committingSink<unknown>()
    const job = countingJob(sink, halfOfThem())
    const handle = runJob(job, { parallelism: 2, preAggregation: before, checkpoints: {} })
    while ((await handle.metrics()).totals.recordsRead < TOTAL / 2)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    await handle.stop({ savepoint: directory })
    await runJob(countingJob(sink), {
      parallelism: 3,
      preAggregation: OTHER[before],
      from: { directory },
    }).result()
    assert.equal(sorted(sink.values), sorted(EXPECTED))
  })
}

test.run()
