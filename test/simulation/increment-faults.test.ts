/** Proof that the simulator can find mistakes in checkpoints that have only what has changed: each of a list is found. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { INCREMENTS } from './faults/increments.ts'
import { runShape } from './run-shape.ts'

const MOST_SEEDS = 2_000

for (const { name, shape, mode = 'aligned', kinds, checkpoints = {}, install } of INCREMENTS) {
  const options = { mode, checkpoints, firstSeed: 0, faults: kinds }
  test(`the simulator finds in ${shape.name}: ${name}`, async () => {
    const undo = install()
    try {
      const { seeds, findings } = await runShape(shape, { ...options, seeds: MOST_SEEDS })
      console.log(`found by seed ${seeds - 1}: ${findings[0]?.kind}`)
      assert.is(findings.length, 1, `not found within ${seeds} seeds`)
    } finally {
      undo()
    }
  })

  test(`without that it finds nothing in ${shape.name}`, async () => {
    const { findings } = await runShape(shape, { ...options, seeds: 3 })
    assert.equal(findings, [])
  })
}

test.run()
