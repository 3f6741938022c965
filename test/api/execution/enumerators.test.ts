import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Enumerators } from '../../../api/execution/enumerators.ts'
import { buildGraph, createPlan, defineJob } from '../../../api/index.ts'
import type { Source } from '../../../api/index.ts'
import { rejects } from '../../runner/expect.ts'
import { memorySink } from './fixtures/numbers.ts'

async function start(...sources: Source<number>[]): Promise<Enumerators> {
  const job = defineJob('sources', (env) => {
    for (const source of sources) env.from(source).to(memorySink())
  })
  const graph = await buildGraph(job)
  return Enumerators.start(graph, createPlan(graph, { parallelism: 2, slots: 2 }))
}

function source(enumerate: Source<number>['enumerate']): Source<number> {
  return { name: 'source', enumerate, open: () => assert.unreachable() as never }
}

test('an enumerator is asked for one split at a time, also when it takes its time', async () => {
  let atOnce = 0
  let most = 0
  let next = 0
  const enumerators = await start(
    source(() => ({
      next: async () => {
        most = Math.max(most, ++atOnce)
        await new Promise((resolve) => {
          setImmediate(resolve)
        })
        atOnce--
        return next < 3 ? next++ : undefined
      },
    })),
  )
  const answers = await Promise.all([0, 1, 0, 1].map((subtask) => enumerators.next(0, subtask)))
  assert.equal(answers, [{ split: 0 }, { split: 1 }, { split: 2 }, undefined])
  assert.is(most, 1)
})

test('an error goes to who asked; the next one is answered', async () => {
  let calls = 0
  const enumerators = await start(
    source(() => ({
      next: () => {
        if (calls++ === 0) throw new Error('not now')
        return 7
      },
    })),
  )
  const [first, second] = [enumerators.next(0, 0), enumerators.next(0, 1)]
  await rejects(first, { message: /not now/ })
  assert.equal(await second, { split: 7 })
  await rejects(enumerators.next(99, 0), { code: 'UNKNOWN_SOURCE' })
})

test('when one source cannot start, those before it are closed', async () => {
  const closed: string[] = []
  const good = source(() => ({
    next: () => undefined,
    close: () => {
      closed.push('good')
      throw new Error('ignored')
    },
  }))
  const bad = source(() => {
    throw new Error('no such file')
  })
  await rejects(start(good, bad), { message: /no such file/ })
  assert.equal(closed, ['good'])
})

test('expected records are known when every source knows its own', async () => {
  const knows = source(() => ({ next: () => undefined, recordsExpected: 5 }))
  const ignorant = source(() => ({ next: () => undefined }))
  assert.is((await start(knows, knows)).recordsExpected, 10)
  assert.is((await start(knows, ignorant)).recordsExpected, undefined)
})

test.run()
