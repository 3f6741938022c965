/**
 * The proof that the simulator finds faults: each of these mistakes, made on purpose, shows in one shape within a number of seeds.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FAULTS } from './faults/all-faults.ts'
import { runShape } from './run-shape.ts'

const MOST_SEEDS = 2_000

for (const { name, shape, mode = 'aligned', kinds, install } of FAULTS) {
  test(`the simulator finds in ${shape.name}: ${name}`, async () => {
    const undo = install()
    try {
      const { seeds, findings } = await runShape(shape, {
        mode,
        firstSeed: 0,
        seeds: MOST_SEEDS,
        faults: kinds,
      })
      console.log(`found by seed ${seeds - 1}: ${findings[0]?.kind}`)
      assert.is(findings.length, 1, `not found within ${seeds} seeds`)
    } finally {
      undo()
    }
  })
}

test('without a fault the same seeds find nothing', async () => {
  for (const { shape, mode = 'aligned', kinds } of FAULTS) {
    const { findings } = await runShape(shape, { mode, firstSeed: 0, seeds: 5, faults: kinds })
    assert.equal(findings, [])
  }
})

test('there are enough of them, each with a name of its own', () => {
  assert.ok(FAULTS.length >= 15)
  assert.is(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length)
})

test.run()
