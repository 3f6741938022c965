import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { planRegions } from '../../../api/execution/regions.ts'
import {
  boundedOutOfOrderness,
  buildGraph,
  createPlan,
  defineJob,
  withAlignment,
} from '../../../api/index.ts'
import type { Environment } from '../../../api/index.ts'
import { numbers } from './fixtures/numbers.ts'

/** The names of the tasks of each region. */
async function regionsOf(build: (env: Environment) => void): Promise<string[][]> {
  const graph = await buildGraph(
    defineJob('regions', (env) => {
      build(env)
    }),
    {},
  )
  const plan = createPlan(graph, { parallelism: 2, slots: 2 })
  return planRegions(graph, plan).map(({ id, tasks }) => {
    assert.is(id, Math.min(...tasks))
    return [...tasks].map((task) => plan.tasks[task]?.name ?? '')
  })
}

test('tasks that are joined by edges are one region, whatever the way; others are not', async () => {
  const regions = await regionsOf((env) => {
    const a = env.from(numbers(10), { name: 'a' })
    const b = env.from(numbers(10), { name: 'b' })
    a.rebalance()
      .map((n) => n, { name: 'left' })
      .collect('one')
    a.union(b).collect('two')
    env.from(numbers(10), { name: 'alone' }).collect('three')
  })
  assert.is(regions.length, 2)
  assert.ok(regions.some((names) => names.length === 2 && names.includes('alone')))
  assert.ok(regions.some((names) => names.includes('a') && names.includes('b')))
})

test('sources whose watermarks wait for each other are in one region', async () => {
  const build = (group: string | undefined) => (env: Environment) => {
    for (const name of ['a', 'b']) {
      const plain = boundedOutOfOrderness(0)
      const watermarks =
        group === undefined ? plain : withAlignment(plain, { group, maxDriftMs: 1_000 })
      env.from(numbers(10), { name, timestamp: (n) => n, watermarks }).collect(name)
    }
  }
  assert.is((await regionsOf(build(undefined))).length, 2)
  assert.is((await regionsOf(build('together'))).length, 1)
})

test.run()
