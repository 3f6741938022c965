/** Checkpoints with only what has changed restore what was there, whatever fails and whenever it becomes known. */
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { IncrementsModel, KINDS } from './increments-model.ts'
import type { Step } from './increments-model.ts'

const key = fc.nat(7)
const subtask = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constantFrom('put' as const, 'put' as const, 'remove' as const, 'read' as const),
      kind: fc.constantFrom(...KINDS),
      key,
      space: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(10, 99) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('begin' as const),
      savepoint: fc.nat(9).map((n) => n === 0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pack' as const), subtask, entries: fc.nat(4) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      fails: fc.nat(4).map((n) => n === 0),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('hear' as const), subtask }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('goOn' as const), subtask }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restore' as const),
      checkpoint: fc.nat(9),
      parallelism: fc.integer({ min: 1, max: 3 }),
    }),
  },
)

/** All goes well, and all subtasks hear of it. */
const checkpoint: readonly Step[] = [
  { do: 'begin', savepoint: false },
  { do: 'end', fails: false },
  { do: 'hear', subtask: 0 },
  { do: 'hear', subtask: 1 },
  { do: 'hear', subtask: 2 },
]
const some = fc.oneof(
  { weight: 9, arbitrary: step.map((each): readonly Step[] => [each]) },
  { weight: 1, arbitrary: fc.constant(checkpoint) },
)

async function run(steps: readonly Step[], keep: number): Promise<IncrementsModel> {
  const model = new IncrementsModel(keep)
  for (const each of steps) await model.step(each)
  await model.step({ do: 'end', fails: false })
  for (let checkpoint = 0; checkpoint < keep; checkpoint++)
    await model.step({ do: 'restore', checkpoint, parallelism: 2 })
  return model
}

test('every checkpoint that is kept restores what was there at its cut, at any parallelism', async () => {
  let increments = 0
  let restores = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(some, { minLength: 20, maxLength: 200 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, keep) => {
        const model = await run(steps.flat(), keep)
        increments += model.increments
        restores += model.restores
      },
    ),
    { numRuns: 250 },
  )
  // What never happens is not tested.
  assert.ok(increments > 250, `${increments} increments`)
  assert.ok(restores > 250, `${restores} restores`)
})

test('one after the other, at parallelism 1, then 3, then 2', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(some, { minLength: 10, maxLength: 60 }), { minLength: 3, maxLength: 3 }),
      async (phases) => {
        const model = new IncrementsModel(2)
        for (const [phase, parallelism] of [3, 2, 1].entries()) {
          const own = phases[phase]!.flat().filter(({ do: what }) => what !== 'restore')
          for (const each of own) await model.step(each)
          await model.step({ do: 'begin', savepoint: false })
          await model.step({ do: 'end', fails: false })
          await model.step({ do: 'restore', checkpoint: 1, parallelism })
        }
      },
    ),
    { numRuns: 100 },
  )
})

test.run()
