import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { planToMermaid } from '../../api/plan-mermaid.ts'
import { planToText } from '../../api/plan-text.ts'
import { createPlan } from '../../api/plan.ts'
import { fakeSink, fakeSource, graphOf } from './fakes.ts'

const graph = await graphOf((env) => {
  const flights = env
    .from(fakeSource())
    .filter((flight) => flight.delay > 15, { name: 'late', uid: 'late' })
  flights.map((flight) => flight.origin).to(fakeSink('origins'))
  flights
    .keyBy((flight) => flight.origin)
    .reduce((a) => a)
    .collect('rows')
})
const plan = createPlan(graph, { parallelism: 2, slots: 2 })

test('the text shows tasks with their operators as trees and where records go', () => {
  assert.is(
    planToText(plan, graph),
    `test job: 3 tasks, 2 slots

task 0  2 subtasks on slots 1 to 2
source flights
└─ filter late (uid late)
   ├─ key → task 1 reduce (4 channels)
   └─ map
      └─ sink origins

task 1  2 subtasks on slots 1 to 2
reduce
└─ rebalance → task 2 collect(rows) (2 channels)

task 2  1 subtask on the main thread
collect collect(rows)`,
  )
})

test('the flowchart has a box per task and an arrow per edge', () => {
  assert.is(
    planToMermaid(plan, graph),
    `flowchart LR
  subgraph task0["task 0 × 2"]
    n0(["flights"])
    n1["late"]
    n2["map"]
    n3[("origins")]
    n0 --> n1
    n1 --> n2
    n2 --> n3
  end
  subgraph task1["task 1 × 2"]
    n4["reduce"]
  end
  subgraph task2["task 2 × 1"]
    n5[("collect(rows)")]
  end
  n1 ==>|key| n4
  n4 ==>|rebalance| n5`,
  )
})

const nasty = `a"]; <b>\`x\`</b> #quot; [c]\n\u001b[31m{d}|e 東京`

test('names cannot leave their label in a flowchart', async () => {
  const own = await graphOf((env) => env.from(fakeSource(nasty)).to(fakeSink()))
  const text = planToMermaid(createPlan(own, { parallelism: 1, slots: 1 }), own)
  const label = /n0\(\["(.*)"\]\)$/m.exec(text)?.[1] ?? ''
  assert.not.match(label.replace(/#\d+;/g, ''), /["<>`[\]{}|;#\n]/)
  assert.ok(label.includes('東京'), label)
})

test('names cannot break lines or colour a terminal', async () => {
  const own = await graphOf((env) => env.from(fakeSource(nasty)).to(fakeSink()))
  const lines = planToText(createPlan(own, { parallelism: 1, slots: 1 }), own).split('\n')
  assert.is(lines.length, 5)
  assert.not.ok(lines.some((line) => line.includes('\u001b')))
})

test.run()
