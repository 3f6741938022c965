import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { buildGraph } from '../../api/job.ts'
import type { AggregateFunction } from '../../checkpoint/aggregate-function.ts'
import { createPlan } from '../../api/plan.ts'
import flights from '../../examples/flights.ts'
import { MillraceError } from '../../mailbox/errors.ts'

test('without an output the ten worst airport-hours are all that leaves the job', async () => {
  const graph = await buildGraph(flights)
  const ends = graph.nodes.filter(
    ({ operator }) => operator.kind === 'sink' || operator.kind === 'collect',
  )
  assert.equal(
    ends.map(({ name }) => name),
    ['collect(worst airport-hours)'],
  )
})

test('with an output one subtask writes it, whatever the parallelism of the job', async () => {
  const graph = await buildGraph(flights, { output: 'out.jsonl' })
  const plan = createPlan(graph, { parallelism: 3, slots: 3 })
  const sink = plan.tasks.find(({ name }) => name.startsWith('jsonLines'))
  assert.is(sink?.parallelism, 1)
})

test('a row has the fields and units that the README promises', async () => {
  const graph = await buildGraph(flights)
  const window = graph.nodes.find(({ uid }) => uid === 'airport-hours')?.operator
  if (window?.kind !== 'operator') throw new Error('expected a window')
  const aggregate = window.facts['aggregate'] as AggregateFunction<object, unknown, unknown>
  const result = window.facts['result'] as (result: unknown, window: unknown) => unknown
  let accumulator = aggregate.createAccumulator()
  for (const delay of [10, 15, 16, 39])
    accumulator = aggregate.add(accumulator, { delay, origin: 'ORD' })
  const windowStart = Date.UTC(2001, 3, 5, 1)
  const windowEnd = windowStart + 3_600_000
  assert.equal(result(aggregate.getResult(accumulator), { key: 'ORD', windowStart, windowEnd }), {
    origin: 'ORD',
    windowStart: '2001-04-05T01:00:00.000Z',
    windowEnd: '2001-04-05T02:00:00.000Z',
    flights: 4,
    meanDelay: 20,
    maxDelay: 39,
    delayedShare: 0.5,
  })
})

test('a mistyped argument is refused with the right one', async () => {
  try {
    await buildGraph(flights, { ouput: 'x' })
    assert.unreachable()
  } catch (error) {
    assert.instance(error, MillraceError)
    assert.match((error as MillraceError).message, "did you mean 'output'?")
  }
})

test.run()
