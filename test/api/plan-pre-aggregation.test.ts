/** Where windows are computed in two phases: on which edges records are added up before they cross. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { count, outputTag, session, sliding, tumbling } from '../../api/index.ts'
import type { AggregateFunction, KeyedStream, Stream } from '../../api/index.ts'
import { fingerprint } from '../../api/fingerprint.ts'
import { planToMermaid } from '../../api/plan-mermaid.ts'
import { planToText } from '../../api/plan-text.ts'
import { createPlan } from '../../api/plan.ts'
import type { PlanOptions } from '../../api/plan-parallelism.ts'
import { fakeSink, fakeSource, graphOf } from './fakes.ts'
import type { Flight } from './fakes.ts'

type Build = (flights: Stream<Flight>) => Stream<unknown>

const byOrigin = (flights: Stream<Flight>): KeyedStream<string, Flight> =>
  flights.keyBy((flight) => flight.origin)

const hours = (flights: Stream<Flight>) => byOrigin(flights).window(tumbling(3_600_000))

/** The edges that are pre-aggregated, in the words of the plan. */
async function edgesOf(build: Build, options: Partial<PlanOptions> = {}): Promise<string[]> {
  const graph = await graphOf((env) => {
    build(env.from(fakeSource())).to(fakeSink())
  })
  const plan = createPlan(graph, { parallelism: 2, slots: 2, ...options })
  return plan.edges
    .filter(({ preAggregated }) => preAggregated)
    .map(({ partitioning, fromTask, toTask }) => `${fromTask} ${partitioning} ${toTask}`)
}

const noMerge = { ...count(), merge: undefined } as unknown as AggregateFunction<
  Flight,
  unknown,
  number
>

const IN_TWO_PHASES: Readonly<Record<string, Build>> = {
  'tumbling windows': (flights) => hours(flights).aggregate(count()),
  'sliding windows': (flights) =>
    byOrigin(flights)
      .window(sliding({ size: 60, slide: 20 }))
      .aggregate(count()),
  'early results by the clock': (flights) =>
    hours(flights).earlyResults({ everyMs: 1_000 }).aggregate(count()),
  'only the final result of windows that stay open longer': (flights) =>
    hours(flights).allowedLateness(5).results('final').aggregate(count()),
}

for (const [name, build] of Object.entries(IN_TWO_PHASES)) {
  test(`${name} are computed in two phases, where several channels lie before them`, async () => {
    assert.equal(await edgesOf(build), ['0 key 1'])
    assert.equal(await edgesOf(build, { parallelism: 1 }), [])
    assert.equal(await edgesOf(build, { preAggregation: 'off' }), [])
  })
}

test('windows of all records too, in front of their one subtask', async () => {
  const build: Build = (flights) =>
    flights
      .windowAll(tumbling(10))
      .aggregate(count())
      .map((n) => n, { parallelism: 1 })
  assert.equal(await edgesOf(build), ['0 rebalance 1'])
  assert.equal(await edgesOf(build, { parallelism: 1 }), [])
})

test('each input of a union has a first phase of its own', async () => {
  const build: Build = (flights) =>
    hours(flights.map((flight) => flight).union(flights.rebalance())).aggregate(count())
  assert.is((await edgesOf(build)).length, 2)
})

const IN_ONE_PHASE: Readonly<Record<string, Build>> = {
  'an aggregate that cannot merge': (flights) => hours(flights).aggregate(noMerge),
  'one that does not want it': (flights) =>
    hours(flights).aggregate({ ...count(), compact: false }),
  'a reduce, which may ask for the order of arrival': (flights) => hours(flights).reduce((a) => a),
  'early results after so many records': (flights) =>
    hours(flights).earlyResults({ everyRecords: 10 }).aggregate(count()),
  'early results so often that there is no time to hold anything': (flights) =>
    hours(flights).earlyResults({ everyMs: 3 }).aggregate(count()),
  'early results of windows that late records update': (flights) =>
    hours(flights).allowedLateness(5).earlyResults({ everyMs: 1_000 }).aggregate(count()),
  'early results of sessions': (flights) =>
    byOrigin(flights).window(session(10)).earlyResults({ everyMs: 1_000 }).aggregate(count()),
  'updates by late records': (flights) => hours(flights).allowedLateness(5).aggregate(count()),
  'a side output for late records': (flights) =>
    hours(flights).sideOutputLate(outputTag<Flight>('late')).aggregate(count()),
  'sessions, which merge': (flights) => byOrigin(flights).window(session(10)).aggregate(count()),
  'windows of the clock': (flights) =>
    byOrigin(flights)
      .window(tumbling({ size: 10, time: 'processing' }))
      .aggregate(count()),
  'records that may be bad': (flights) => hours(flights).aggregate(count(), { onError: 'skip' }),
  'an aggregate without windows': (flights) => byOrigin(flights).aggregate(count()),
  'windows whose records the user deals out': (flights) =>
    flights
      .partition(() => 0)
      .windowAll(tumbling(10))
      .aggregate(count())
      .map((n) => n, { parallelism: 1 }),
}

for (const [name, build] of Object.entries(IN_ONE_PHASE)) {
  test(`${name}: every record crosses`, async () => {
    assert.equal(await edgesOf(build), [])
  })
}

test('the plan shows it, and the graph does not depend on it', async () => {
  const graph = await graphOf((env) => {
    hours(env.from(fakeSource())).aggregate(count()).to(fakeSink())
  })
  const before = fingerprint(graph).hash
  const plan = createPlan(graph, { parallelism: 2, slots: 2 })
  assert.match(
    planToText(plan, graph),
    'key → task 1 tumbling(3600000 ms) (4 channels, pre-aggregated)',
  )
  assert.match(planToMermaid(plan, graph), 'n0 ==>|key, pre-aggregated| n1')
  const off = createPlan(graph, { parallelism: 2, slots: 2, preAggregation: 'off' })
  assert.not.match(planToText(off, graph), 'pre-aggregated')
  assert.is(fingerprint(graph).hash, before)
  assert.equal(
    off.tasks.map(({ name }) => name),
    plan.tasks.map(({ name }) => name),
  )
})

test.run()
