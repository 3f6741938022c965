import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { buildGraph, createPlan, defineJob, monotonous, withAlignment } from '../../../api/index.ts'
import { WatermarkGroups } from '../../../api/execution/watermark-groups.ts'
import { discardSink } from '../../../connectors/discard/index.ts'
import { arraySource } from '../../../connectors/collection/index.ts'

const inGroup = (group: string) => withAlignment(monotonous(), { group, maxDriftMs: 5 })

/** Sources 0 and 1 in group 'a' (the second in two subtasks), 2 in 'b', 3 in none. */
async function groups() {
  const job = defineJob('aligned', (env) => {
    const timestamp = (value: number): number => value
    env
      .from(arraySource([1]), { timestamp, watermarks: inGroup('a'), parallelism: 1 })
      .to(discardSink())
    env
      .from(arraySource([1]), { timestamp, watermarks: inGroup('a'), parallelism: 2 })
      .to(discardSink())
    env
      .from(arraySource([1]), { timestamp, watermarks: inGroup('b'), parallelism: 1 })
      .to(discardSink())
    env.from(arraySource([1])).to(discardSink())
  })
  const graph = await buildGraph(job)
  const plan = createPlan(graph, { parallelism: 1, slots: 1 })
  const told: [string, number][] = []
  const subject = new WatermarkGroups(graph, plan, (...change) => told.push(change))
  const nodes = graph.nodes.filter(({ operator }) => operator.kind === 'source').map(({ id }) => id)
  const taskOf = (node: number): number => plan.tasks.find(({ root }) => root.nodeId === node)!.id
  return { subject, told, nodes, taskOf }
}

test('nobody runs ahead of a subtask that has said nothing; then the smallest counts', async () => {
  const { subject, told, nodes } = await groups()
  const [first, second] = nodes as [number, number]
  subject.announce(first, 0, 10)
  subject.announce(second, 0, 20)
  assert.equal(told, [])
  subject.announce(second, 1, 15)
  subject.announce(first, 0, 18)
  subject.announce(second, 0, 30)
  assert.equal(told, [
    ['a', 10],
    ['a', 15],
  ])
})

test('idle subtasks are left out and count again when they wake, even when that goes back', async () => {
  const { subject, told, nodes } = await groups()
  const [first, second] = nodes as [number, number]
  subject.announce(first, 0, Infinity)
  subject.announce(second, 0, 40)
  subject.announce(second, 1, 50)
  subject.announce(first, 0, 5)
  assert.equal(told, [
    ['a', 40],
    ['a', 5],
  ])
})

test('what has finished is not waited for, whatever it still says', async () => {
  const { subject, told, nodes, taskOf } = await groups()
  const [first, second] = nodes as [number, number]
  subject.finished(taskOf(first), 0)
  subject.announce(first, 0, 1)
  subject.announce(second, 0, 40)
  subject.finished(taskOf(second), 1)
  subject.finished(taskOf(second), 0)
  assert.equal(told, [
    ['a', 40],
    ['a', Infinity],
  ])
})

test('groups do not touch each other, and sources without one are ignored', async () => {
  const { subject, told, nodes, taskOf } = await groups()
  const [, , third, fourth] = nodes as [number, number, number, number]
  subject.announce(third, 0, 7)
  subject.announce(fourth, 0, 9)
  subject.finished(taskOf(fourth), 0)
  subject.finished(-1, 0)
  assert.equal(told, [['b', 7]])
})

test.run()
