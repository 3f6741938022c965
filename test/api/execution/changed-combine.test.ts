/** Jobs that go on from a checkpoint or savepoint of themselves with other parts of `combine`: what is in state, and what was in flight. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  combine,
  count,
  defineJob,
  max,
  mean,
  monotonous,
  runJob,
  sliding,
  sum,
  tumbling,
} from '../../../api/index.ts'
import type { AggregateFunction, JobDefinition, RunOptions, Sink } from '../../../api/index.ts'
import { Simulator } from '../../../runtime/simulator.ts'
import { committingSink } from './fixtures/in-flight-shapes.ts'
import { numbers } from './fixtures/numbers.ts'
import { stopInFlight } from './fixtures/stop-in-flight.ts'

const TOTAL = 20_000
const PER_SPLIT = 500
const KEYS = 40
const WINDOW_MS = 200

const folder = mkdtempSync(join(tmpdir(), 'millrace-changed-combine-'))

test.after(() => {
  rmSync(folder, { recursive: true })
})

type Result = Readonly<Record<string, number>>
type Totals = AggregateFunction<number, unknown, Result>

const number = (n: number): number => n
const COUNT_AND_SUM = (): Totals => combine({ n: count(), sum: sum(number) }) as Totals
const SUM_FIRST = (): Totals =>
  combine({ most: max(number), sum: sum(number), later: count() }) as Totals

const WINDOWS = {
  tumbling: tumbling(WINDOW_MS),
  sliding: sliding({ size: WINDOW_MS, slide: WINDOW_MS / 2 }),
}

interface JobOptions {
  readonly windows: keyof typeof WINDOWS
  readonly totals: Totals
  readonly sink: Sink<Result>
}

/** Numbers by their last digits; the number is its own event time. */
function totalsJob({ windows, totals, sink }: JobOptions): JobDefinition {
  return defineJob('totals', (env) => {
    env
      .from(numbers(TOTAL, PER_SPLIT), {
        timestamp: (n) => n,
        watermarks: monotonous(),
        uid: 'numbers',
        parallelism: 1,
      })
      .keyBy((n) => n % KEYS)
      .window(WINDOWS[windows])
      .aggregate(totals, { uid: 'windows', name: 'windows' })
      .rebalance()
      .to(sink, { uid: 'sink', parallelism: 1 })
  })
}

/** The sums of all windows, whatever else is in their results. */
function sums(rows: readonly Result[]): readonly (number | undefined)[] {
  return rows.map((row) => row['sum']).sort((a = 0, b = 0) => a - b)
}

async function resume(
  { directory, sink }: { readonly directory: string; readonly sink: Sink<Result> },
  job: Omit<JobOptions, 'sink'>,
  options: RunOptions = {},
): Promise<void> {
  const host = new Simulator({ seed: 1, slots: 2 })
  await runJob(totalsJob({ ...job, sink }), {
    host,
    parallelism: 3,
    from: { directory },
    ...options,
  }).result()
}

for (const windows of Object.keys(WINDOWS) as (keyof typeof WINDOWS)[]) {
  test(`${windows} windows: sums in state and in flight are whole where parts came, went and moved`, async () => {
    const whole = committingSink<Result>()
    await runJob(totalsJob({ windows, totals: COUNT_AND_SUM(), sink: whole }), {
      parallelism: 1,
    }).result()
    for (const preAggregation of ['auto', 'off'] as const) {
      const stopped = await stopInFlight<Result>(
        (sink) => totalsJob({ windows, totals: COUNT_AND_SUM(), sink }),
        {
          folder,
        },
      )
      await resume(stopped, { windows, totals: SUM_FIRST() }, { preAggregation })
      assert.equal(sums(stopped.sink.values), sums(whole.values), preAggregation)
      const later = stopped.sink.values.filter((row) => 'later' in row)
      assert.ok(later.length > 0)
      assert.ok(later.every((row) => !('n' in row) && Number.isInteger(row['later'])))
    }
  })

  test(`${windows} windows: a part of another kind ends the job before it reads a record`, async () => {
    const stopped = await stopInFlight<Result>(
      (sink) => totalsJob({ windows, totals: COUNT_AND_SUM(), sink }),
      {
        folder,
      },
    )
    const before = stopped.sink.values.length
    const totals = combine({ sum: sum(number), n: mean(number) }) as Totals
    let caught: unknown
    await resume(stopped, { windows, totals }).catch((error: unknown) => {
      caught = error
    })
    const { code, message } = caught as Error & { code?: unknown }
    assert.is(code, 'INCOMPATIBLE_STATE', message)
    assert.match(message, /operator 'windows', state 'millrace\.\w+': part 'n' of combine/)
    assert.is(stopped.sink.values.length, before)
  })
}

test.run()
